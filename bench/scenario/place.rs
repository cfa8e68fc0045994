//! Where a scenario stores what it measures: a fresh directory on a real disk, and what a flush of that disk takes.

use crate::quantiles::{Durations, Quantiles};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;
use tempfile::TempDir;

/// What statfs(2) calls a file system in memory.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];
/// Flushes that are timed.
const FLUSHES: usize = 200;
/// Octets written before each.
const FLUSHED_BYTES: usize = 10 * 1024;

/// A fresh directory below `parent`, removed at the end.
pub fn fresh(parent: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(parent)?;
    let parent = fs::canonicalize(parent)?;
    let kind = rustix::fs::statfs(&parent)?.f_type;
    if IN_MEMORY.contains(&kind) {
        let shown = parent.display();
        return Err(io::Error::other(format!(
            "{shown} is in memory: durable mail needs a disk; name one with --dir"
        )));
    }
    let dir = tempfile::Builder::new()
        .prefix("postern-bench-")
        .tempdir_in(parent)?;
    // Postfix's users look into it; there is no mail but ours.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    Ok(dir)
}

/// What one write of a message and its flush take on this disk with nothing else going on, in microseconds.
pub fn flush_us(dir: &Path) -> io::Result<Quantiles> {
    let path = dir.join("flush");
    let mut file = File::create(&path)?;
    // As in a journal: the blocks are there before.
    file.write_all(&vec![1; FLUSHED_BYTES * FLUSHES])?;
    file.sync_all()?;
    let mut durations = Durations::new();
    let mut file = File::options().write(true).open(&path)?;
    for _ in 0..FLUSHES {
        let began = Instant::now();
        file.write_all(&[2; FLUSHED_BYTES])?;
        file.sync_data()?;
        durations.record(began.elapsed());
    }
    fs::remove_file(path)?;
    Ok(durations.quantiles())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_no_disk() {
        let shm = Path::new("/dev/shm");
        if shm.is_dir() && rustix::fs::statfs(shm).is_ok_and(|found| IN_MEMORY.contains(&found.f_type)) {
            assert!(fresh(shm).is_err_and(|error| error.to_string().contains("--dir")));
        }
    }
}
