//! The buffer of a message on its way in: the message leaves in it without a copy, and it grows no further than the
//! message limit and a read.

use bytes::BytesMut;
use postern_vocab::limits;

/// Spare room below which the buffer grows before the next read.
const SPARE_BYTES_MIN: usize = 4 * 1024;

/// See the preface.
pub(super) struct MessageBuffer {
    pub(super) octets: BytesMut,
    bytes_max: u64,
    thrown_away: u64,
}

impl MessageBuffer {
    /// With room for what was declared, up to a cap, and holding what has already come.
    pub(super) fn new(declared: Option<u64>, bytes_max: u64, already_here: &[u8]) -> Self {
        let capacity = declared.map_or(limits::BODY_BUFFER_BYTES, |bytes| {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            bytes
                .saturating_add(SPARE_BYTES_MIN)
                .min(limits::BODY_BUFFER_DECLARED_BYTES_MAX)
        });
        let mut octets = BytesMut::with_capacity(capacity.max(already_here.len()));
        octets.extend_from_slice(already_here);
        Self {
            octets,
            bytes_max,
            thrown_away: 0,
        }
    }

    /// The buffer, with room for the next read. It doubles, but not past the message limit and the room that the
    /// octets behind a largest message need.
    pub(super) fn take(&mut self) -> BytesMut {
        let mut octets = std::mem::take(&mut self.octets);
        if octets.capacity() - octets.len() >= SPARE_BYTES_MIN {
            return octets;
        }
        let bytes_max = usize::try_from(self.bytes_max).unwrap_or(usize::MAX);
        let most = bytes_max
            .saturating_add(2 * SPARE_BYTES_MIN)
            .max(octets.len() + SPARE_BYTES_MIN);
        let doubled = octets
            .capacity()
            .saturating_mul(2)
            .max(octets.len() + SPARE_BYTES_MIN);
        if doubled <= most {
            octets.reserve(doubled - octets.len());
            return octets;
        }
        let mut last = BytesMut::with_capacity(most);
        last.extend_from_slice(&octets);
        last
    }

    pub(super) fn give(&mut self, buffer: BytesMut) {
        self.octets = buffer;
    }

    /// Octets of the message so far, those thrown away included.
    pub(super) fn message_octets(&self) -> u64 {
        self.thrown_away + octets(self.octets.len())
    }

    /// Throws away what is here: the message will be refused, and its length is all that still counts.
    pub(super) fn discard(&mut self) {
        self.thrown_away += octets(self.octets.len());
        if self.octets.capacity() > limits::BODY_BUFFER_BYTES {
            self.octets = BytesMut::with_capacity(limits::BODY_BUFFER_BYTES);
        }
        self.octets.clear();
    }
}

/// A length as the limits count it.
pub(super) fn octets(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
