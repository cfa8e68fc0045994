//! The message on its way out: as lines behind DATA, or in one chunk behind BDAT.

use super::stuffing::Stuffed;
use bytes::Bytes;

/// What is being sent.
pub(super) enum Leaving {
    /// Dot-stuffed, with an end of data behind it. RFC 5321 §4.5.2.
    Lines(Stuffed),
    /// The BDAT command and the octets as they are. RFC 3030 §2.
    Chunk(Vec<Bytes>),
}

impl Leaving {
    /// By DATA.
    pub(super) fn lines(pieces: Vec<Bytes>) -> Self {
        Self::Lines(Stuffed::new(pieces))
    }

    /// By BDAT, all of it in one last chunk: the next hop knows its size, and no reply is waited for in between.
    pub(super) fn chunk(pieces: Vec<Bytes>) -> Self {
        let octets: usize = pieces.iter().map(Bytes::len).sum();
        let mut slices = vec![Bytes::from(format!("BDAT {octets} LAST\r\n"))];
        slices.extend(pieces.into_iter().filter(|piece| !piece.is_empty()));
        Self::Chunk(slices)
    }

    /// The next slices, in order; none when all have been handed out.
    pub(super) fn next_slices(&mut self) -> Vec<Bytes> {
        match self {
            Self::Lines(stuffed) => stuffed.next_slices(),
            Self::Chunk(slices) => std::mem::take(slices),
        }
    }
}
