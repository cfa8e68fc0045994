//! The logs in data_dir/logs, as files that are read line by line and may grow or be rotated meanwhile.

use super::trouble::Trouble;
use postern_engine::policy::Config;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

/// What is read of one line; the rest counts as the next one. A log line of ours is far shorter.
const LINE_OCTETS_MAX: u64 = 64 * 1024;
/// How much is read at once when looking for the last lines.
const BLOCK: u64 = 64 * 1024;

/// Where the log of this name is. A name is no path: nothing outside data_dir/logs is read.
pub fn path(config: &Config, name: &str) -> Result<PathBuf, Trouble> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Trouble::Usage(format!(
            "\"{name}\" is not a log; write the name of a file in data_dir/logs"
        )));
    }
    Ok(config.data_dir.join("logs").join(name))
}

/// Opens it; says which logs there are when there is none of this name.
pub fn open(path: &PathBuf) -> Result<File, Trouble> {
    File::open(path).map_err(|source| {
        let names: Vec<String> = path.parent().map(names).unwrap_or_default();
        let there = if names.is_empty() {
            "none yet".to_owned()
        } else {
            names.join(", ")
        };
        Trouble::Io {
            what: format!("cannot read the log {} (logs there: {there})", path.display()),
            source,
        }
    })
}

fn names(dir: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The lines of a log from where the file stands, one after another.
pub struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    /// The lines of `file` from where it stands.
    pub fn of(file: File) -> Self {
        Self {
            reader: BufReader::new(file),
            line: Vec::new(),
        }
    }

    /// The next whole line, without its end. `None` at the end of the file; a line that is still being written is kept
    /// for the next call.
    pub fn next(&mut self) -> io::Result<Option<String>> {
        let room = LINE_OCTETS_MAX.saturating_sub(self.line.len() as u64);
        (&mut self.reader).take(room).read_until(b'\n', &mut self.line)?;
        let ended = self.line.last() == Some(&b'\n');
        if !ended && (self.line.len() as u64) < LINE_OCTETS_MAX {
            return Ok(None);
        }
        Ok(Some(self.taken()))
    }

    /// What there is of a line that never ended.
    pub fn rest(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.taken())
    }

    /// The file.
    pub fn file(&self) -> &File {
        self.reader.get_ref()
    }

    fn taken(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
        text.into_owned()
    }
}

/// Puts the file where its last `count` lines begin.
pub fn seek_to_last(file: &mut File, count: usize) -> io::Result<()> {
    let mut start = file.seek(SeekFrom::End(0))?;
    let mut ends = 0;
    let mut is_last = true;
    while start > 0 {
        let length = start.min(BLOCK);
        start -= length;
        file.seek(SeekFrom::Start(start))?;
        let mut block = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_exact(&mut block)?;
        for (at, octet) in block.iter().enumerate().rev() {
            // The line end at the very end of the file ends the last line; every other one begins a line.
            if *octet == b'\n' && !std::mem::take(&mut is_last) {
                ends += 1;
            }
            if ends >= count && *octet == b'\n' {
                file.seek(SeekFrom::Start(start + at as u64 + 1))?;
                return Ok(());
            }
            is_last = false;
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn last(content: &str, count: usize) -> Vec<String> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content.as_bytes()).expect("written");
        seek_to_last(&mut file, count).expect("sought");
        let mut lines = Lines::of(file);
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("read") {
            all.push(line);
        }
        all.extend(lines.rest());
        all
    }

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        assert_eq!(last("a\nb\nc\n", 2), ["b", "c"]);
        assert_eq!(last("a\nb\nc", 2), ["b", "c"], "the last line is being written");
        assert_eq!(last("a\nb\n", 9), ["a", "b"]);
        assert_eq!(last("a\n\n\n", 2), ["", ""]);
        assert_eq!(last("", 3), [""; 0]);
        assert_eq!(last("a\nb\n", 0), [""; 0]);
        let long = "x".repeat(100_000);
        assert_eq!(last(&format!("{long}\n{long}\nend\n"), 1), ["end"]);
        assert_eq!(
            last(&format!("a\n{long}\nend\n"), 2).concat().len(),
            100_003,
            "over several blocks"
        );
    }
}
