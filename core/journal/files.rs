//! Plain files, read with blocking calls.

use crate::disk::{DiskRead, Found};
use bytes::Bytes;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdFiles;

impl StdFiles {
    /// Makes a journal's directory with those above it, on stable storage. Does nothing where it exists.
    pub fn make_directory(&self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
            return fs::create_dir(directory);
        };
        self.make_directory(parent)?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => File::open(parent)?.sync_all(),
        }
    }
}

impl DiskRead for StdFiles {
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Bytes> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut octets = Vec::with_capacity(len);
        file.take(len as u64).read_to_end(&mut octets)?;
        Ok(octets.into())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Found>> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let found = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(Found {
                path: entry.path(),
                bytes: entry.metadata()?.len(),
            })
        };
        entries.map(found).collect()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}
