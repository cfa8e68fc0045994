//! What can be wrong with the index, each with its cause and its remedy.

use postern_quarantine_api::Failure;
use postern_vocab::Mid;
use std::path::{Path, PathBuf};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has it open.
    #[error(
        "the index in {path} is open in another process: is postern running already? stop that one first"
    )]
    Locked {
        /// Where.
        path: PathBuf,
    },
    /// The file system says no.
    #[error(
        "no permission for the index in {path} ({detail}): give the directory to the user that runs postern"
    )]
    NoPermission {
        /// Where.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The disk is full.
    #[error(
        "the disk of the index in {path} is full: make room; nothing is lost, the journals keep what is not fed"
    )]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// What is stored is not what was written.
    #[error(
        "the index in {path} is damaged ({detail}): restore it from a backup, or move it away; then tracking is \
         rebuilt from the journals that are still there"
    )]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// It was written by a version with another layout.
    #[error(
        "the index in {path} has layout {found}, and this version reads layout {known}: run the version that wrote it"
    )]
    OtherLayout {
        /// Where.
        path: PathBuf,
        /// What was found.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// A message is to be held and its content was not given: without it the journal's copy would be reclaimed and the
    /// message lost, so the batch is refused.
    #[error(
        "MID {0} is to be held, and its content was not given with its record: this is a mistake in postern"
    )]
    NoBody(Mid),
    /// Anything else.
    #[error("the index in {path} cannot be used: {detail}")]
    Other {
        /// Where.
        path: PathBuf,
        /// What was said.
        detail: String,
    },
}

impl StoreError {
    /// What RocksDB said about the index at `path`.
    pub(crate) fn of(path: &Path, error: &rocksdb::Error) -> Self {
        let detail = error.to_string();
        let says = |text: &str| detail.contains(text);
        let path = path.to_owned();
        if says("No space left") {
            Self::DiskFull { path }
        } else if says("lock hold by current process") || says("While lock file") && says("unavailable") {
            Self::Locked { path }
        } else if says("Permission denied") || says("Read-only file system") {
            Self::NoPermission { path, detail }
        } else if error.kind() == rocksdb::ErrorKind::Corruption {
            Self::Damaged { path, detail }
        } else {
            Self::Other { path, detail }
        }
    }

    /// What the system said about the directory at `path`.
    pub(crate) fn system(path: &Path, error: &std::io::Error) -> Self {
        let detail = error.to_string();
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::NoPermission { path, detail }
            }
            std::io::ErrorKind::StorageFull => Self::DiskFull { path },
            _ => Self::Other { path, detail },
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
