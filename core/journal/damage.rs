//! What could not be read back, and where. Damage is said, never hidden, and costs at most the record it hit.

use std::fmt;

/// Why octets of a segment were passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DamageKind {
    /// Neither copy of the segment header is whole: no record of the segment can be trusted, so none is read, and the
    /// file is kept for a person to look at.
    SegmentHeader,
    /// No record begins where one should; reading went on at the next whole record header.
    RecordHeader,
    /// The segment ends inside a record: it was being written when the machine stopped.
    Torn,
    /// The checksum of the record's meta does not fit.
    Meta,
    /// The checksum of the body does not fit.
    Body,
    /// The meta is whole but is not a record this version can read.
    Undecodable,
}

/// One damaged stretch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The segment.
    pub segment: u64,
    /// Where the stretch starts.
    pub offset: u64,
    /// Octets passed over.
    pub bytes: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DamageKind::SegmentHeader => {
                "neither copy of the segment header is whole; the file is kept, not read"
            }
            DamageKind::RecordHeader => "no record begins here",
            DamageKind::Torn => "the segment ends inside a record",
            DamageKind::Meta => "checksum of a record does not fit",
            DamageKind::Body => "checksum of a message body does not fit",
            DamageKind::Undecodable => "a record is whole but cannot be understood",
        };
        write!(
            f,
            "segment {:020}.log, offset {}, {} octets: {what}",
            self.segment, self.offset, self.bytes
        )
    }
}
