//! Promise: no mail is lost after 250. The power is not cut here (the journal's own tests do that on a simulated disk), but
//! the process is killed at any moment, and its newest journal segment is damaged.

use crate::harness::{Delivered, Gateway, Mail, NextHop, Options, gtube, soon, trace_and_rest, until};
use crate::harness::{Smtp, message};
use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const QUICK_RETRIES: &str = "[limits]\nretry_first = \"1s\"\nretry_max = \"2s\"";
const SENDER: &str = "carol@partner.example.com";
const ALICE: &str = "alice@example.test";

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 4;

/// One message of the stream: every seventh is spam, and they are of many sizes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Sent {
    round: usize,
    connection: usize,
    number: usize,
}

impl Sent {
    fn subject(&self) -> String {
        format!("stream {} {} {}", self.round, self.connection, self.number)
    }

    fn is_spam(&self) -> bool {
        self.number % 7 == 3
    }

    fn octets(&self) -> Vec<u8> {
        if self.is_spam() {
            return gtube(&self.subject());
        }
        let lines = match self.number % 20 {
            19 => 20_000,
            other => other * other,
        };
        let body: String = (0..lines)
            .map(|line| format!("{} line {line} of many\r\n", self.subject()))
            .collect();
        Mail::about(&self.subject()).body(body.as_bytes()).whole()
    }
}

#[test]
fn nothing_that_was_acknowledged_is_missing_after_kill_9() {
    let mut hop = NextHop::start();
    let mut gateway = Options::new(&hop).tables(QUICK_RETRIES).start();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let next_hop_is_away = round % 2 == 1;
        if next_hop_is_away {
            hop.down();
        }
        acknowledged.extend(stream_until_killed(&mut gateway, round));
        gateway.again();
        if next_hop_is_away {
            hop.up();
        }
    }
    assert!(
        acknowledged.len() >= ROUNDS * 30,
        "the stream was too thin: {}",
        acknowledged.len()
    );
    let spam: HashSet<String> = acknowledged
        .iter()
        .filter(|sent| sent.is_spam())
        .map(Sent::subject)
        .collect();
    let held = || -> HashSet<String> {
        let rows = gateway.held(&["--limit", "10000"]);
        rows.iter()
            .map(|row| row["subject"].as_str().expect("a text").to_owned())
            .collect()
    };
    soon("all acknowledged spam is held", || {
        spam.is_subset(&held()).then_some(())
    });
    let mail: Vec<&Sent> = acknowledged.iter().filter(|sent| !sent.is_spam()).collect();
    until(
        "all other acknowledged mail is delivered",
        Duration::from_secs(60),
        || (hop.delivered().len() >= mail.len() && missing(&mail, &hop.delivered()).is_empty()).then_some(()),
    );
    let delivered = by_subject(&hop.delivered());
    for sent in mail {
        for copy in &delivered[&sent.subject()] {
            assert!(*copy == sent.octets(), "{sent:?} is not what was sent");
        }
    }
}

/// Mail from several connections at once until the daemon is killed in the middle of it; what was acknowledged.
fn stream_until_killed(gateway: &mut Gateway, round: usize) -> Vec<Sent> {
    let address = gateway.smtp();
    let acknowledged = AtomicUsize::new(0);
    thread::scope(|scope| {
        let counted = &acknowledged;
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|connection| scope.spawn(move || stream(address, (round, connection), counted)))
            .collect();
        // A different place in the stream each time.
        let enough = 40 + 17 * round;
        soon("mail flows", || {
            (acknowledged.load(Ordering::SeqCst) >= enough).then_some(())
        });
        gateway.kill9();
        senders
            .into_iter()
            .flat_map(|sender| sender.join().expect("a sender does not panic"))
            .collect()
    })
}

fn stream(address: SocketAddr, (round, connection): (usize, usize), counted: &AtomicUsize) -> Vec<Sent> {
    let mut acknowledged = Vec::new();
    let mut numbers = 0..;
    while let Ok(mut smtp) = Smtp::try_greeted(address) {
        // A few to a connection, so that connections end and begin too.
        for number in numbers.by_ref().take(25) {
            let sent = Sent {
                round,
                connection,
                number,
            };
            match smtp.try_message(SENDER, ALICE, &sent.octets()) {
                Ok(reply) if reply.code == 250 => {
                    acknowledged.push(sent);
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                _ => break,
            }
        }
    }
    acknowledged
}

fn missing<'s>(sent: &[&'s Sent], delivered: &[Delivered]) -> Vec<&'s Sent> {
    let came = by_subject(delivered);
    sent.iter()
        .copied()
        .filter(|one| !came.contains_key(&one.subject()))
        .collect()
}

