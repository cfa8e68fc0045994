//! The directories of one appliance: made where they are missing, and locked against a second daemon.

use postern_engine::policy::Config;
use postern_vocab::limits;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// A directory is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be made or used.
    #[error("{key} {path} cannot be used: {source}; {remedy}", path = .path.display())]
    Unusable {
        /// The configuration's key.
        key: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// Another daemon has it.
    #[error("data_dir {path} is in use by another postern; stop that one, or give this one a data_dir of its own",
        path = .0.display())]
    Locked(PathBuf),
}

/// Where things live; as long as this value does, they are ours.
pub struct Directories {
    /// The journals, one directory a shard.
    pub journal: PathBuf,
    /// RocksDB.
    pub index: PathBuf,
    /// Mail logs.
    pub logs: PathBuf,
    _lock: File,
}

impl Directories {
    /// Makes what is missing below an existing directory, and takes the lock.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn prepare(config: &Config) -> Result<Self, DirectoryError> {
        let data = &config.data_dir;
        let unusable = |key, path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| DirectoryError::Unusable {
                key,
                path,
                remedy: remedy(&source),
                source,
            }
        };
        make(data).map_err(unusable("data_dir", data))?;
        let lock = data.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock);
        let lock = lock.map_err(unusable("data_dir", data))?;
        lock_when_released(&lock).map_err(|_| DirectoryError::Locked(data.clone()))?;
        let below = |name: &str| {
            let path = data.join(name);
            make(&path).map_err(unusable("data_dir", &path))?;
            Ok(path)
        };
        let (journal, index, logs) = (below("journal")?, below("index")?, below("logs")?);
        make(&config.run_dir).map_err(unusable("run_dir", &config.run_dir))?;
        Ok(Self {
            journal,
            index,
            logs,
            _lock: lock,
        })
    }
}

/// The lock of a daemon that was killed goes a moment after its process; that of one that runs stays.
fn lock_when_released(lock: &File) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if begun.elapsed() < limits::TAKEOVER_TIMEOUT => {
                thread::sleep(limits::TAKEOVER_LOOK);
            }
            locked => return Ok(locked?),
        }
    }
}

/// Makes one directory, ours alone, if it is missing. Its parent must exist: a path that is mistyped, or whose disk is
/// not mounted, is an error and not a new empty appliance.
pub fn make(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "make the directory above it, or mount its disk",
        io::ErrorKind::PermissionDenied => "give it to the user that postern runs as",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "something else than a directory has that name"
        }
        io::ErrorKind::StorageFull => "make room on that disk",
        io::ErrorKind::ReadOnlyFilesystem => "the disk is mounted read-only",
        _ => "see the configuration",
    }
}
