//! `postern tail`: the last lines of a log, then whatever is added, through rotation.

use super::args::Tail;
use super::log::{self, Lines};
use super::output::Output;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often the log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Prints and, unless told not to, follows until interrupted.
pub fn tail(config: &Config, wishes: &Tail, output: &mut Output) -> Result<ExitCode, Trouble> {
    let path = log::path(config, &wishes.log)?;
    let unreadable = || Trouble::io(format!("cannot read the log {}", path.display()));
    let mut file = log::open(&path)?;
    log::seek_to_last(&mut file, wishes.lines).map_err(unreadable())?;
    let mut lines = Lines::of(file);
    if wishes.no_follow {
        // The log may grow meanwhile: no more than was asked for.
        for _ in 0..wishes.lines {
            let line = lines.next().map_err(unreadable())?;
            let Some(line) = line.or_else(|| lines.rest()) else {
                break;
            };
            output.line(line)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        while let Some(line) = lines.next().map_err(unreadable())? {
            output.line(line)?;
        }
        output.flush()?;
        if let Some(next) = rotated(&path, lines.file()).map_err(unreadable())? {
            // What was written between the last look and the rotation is read first.
            while let Some(line) = lines.next().map_err(unreadable())? {
                output.line(line)?;
            }
            lines = Lines::of(next);
            continue;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The new file under the log's name, if there is one; or the old one from its start, if it was cut.
fn rotated(path: &PathBuf, open: &File) -> io::Result<Option<File>> {
    let mine = open.metadata()?;
    let mut at = open;
    if mine.len() < at.stream_position()? {
        return File::open(path).map(Some);
    }
    match fs::metadata(path) {
        Ok(there) if (there.dev(), there.ino()) != (mine.dev(), mine.ino()) => File::open(path).map(Some),
        // Between the two steps of a rotation there may be none.
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_or_cut_log_is_opened_anew() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("mail_logs");
        fs::write(&path, "a\n").expect("written");
        let mut open = File::open(&path).expect("there");
        open.seek(io::SeekFrom::End(0)).expect("sought");
        assert!(
            rotated(&path, &open).expect("looked").is_none(),
            "nothing happened"
        );
        fs::rename(&path, dir.path().join("mail_logs.1")).expect("moved");
        assert!(rotated(&path, &open).expect("looked").is_none(), "no new one yet");
        fs::write(&path, "b\n").expect("written");
        let new = rotated(&path, &open).expect("looked").expect("a new one");
        let mut lines = Lines::of(new);
        assert_eq!(lines.next().expect("read").as_deref(), Some("b"));
        fs::write(&path, "").expect("cut");
        assert!(
            rotated(&path, lines.file()).expect("looked").is_some(),
            "it was cut"
        );
    }
}
