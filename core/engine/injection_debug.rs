//! The injection debug log: everything that chosen peers say and hear, bodies included, for as many connections as the
//! configuration asks for. Switched on by a reload; for looking into one sender's trouble, not for every day: it writes
//! to its file on the shard's own thread. Secrets of AUTH are never in it.

use jiff::Timestamp as Instant;
use postern_policy::Policy;
use postern_vocab::events::{Line, Speaker};
use postern_vocab::{Icid, Peer, ReverseName, Timestamp, limits};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Which connections have been logged so far.
pub struct InjectionDebug {
    /// Where the logs are.
    directory: PathBuf,
    taken: Mutex<Taken>,
}

/// How many of each log's connections were begun, under one version of the configuration: a reload begins anew.
#[derive(Default)]
struct Taken {
    version: String,
    connections: HashMap<String, u32>,
}

/// The log of one connection.
pub struct ConversationLog {
    file: File,
    icid: Icid,
    opened_at: Timestamp,
    bytes_left: u64,
}

impl InjectionDebug {
    /// Logs go to this directory, each to a file `injection_debug.NAME`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            taken: Mutex::default(),
        }
    }

    /// The log for this connection, if the configuration wants one and has not had enough.
    #[must_use]
    pub fn begin(
        &self,
        policy: &Policy,
        (icid, opened_at): (Icid, Timestamp),
        (peer, reverse): (&Peer, &ReverseName),
    ) -> Option<ConversationLog> {
        let address = peer.remote.ip().to_canonical();
        let wanted = policy
            .injection_debug
            .iter()
            .find(|one| one.wants(address, reverse) && self.take(policy, &one.name, one.connections))?;
        let path = self.directory.join(format!("injection_debug.{}", wanted.name));
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Some(ConversationLog {
                file,
                icid,
                opened_at,
                bytes_left: limits::INJECTION_DEBUG_BYTES_MAX,
            }),
            Err(error) => {
                eprintln!(
                    "postern: cannot write {}: {error}; nothing is logged there",
                    path.display()
                );
                None
            }
        }
    }

    fn take(&self, policy: &Policy, name: &str, most: u32) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.version != policy.version {
            *taken = Taken {
                version: policy.version.clone(),
                connections: HashMap::new(),
            };
        }
        let begun = taken.connections.entry(name.to_owned()).or_default();
        let more = *begun < most;
        *begun += u32::from(more);
        more
    }
}

impl ConversationLog {
    /// Lines that were said.
    pub fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            let at = Timestamp(self.opened_at.0 + u64::from(line.after_ms));
            let who = match line.speaker {
                Speaker::Client => "C",
                Speaker::Server => "S",
            };
            self.write(at, who, &line.octets);
        }
    }

    /// A message that arrived whole, line by line.
    pub fn message(&mut self, body: &[u8], at: Timestamp) {
        for line in body.split_inclusive(|octet| *octet == b'\n') {
            self.write(at, "D", line.strip_suffix(b"\r\n").unwrap_or(line));
        }
    }

    fn write(&mut self, at: Timestamp, who: &str, octets: &[u8]) {
        let time = Instant::from_millisecond(i64::try_from(at.0).unwrap_or(i64::MAX)).unwrap_or_default();
        let line = format!("{time:.3} ICID {} {who}: {}\n", self.icid, octets.escape_ascii());
        let Some(left) = self.bytes_left.checked_sub(line.len() as u64) else {
            return;
        };
        self.bytes_left = match self.put(line.as_bytes()) {
            Ok(()) => left,
            Err(error) => {
                eprintln!(
                    "postern: injection debug log of ICID {}: {error}; it ends here",
                    self.icid
                );
                0
            }
        };
    }

    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)
    }
}
