//! `postern demo --mail DIR`: every file below DIR goes in by SMTP, and every one is accounted for afterwards.

use super::feed::{self, Connection};
use super::ledger;
use super::place::HOSTNAME;
use super::samples::{ALICE, BOB};
use super::{Scene, identical};
use crate::cli::message_file;
use crate::cli::output::Output;
use crate::cli::trouble::Trouble;
use postern_vocab::{Address, Mid, Reply, ReversePath, limits};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Connections that feed at once.
const CONNECTIONS: usize = 8;
/// How often a message is offered again after a temporary refusal, as any mail server would, only sooner.
const OFFERS_MAX: u32 = 6;
const OFFER_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Directories below directories; more is a loop.
const DEPTH_MAX: usize = 32;
/// Whose mail it is when its From: tells no address.
const SENDER: &str = "sender@sender.example";
/// Differences that are printed; the rest is counted.
const DIFFERENCES_MAX: usize = 20;

/// What came of one file.
struct Fed {
    file: PathBuf,
    /// The last reply, or why there was none.
    reply: Result<Reply, String>,
}

impl Fed {
    fn mid(&self) -> Option<Mid> {
        self.reply
            .as_ref()
            .ok()
            .filter(|reply| reply.is_positive())
            .and_then(feed::mid)
    }
}

/// Whether the account adds up and every delivered message is the one that was sent.
pub fn feed(dir: &Path, scene: &Scene, output: &mut Output) -> Result<bool, Trouble> {
    let files = files(dir)?;
    output.line(format_args!(
        "feeding {} files below {}",
        files.len(),
        dir.display()
    ))?;
    output.flush()?;
    let all = feed_all(&files, scene);
    let mids: HashSet<Mid> = all.iter().filter_map(Fed::mid).collect();
    let ledger = ledger::settled(scene, &mids)?;
    output.line("")?;
    for one in all.iter().filter(|one| one.mid().is_none()) {
        let why = one.reply.as_ref().map_or_else(Clone::clone, ToString::to_string);
        output.line(format_args!("refused: {}: {why}", one.file.display()))?;
    }
    let accepted = all.iter().filter(|one| one.mid().is_some()).count();
    output.line(format_args!(
        "sent {}, accepted {accepted}, delivered {}, quarantined {}, dropped {}, bounced {}, on the way {}, refused {}",
        all.len(),
        ledger.delivered,
        ledger.quarantined,
        ledger.dropped,
        ledger.bounced,
        ledger.on_the_way,
        all.len() - accepted,
    ))?;
    let adds_up =
        ledger.adds_up() && ledger.accepted == accepted && mids.len() == accepted && all.len() == files.len();
    output.line(match adds_up {
        true => "every accepted message is accounted for: accepted = delivered + quarantined + dropped",
        false => "THE ACCOUNT DOES NOT ADD UP: some message was lost or is still on its way",
    })?;
    let identical = compare_delivered(&all, scene, ledger.delivered, output)?;
    Ok(adds_up && identical)
}

/// All files below, sorted by name; links are not followed.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let mut files = Vec::new();
    collect(dir, DEPTH_MAX, &mut files).map_err(Trouble::io(format!("cannot read {}", dir.display())))?;
    files.sort();
    Ok(files)
}

fn collect(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("directories are nested too deep"));
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), depth - 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Feeds them from several connections; in the order of the files.
fn feed_all(files: &[PathBuf], scene: &Scene) -> Vec<Fed> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::with_capacity(files.len()));
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS.min(files.len()) {
            scope.spawn(|| {
                let mut line = Line {
                    scene,
                    open: None,
                    sent: 0,
                };
                while !scene.stop.was_told() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { break };
                    let recipient = if at.is_multiple_of(2) { ALICE } else { BOB };
                    let fed = Fed {
                        file: file.clone(),
                        reply: line.feed(file, recipient),
                    };
                    all.lock().unwrap_or_else(PoisonError::into_inner).push(fed);
                }
                line.close();
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by(|a, b| a.file.cmp(&b.file));
    all
}

/// One of the connections, made anew when it is gone or was used long enough.
struct Line<'a> {
    scene: &'a Scene,
    open: Option<Connection>,
    sent: u32,
}

