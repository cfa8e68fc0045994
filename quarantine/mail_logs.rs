//! `mail_logs`: the log that mail administrators know, one line an event, in the line shapes of the appliances they come
//! from, so that their tools and habits work. `lines.rs` says what a line looks like; this file knows the file.

mod connection;
mod lines;

use jiff::tz::TimeZone;
use lines::Lines;
use postern_vocab::Recorded;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "mail_logs";
/// The file is put aside, and the next begun, when it is larger than this.
const MAIL_LOG_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Files put aside that are kept: `mail_logs.1` is the newest.
const MAIL_LOGS_KEPT: u32 = 10;

/// Why the log could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}; make room, or give it to the user that runs postern")]
pub struct MailLogsError {
    path: PathBuf,
    source: io::Error,
}

/// The log, fed with the same records as the store, in the same order.
pub struct MailLogs {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
    lines: Lines,
}

impl MailLogs {
    /// Opens `dir/mail_logs` for appending; times are written in the system's time zone.
    ///
    /// # Errors
    /// [`MailLogsError`].
    pub fn open(dir: &Path) -> Result<Self, MailLogsError> {
        Self::open_with(dir, TimeZone::system(), MAIL_LOG_BYTES_MAX)
    }

    /// Writes what happened.
    ///
    /// # Errors
    /// [`MailLogsError`]; the lines of this call may then be missing, or the last one cut.
    pub fn write(&mut self, records: &[Recorded]) -> Result<(), MailLogsError> {
        let text = self.lines.of(records);
        let path = self.path.clone();
        self.append(text.as_bytes())
            .map_err(|source| MailLogsError { path, source })
    }

    fn open_with(dir: &Path, zone: TimeZone, bytes_max: u64) -> Result<Self, MailLogsError> {
        let path = dir.join(NAME);
        let opened = fs::create_dir_all(dir).and_then(|()| begin(&path));
        let (file, bytes) = opened.map_err(|source| MailLogsError {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            file,
            bytes,
            bytes_max,
            lines: Lines::new(zone),
        })
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        if self.bytes > self.bytes_max {
            self.rotate()?;
        }
        self.file.write_all(text)?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..MAIL_LOGS_KEPT).rev() {
            move_if_there(&aside(&self.path, number), &aside(&self.path, number + 1))?;
        }
        move_if_there(&self.path, &aside(&self.path, 1))?;
        (self.file, self.bytes) = begin(&self.path)?;
        Ok(())
    }
}

fn begin(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

fn aside(path: &Path, number: u32) -> PathBuf {
    path.with_file_name(format!("{NAME}.{number}"))
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::{Event, Mid, Timestamp};

    #[test]
    fn a_full_file_is_put_aside_and_a_bounded_number_is_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut log = MailLogs::open_with(dir.path(), TimeZone::UTC, 10).expect("opens");
        let line = [Recorded {
            at: Timestamp(0),
            event: Event::Finished { mid: Mid(1) },
        }];
        for _ in 0..20 {
            log.write(&line).expect("writes");
        }
        let files = fs::read_dir(dir.path()).expect("reads").count();
        assert_eq!(files, 1 + MAIL_LOGS_KEPT as usize);
        let newest = fs::read_to_string(dir.path().join(NAME)).expect("reads");
        assert_eq!(newest.lines().count(), 1);
    }
}
