//! The journal's disk on the shard's ring: writes and syncs are submitted, never a blocking call.

use super::advance;
use bytes::Bytes;
use postern_journal::{Disk, DiskFile};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tokio_uring::fs::{File, OpenOptions};

/// Pieces in one vectored write: IOV_MAX.
const PIECES_MAX: usize = 1024;

/// Files on the shard's ring.
pub struct UringDisk;

/// One open file on the shard's ring.
pub struct UringFile(File);

impl Disk for UringDisk {
    type File = UringFile;

    async fn create(&self, path: &Path) -> io::Result<UringFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        options.open(path).await.map(UringFile)
    }

    async fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let directory = File::from_std(std::fs::File::open(path)?);
        directory.sync_all().await
    }
}

impl DiskFile for UringFile {
    async fn write_all_at(&self, mut pieces: Vec<Bytes>, mut offset: u64) -> io::Result<()> {
        pieces.retain(|piece| !piece.is_empty());
        while !pieces.is_empty() {
            let rest = pieces.split_off(pieces.len().min(PIECES_MAX));
            let (result, mut unwritten) = self.0.writev_at(pieces, offset).await;
            match result? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => {
                    advance(&mut unwritten, written);
                    offset += written as u64;
                }
            }
            unwritten.extend(rest);
            pieces = unwritten;
        }
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        self.0.sync_data().await
    }
}