impl Line<'_> {
    fn feed(&mut self, file: &Path, recipient: &str) -> Result<Reply, String> {
        let message =
            message_file::read(file).map_err(|error| format!("the file cannot be read: {error}"))?;
        let mut wait = OFFER_AGAIN_AFTER;
        for offer in 1.. {
            let offered = self.offer(&message, recipient);
            let again = offered.as_ref().map_or(true, Reply::is_temporary);
            if !again || offer >= OFFERS_MAX || self.scene.stop.wait(Some(wait)) {
                return offered.map_err(|error| format!("no reply: {error}"));
            }
            wait *= 2;
        }
        unreachable!("the loop ends by its own count")
    }

    fn offer(&mut self, message: &[u8], recipient: &str) -> io::Result<Reply> {
        if self.sent >= limits::MESSAGES_PER_DELIVERY_MAX {
            self.close();
        }
        let connection = match self.open.take() {
            Some(connection) => connection,
            None => Connection::open(self.scene.place.smtp)?,
        };
        let recipient: Address = recipient.parse().expect("a test checks the samples' addresses");
        let sender = ReversePath::Mailbox(sender(message));
        let (mut replies, open) = connection.send(feed::outgoing(message.to_vec(), sender, [recipient]))?;
        self.open = open;
        self.sent += 1;
        replies.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn close(&mut self) {
        self.sent = 0;
        self.open.take().into_iter().for_each(Connection::quit);
    }
}

/// The address in From:, if it can stand in an envelope.
fn sender(message: &[u8]) -> Address {
    let header = message
        .split(|octet| *octet == b'\n')
        .take_while(|line| !matches!(*line, b"" | b"\r"));
    let from = header.filter_map(|line| {
        line.get(..5)
            .filter(|name| name.eq_ignore_ascii_case(b"from:"))
            .map(|_| &line[5..])
    });
    let address = from
        .filter_map(|value| std::str::from_utf8(value).ok())
        .find_map(|value| {
            let inner = value
                .rsplit_once('<')
                .map_or(value, |(_, rest)| rest.split('>').next().unwrap_or_default());
            inner.split_whitespace().find_map(|word| word.parse().ok())
        });
    address.unwrap_or_else(|| SENDER.parse().expect("a valid address"))
}

/// Compares every delivered file with what was sent. Held ones have none.
fn compare_delivered(
    all: &[Fed],
    scene: &Scene,
    expected: usize,
    output: &mut Output,
) -> Result<bool, Trouble> {
    let (mut same, mut different) = (0, 0);
    for one in all {
        let Some(mid) = one.mid() else { continue };
        let delivered = match fs::read(scene.place.delivered.join(format!("{mid}.eml"))) {
            Ok(delivered) => delivered,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(Trouble::io(format!(
                    "cannot read what was delivered of MID {mid}"
                ))(error));
            }
        };
        let cannot = Trouble::io(format!("cannot read {} again", one.file.display()));
        let sent = message_file::read(&one.file).map_err(cannot)?;
        match identical::compare(&delivered, &sent, HOSTNAME) {
            Ok(()) => same += 1,
            Err(why) => {
                different += 1;
                if different <= DIFFERENCES_MAX {
                    output.line(format_args!(
                        "DIFFERENT: {} (MID {mid}): {why}",
                        one.file.display()
                    ))?;
                }
            }
        }
    }
    output.line(format_args!(
        "{same} of {expected} delivered messages are byte-identical after the trace headers"
    ))?;
    Ok(different == 0 && same == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_the_one_in_from_where_that_can_be() {
        let rows = [
            ("From: Bob <bob@example.com>\r\n\r\n", "bob@example.com"),
            (
                "Subject: x\r\nfrom: bob@example.com (Bob)\r\n\r\n",
                "bob@example.com",
            ),
            ("From: \"a < b\" <bob@example.com>\r\n\r\n", "bob@example.com"),
            ("From: nobody at all\r\n\r\n", SENDER),
            ("Subject: x\r\n\r\nFrom: in@the.body.example\r\n", SENDER),
            ("From: =?utf-8?q?x?= <>\r\n\r\n", SENDER),
            ("", SENDER),
        ];
        for (message, expected) in rows {
            assert_eq!(sender(message.as_bytes()).to_string(), expected, "{message}");
        }
    }

    #[test]
    fn all_files_below_are_found_in_order() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("b")).expect("made");
        for name in ["c.eml", "a.eml", "b/1.eml"] {
            fs::write(dir.path().join(name), "x").expect("written");
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).expect("linked");
        let names = files(dir.path()).expect("read");
        let names: Vec<_> = names
            .iter()
            .map(|file| file.strip_prefix(dir.path()).expect("below"))
            .collect();
        assert_eq!(
            names,
            [Path::new("a.eml"), Path::new("b/1.eml"), Path::new("c.eml")]
        );
    }
}
