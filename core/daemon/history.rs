//! Reputation and greylisting over restarts: two files in `data_dir`, read at start, written every
//! `limits::HISTORY_SAVED_EVERY` and at the end. Whatever goes wrong with them is said and survived: at worst clients
//! are strangers again.

use postern_engine::Shared;
use postern_engine::traffic::{Damage, Traffic};
use postern_vocab::{Timestamp, limits};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

const REPUTATION: &str = "reputation";
const GREYLIST: &str = "greylist";

/// The thread that saves.
pub struct Saver {
    /// Closed to end it.
    running: Sender<()>,
    thread: JoinHandle<()>,
}

/// Takes up what the last daemon saved.
pub fn load(directory: &Path, traffic: &Traffic) {
    load_one(&directory.join(REPUTATION), |octets| {
        traffic.reputation.load(octets)
    });
    load_one(&directory.join(GREYLIST), |octets| traffic.greylist.load(octets));
}

/// Starts to save.
///
/// # Errors
/// A thread cannot be made.
pub fn start(shared: Arc<Shared>) -> io::Result<Saver> {
    let (running, ended) = mpsc::channel::<()>();
    let save = move || {
        while ended.recv_timeout(limits::HISTORY_SAVED_EVERY) == Err(RecvTimeoutError::Timeout) {
            save(&shared.config.data_dir, &shared.traffic, super::now());
        }
        save(&shared.config.data_dir, &shared.traffic, super::now());
    };
    let thread = thread::Builder::new().name("history".to_owned()).spawn(save)?;
    Ok(Saver { running, thread })
}

impl Saver {
    /// Saves a last time.
    pub fn stop(self) {
        drop(self.running);
        // A thread that panicked has said so on standard error.
        let _ = self.thread.join();
    }
}

fn load_one(path: &Path, take_up: impl FnOnce(&[u8]) -> Result<usize, Damage>) {
    let octets = match read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            eprintln!(
                "postern: {} cannot be read: {error}; it begins anew",
                path.display()
            );
            return;
        }
    };
    if let Err(damage) = take_up(&octets) {
        eprintln!("postern: {} is ignored and begins anew: {damage}", path.display());
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    // What is longer than any that we write is cut here, and fails its checksum.
    File::open(path)?
        .take(limits::HISTORY_FILE_BYTES_MAX)
        .read_to_end(&mut octets)?;
    Ok(octets)
}

fn save(directory: &Path, traffic: &Traffic, now: Timestamp) {
    let say = |name: &str, saved: io::Result<()>| {
        if let Err(error) = saved {
            let path = directory.join(name);
            eprintln!(
                "postern: {} cannot be written: {error}; make room on that disk, or a restart forgets it",
                path.display()
            );
        }
    };
    say(
        REPUTATION,
        replace(directory, REPUTATION, &traffic.reputation.save(now)),
    );
    say(
        GREYLIST,
        replace(directory, GREYLIST, &traffic.greylist.save(now)),
    );
}

/// Puts a whole file in the place of the old one: after a crash there is one or the other.
fn replace(directory: &Path, name: &str, octets: &[u8]) -> io::Result<()> {
    let new = directory.join(format!("{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(octets)?;
    file.sync_data()?;
    fs::rename(&new, directory.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_engine::policy::Greylist;
    use postern_engine::traffic::{Conduct, Grey, Triple};
    use std::hash::RandomState;
    use std::net::IpAddr;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(20_000 * 24 * 3_600_000);
    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// A spammer is known, and a triple waits.
    fn busy() -> Traffic {
        let traffic = Traffic::new(RandomState::new());
        for _ in 0..100 {
            traffic.reputation.note(CLIENT, Conduct::Spam, NOW);
        }
        assert!(is_waiting_anew(&traffic));
        traffic
    }

    fn is_waiting_anew(traffic: &Traffic) -> bool {
        let triple = Triple {
            network: CLIENT.into(),
            sender: "eve@example.net",
            recipient: "joe@example.com",
        };
        let grey = traffic.greylist.check(triple, &Greylist::default(), NOW);
        matches!(grey, Grey::Wait { first: true, .. })
    }

    fn loaded(directory: &Path) -> Traffic {
        let traffic = Traffic::new(RandomState::new());
        load(directory, &traffic);
        traffic
    }

    #[test]
    fn what_was_known_is_known_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        save(directory.path(), &busy(), NOW);
        let after = loaded(directory.path());
        assert!(after.reputation.score(CLIENT, NOW).is_some());
        assert!(!is_waiting_anew(&after));
        let mut names: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [GREYLIST, REPUTATION], "nothing is left lying about");
    }

    #[test]
    fn a_damaged_or_missing_file_costs_only_itself() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(loaded(directory.path()).reputation.score(CLIENT, NOW), None);
        save(directory.path(), &busy(), NOW);
        let path = directory.path().join(REPUTATION);
        let octets = fs::read(&path).unwrap();
        fs::write(&path, &octets[..octets.len() - 1]).unwrap();
        let after = loaded(directory.path());
        assert_eq!(after.reputation.score(CLIENT, NOW), None);
        assert!(!is_waiting_anew(&after));
        // The next save makes it whole again.
        save(directory.path(), &busy(), NOW.plus(Duration::from_secs(1)));
        assert!(loaded(directory.path()).reputation.score(CLIENT, NOW).is_some());
    }

    #[test]
    fn a_directory_that_cannot_be_written_keeps_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        save(directory.path(), &busy(), NOW);
        // A directory in the way of the new file: it fails for root as well.
        fs::create_dir(directory.path().join("reputation.new")).unwrap();
        save(directory.path(), &Traffic::new(RandomState::new()), NOW);
        assert!(loaded(directory.path()).reputation.score(CLIENT, NOW).is_some());
    }
}
