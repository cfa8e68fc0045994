//! Why a record is not on stable storage.

use postern_vocab::Reply;
use std::path::PathBuf;

/// Why the journal did not take a record. The text is for the log; the peer is told only the class, by
/// [`JournalError::reply`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JournalError {
    /// Too many records wait for the disk.
    #[error(
        "{waiting} records wait for the journal's disk, which is too slow for this load: \
         no message is taken until it has caught up"
    )]
    Full {
        /// How many.
        waiting: usize,
    },
    /// ENOSPC or EDQUOT while writing.
    #[error(
        "no space left for the journal in {}: make room there; mail is taken again by itself then",
        directory.display()
    )]
    DiskFull {
        /// The journal's directory.
        directory: PathBuf,
    },
    /// A new segment could not be made; nothing that was written before is in doubt.
    #[error("cannot make journal segment {}: {cause}; it is tried again with the next record", path.display())]
    NoSegment {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// A write or a sync failed: what the disk holds is not known until it has been read again.
    #[error(
        "the journal in {} failed ({cause}): nothing is acknowledged any more; check the disk, then restart Postern, \
         which reads the journal again",
        directory.display()
    )]
    Failed {
        /// The journal's directory.
        directory: PathBuf,
        /// What failed.
        cause: String,
    },
    /// The record without its body is over `limits::RECORD_META_BYTES_MAX`, or cannot be encoded.
    #[error("a journal record cannot be written: {cause}")]
    Unwritable {
        /// Why.
        cause: String,
    },
    /// The commit loop has ended.
    #[error("the journal is closed: Postern is stopping")]
    Closed,
}

impl JournalError {
    /// Whether the same record may be taken later without a restart.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Full { .. } | Self::DiskFull { .. } | Self::NoSegment { .. }
        )
    }

    /// What a client is told. Always that it may come again, unless the record itself is at fault: a disk that a
    /// person must look at is no reason to bounce mail.
    #[must_use]
    pub fn reply(&self) -> Reply {
        match self {
            Self::Unwritable { .. } => Reply::fixed(554, "5.3.4", "Message cannot be stored"),
            Self::Closed => Reply::fixed(421, "4.3.2", "Service is stopping, try again later"),
            _ => Reply::fixed(452, "4.3.1", "Insufficient system storage, try again later"),
        }
    }
}
