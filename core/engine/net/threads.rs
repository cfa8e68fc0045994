//! The journal's disk where there is no ring: plain files, on tokio's threads for blocking calls.

use bytes::Bytes;
use postern_journal::{Disk, DiskFile};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// Files on blocking threads.
pub struct ThreadDisk;

/// One open file.
pub struct ThreadFile(Arc<File>);

impl Disk for ThreadDisk {
    type File = ThreadFile;

    async fn create(&self, path: &Path) -> io::Result<ThreadFile> {
        let path = path.to_owned();
        let file = blocking(move || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
        });
        file.await.map(|file| ThreadFile(Arc::new(file)))
    }

    async fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let path = path.to_owned();
        blocking(move || File::open(path)?.sync_all()).await
    }
}

impl DiskFile for ThreadFile {
    async fn write_all_at(&self, pieces: Vec<Bytes>, mut offset: u64) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        blocking(move || {
            for piece in pieces {
                file.write_all_at(&piece, offset)?;
                offset += piece.len() as u64;
            }
            Ok(())
        })
        .await
    }

    async fn sync(&self) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        blocking(move || file.sync_data()).await
    }
}

/// Runs a blocking call elsewhere; a panic in it becomes an error, which the journal takes for a failed disk.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(io::Error::other)?
}