/// What came, without our trace fields.
fn by_subject(delivered: &[Delivered]) -> HashMap<String, Vec<Vec<u8>>> {
    let mut all: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for one in delivered {
        let (_, rest) = trace_and_rest(&one.octets);
        let head = String::from_utf8_lossy(&rest[..rest.len().min(1_000)]).into_owned();
        let subject = head
            .split_once("Subject: ")
            .and_then(|(_, rest)| rest.split_once("\r\n"))
            .expect("ours have one");
        all.entry(subject.0.to_owned()).or_default().push(rest.to_vec());
    }
    all
}

/// What is done to the newest segment.
enum Damage {
    /// Octets behind its end.
    Garbage,
    /// A few octets of its end are gone.
    Cut(u64),
    /// It ends in the middle of this text.
    Inside(&'static str),
}

#[test]
fn garbage_behind_the_last_record_costs_nothing() {
    let lost = lost_by(&Damage::Garbage);
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_torn_last_record_costs_at_most_itself() {
    let lost = lost_by(&Damage::Cut(5));
    assert!(lost.len() <= 1, "{lost:?}");
    assert_eq!(lost_by(&Damage::Inside("the words of number 9")), ["number 9"]);
}

/// Ten messages wait for a next hop that is away; the daemon is killed, the segment damaged. Which are missing when the
/// next hop is back?
fn lost_by(damage: &Damage) -> Vec<String> {
    let mut hop = NextHop::absent();
    let mut gateway = Options::new(&hop).top("shards = 1").tables(QUICK_RETRIES).start();
    let mut smtp = Smtp::greeted(gateway.smtp());
    for number in 0..10 {
        let body = format!("the words of number {number}\r\n");
        let mail = Mail::about(&format!("number {number}")).body(body.as_bytes());
        smtp.accepted(SENDER, &[ALICE], &mail.whole());
    }
    gateway.kill9();
    do_damage(&newest_segment(&gateway), damage);
    gateway.again();
    let said = gateway.stderr();
    let told = said
        .lines()
        .any(|line| line.contains("journal of shard 0: segment ") && line.contains(".log, offset "));
    assert!(told, "the damage is told:\n{said}");
    hop.up();
    // New mail is taken, and found, as if nothing had been.
    let mid = gateway.accepts(SENDER, &[ALICE], &message("after the damage"));
    gateway.message_is(mid, "delivered");
    let names: Vec<String> = (0..10).map(|number| format!("number {number}")).collect();
    let missing = || -> Vec<String> {
        let came = by_subject(&hop.delivered());
        names
            .iter()
            .filter(|name| !came.contains_key(*name))
            .cloned()
            .collect()
    };
    let may_be_lost = if matches!(damage, Damage::Garbage) { 0 } else { 1 };
    soon("the others are delivered", || {
        (missing().len() <= may_be_lost).then_some(())
    });
    missing()
}

fn newest_segment(gateway: &Gateway) -> PathBuf {
    let directory = gateway.data_dir.join("journal/0");
    let entries = fs::read_dir(&directory)
        .expect("the journal is there")
        .map(|entry| entry.expect("readable").path());
    entries
        .filter(|path| path.extension().is_some_and(|one| one == "log"))
        .max()
        .expect("a segment")
}

fn do_damage(segment: &PathBuf, damage: &Damage) {
    let mut file = OpenOptions::new()
        .append(true)
        .open(segment)
        .expect("the daemon is dead");
    let length = file.metadata().expect("a file").len();
    match damage {
        Damage::Garbage => file.write_all(&[0xa5; 777]).expect("room on the disk"),
        Damage::Cut(octets) => file.set_len(length - octets).expect("a shorter file"),
        Damage::Inside(text) => {
            let octets = fs::read(segment).expect("readable");
            let at = octets
                .windows(text.len())
                .rposition(|window| window == text.as_bytes())
                .expect("it is in there");
            file.set_len(at as u64 + 4).expect("a shorter file");
        }
    }
}
