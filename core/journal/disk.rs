//! What the journal asks of a disk. Writing is asynchronous with owned buffers, as rings need, and without a `Send`
//! bound, since a shard is one thread; reading may block. Drivers live in the engine room; this room has the plain
//! reader ([`crate::StdFiles`]) and the simulated disk ([`crate::sim`]).

use bytes::Bytes;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};

/// Makes files and keeps their names.
pub trait Disk {
    /// An open file.
    type File: DiskFile;

    /// Makes a new, empty file for reading and writing; an existing one is an error (`O_CREAT | O_EXCL`).
    fn create(&self, path: &Path) -> impl Future<Output = io::Result<Self::File>>;

    /// Puts the names in a directory on stable storage (fsync of the directory).
    fn sync_directory(&self, path: &Path) -> impl Future<Output = io::Result<()>>;
}

/// One open file.
pub trait DiskFile {
    /// Writes all pieces, one after the other, from `offset` on: everything or an error. There may be more pieces than
    /// one system call takes (`IOV_MAX`); the driver splits them and continues after short writes.
    fn write_all_at(&self, pieces: Vec<Bytes>, offset: u64) -> impl Future<Output = io::Result<()>>;

    /// Puts what was written on stable storage, with the size that is needed to read it (fdatasync).
    fn sync(&self) -> impl Future<Output = io::Result<()>>;
}

/// One file in a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// Its size in octets.
    pub bytes: u64,
}

/// Reads what a [`Disk`] wrote; blocking.
pub trait DiskRead {
    /// Up to `len` octets from `offset` on; fewer only where the file ends.
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Bytes>;

    /// The files of a directory in any order; none if there is no such directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<Found>>;

    /// Removes a file. When this returns, the removal is on stable storage.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

impl<T: DiskRead> DiskRead for &T {
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Bytes> {
        (**self).read_at(path, offset, len)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Found>> {
        (**self).list(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        (**self).remove(path)
    }
}
