//! A body on its way in: its buffer, which becomes the message without a copy, and the limits on it. RFC 5321 §4.1.1.4,
//! §4.5.3.1.7; RFC 1870 §6.3.
//!
//! A body that cannot be taken is read to its true end all the same, since only that keeps both sides in step; it is
//! thrown away as it comes, in constant memory.

use crate::body::{BodyFault, BodyScanner, Scanned};
use bytes::BytesMut;
use postern_vocab::limits;

/// Spare room below which a body's buffer grows before the next read.
const SPARE_BYTES_MIN: usize = 4 * 1024;

/// One body, from 354 to its end.
pub(super) struct Receiving {
    body: BytesMut,
    /// Octets at the start of `body` that have been scanned.
    clean: usize,
    scanner: BodyScanner,
    /// Octets as they came, dot-stuffing and end of data included.
    wire_octets: u64,
    /// Octets of the body that have been thrown away.
    discarded: u64,
    bytes_max: u64,
    doom: Option<Doom>,
}

/// Why a body will be refused at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doom {
    /// Over the message limit. The connection is closed after it, and before its end if it does not end in time.
    TooLarge,
    /// Something that must not be passed on.
    Fault(BodyFault),
}

/// How far the body has come.
pub(super) enum Arrival {
    /// The end of data has not come yet.
    More,
    /// The whole message; `rest` came behind it.
    Whole { body: BytesMut, rest: BytesMut },
    /// The end of a body that cannot be taken.
    Doomed { doom: Doom, rest: BytesMut },
}

impl Receiving {
    /// Takes over what already came behind DATA: a client that does not wait for 354 bends RFC 2920 §3.1, and is served.
    pub(super) fn new(declared: Option<u64>, bytes_max: u64, pipelined: &[u8]) -> Self {
        let capacity = declared.map_or(limits::BODY_BUFFER_BYTES, |bytes| {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            bytes
                .saturating_add(SPARE_BYTES_MIN)
                .min(limits::BODY_BUFFER_DECLARED_BYTES_MAX)
        });
        let mut body = BytesMut::with_capacity(capacity.max(pipelined.len()));
        body.extend_from_slice(pipelined);
        Self {
            body,
            clean: 0,
            scanner: BodyScanner::default(),
            wire_octets: 0,
            discarded: 0,
            bytes_max,
            doom: None,
        }
    }

    /// The buffer, with room for the next read. It doubles, but not past the message limit and the room that the
    /// octets behind a largest message need.
    pub(super) fn take_buffer(&mut self) -> BytesMut {
        let mut body = std::mem::take(&mut self.body);
        if body.capacity() - body.len() >= SPARE_BYTES_MIN {
            return body;
        }
        let bytes_max = usize::try_from(self.bytes_max).unwrap_or(usize::MAX);
        let most = bytes_max
            .saturating_add(2 * SPARE_BYTES_MIN)
            .max(body.len() + SPARE_BYTES_MIN);
        let doubled = body
            .capacity()
            .saturating_mul(2)
            .max(body.len() + SPARE_BYTES_MIN);
        if doubled <= most {
            body.reserve(doubled - body.len());
            return body;
        }
        let mut last = BytesMut::with_capacity(most);
        last.extend_from_slice(&body);
        last
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.body = buffer;
    }

    /// Octets that came since 354.
    pub(super) fn wire_octets(&self) -> u64 {
        self.wire_octets
    }

    /// Scans what has come.
    pub(super) fn arrived(&mut self) -> Arrival {
        self.wire_octets += octets(self.body.len() - self.clean);
        let scanned = self.scanner.scan(&mut self.body, self.clean);
        self.clean = self.body.len();
        if let Scanned::End { rest } = &scanned {
            self.wire_octets -= octets(rest.len());
        }
        self.judge(&scanned);
        match (scanned, self.doom) {
            (Scanned::End { rest }, None) => Arrival::Whole {
                body: std::mem::take(&mut self.body),
                rest,
            },
            (Scanned::End { rest }, Some(doom)) => Arrival::Doomed { doom, rest },
            (Scanned::More, Some(Doom::TooLarge)) if self.is_endless() => Arrival::Doomed {
                doom: Doom::TooLarge,
                rest: BytesMut::new(),
            },
            (Scanned::More, Some(_)) => {
                self.discard();
                Arrival::More
            }
            (Scanned::More, None) => Arrival::More,
        }
    }

    /// Over the limit outweighs what is wrong inside, since it also ends the connection.
    fn judge(&mut self, scanned: &Scanned) {
        // The CR of `CRLF . CR` is no octet of the message if LF comes next.
        let perhaps_the_end = u64::from(*scanned == Scanned::More);
        let body_octets = self.discarded + octets(self.body.len());
        if body_octets > self.bytes_max.saturating_add(perhaps_the_end) {
            self.doom = Some(Doom::TooLarge);
        }
        if self.doom != Some(Doom::TooLarge) {
            self.doom = self.scanner.fault().map(Doom::Fault);
        }
    }

    fn is_endless(&self) -> bool {
        self.wire_octets > self.bytes_max.saturating_mul(limits::OVERSIZE_DISCARD_FACTOR)
    }

    fn discard(&mut self) {
        self.discarded += octets(self.body.len());
        self.clean = 0;
        if self.body.capacity() > limits::BODY_BUFFER_BYTES {
            self.body = BytesMut::with_capacity(limits::BODY_BUFFER_BYTES);
        }
        self.body.clear();
    }
}

fn octets(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
