//! Where a record is, and the proof that it is on stable storage.

use postern_vocab::{Mid, Recorded};
use serde::{Deserialize, Serialize};

/// The place of a record in one shard's journal, in the order of the log. As the end of something it is the place just
/// behind the last record, with that record's sequence. The default is before everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// The segment, by its first sequence (and file name).
    pub segment: u64,
    /// Octets from the start of the segment.
    pub offset: u64,
    /// The record's number, rising over the life of the journal; gaps are allowed.
    pub sequence: u64,
}

/// Where a record's body is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct BodyAt {
    /// The segment.
    pub segment: u64,
    /// Octets from the start of the segment.
    pub offset: u64,
    /// Its size; zero for every record but `Accepted`.
    pub bytes: u64,
    /// CRC-32C of it.
    pub checksum: u32,
}

/// One record as it is read back, without its body.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Where it starts.
    pub position: Position,
    /// What it says.
    pub recorded: Recorded,
    /// Where its body is; read with [`crate::read_body`].
    pub body: BodyAt,
}

/// The proof that a message is on stable storage. Only the journal makes one, after the flush, and only it may lead to
/// the final 250.
#[derive(PartialEq, Eq, Debug)]
#[must_use = "this is what entitles us to answer 250"]
pub struct Durable {
    mid: Mid,
    position: Position,
    body: BodyAt,
}

impl Durable {
    pub(crate) fn new(mid: Mid, position: Position, body: BodyAt) -> Self {
        Self { mid, position, body }
    }

    /// The message.
    #[must_use]
    pub fn mid(&self) -> Mid {
        self.mid
    }

    /// Where its `Accepted` record starts.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Where its body can be read back, once it is no longer kept in memory.
    #[must_use]
    pub fn body(&self) -> BodyAt {
        self.body
    }
}
