//! Reading a segment in large steps, whatever the size of the records in it.

use crate::disk::DiskRead;
use crate::format::segment_path;
use crate::position::BodyAt;
use bytes::Bytes;
use postern_vocab::limits::JOURNAL_READ_BYTES;
use std::io;
use std::path::{Path, PathBuf};

/// Reads a message body back and compares its checksum: recovery does not look at every body, so this is where a
/// damaged one shows.
pub fn read_body(files: &impl DiskRead, directory: &Path, at: &BodyAt) -> io::Result<Bytes> {
    let path = segment_path(directory, at.segment);
    let len = usize::try_from(at.bytes).map_err(io::Error::other)?;
    let body = if len == 0 {
        Bytes::new()
    } else {
        files.read_at(&path, at.offset, len)?
    };
    if body.len() == len && crc32c::crc32c(&body) == at.checksum {
        return Ok(body);
    }
    let message = format!(
        "the message body at offset {} of {} is damaged: its checksum does not fit",
        at.offset,
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

/// A stretch of one file in memory.
pub(crate) struct Window<F> {
    files: F,
    path: PathBuf,
    start: u64,
    octets: Bytes,
}

impl<F: DiskRead> Window<F> {
    pub(crate) fn new(files: F, path: PathBuf) -> Self {
        Self {
            files,
            path,
            start: 0,
            octets: Bytes::new(),
        }
    }

    /// The octets in `[offset, end)`, fewer where the file ends. Nothing at or behind `limit` is read or kept: in a
    /// segment that is still written those octets are not final yet.
    pub(crate) fn at(&mut self, offset: u64, len: usize, limit: u64) -> io::Result<Bytes> {
        let room = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(room);
        if let Some(kept) = self.kept(offset, len) {
            return Ok(kept);
        }
        self.octets = self
            .files
            .read_at(&self.path, offset, len.max(JOURNAL_READ_BYTES).min(room))?;
        self.start = offset;
        Ok(self.octets.slice(..len.min(self.octets.len())))
    }

    fn kept(&self, offset: u64, len: usize) -> Option<Bytes> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(len)?;
        (to <= self.octets.len()).then(|| self.octets.slice(from..to))
    }

    /// CRC-32C of `[offset, offset + bytes)`, or `None` where the file ends before.
    pub(crate) fn checksum(&mut self, offset: u64, bytes: u64, limit: u64) -> io::Result<Option<u32>> {
        let (mut checksum, mut done) = (0, 0);
        while done < bytes {
            let step = usize::try_from(bytes - done)
                .unwrap_or(usize::MAX)
                .min(JOURNAL_READ_BYTES);
            let octets = self.at(offset + done, step, limit)?;
            if octets.is_empty() {
                return Ok(None);
            }
            checksum = crc32c::crc32c_append(checksum, &octets);
            done += octets.len() as u64;
        }
        Ok(Some(checksum))
    }
}
