//! What the tests of this room share: small records, and a journal on a simulated disk.
#![allow(dead_code, reason = "each test file uses its part")]

use bytes::Bytes;
use postern_journal::{Entry, Journal, Recovered, Settings, SimDisk, read_body, recover};
use postern_vocab::events::{Accepted, Origin};
use postern_vocab::{Decision, Disposition, Envelope, Event, Mid, NodeId, Recorded, Timestamp};
use postern_vocab::{RecipientDecision, Rid};
use std::future::Future;
use std::path::{Path, PathBuf};

pub const SEAL: u64 = 0x0123_4567_89ab_cdef;

pub fn directory() -> &'static Path {
    Path::new("journal/0")
}

pub fn segment_path(segment: u64) -> PathBuf {
    directory().join(format!("{segment:020}.log"))
}

pub fn settings(segment_bytes: u64) -> Settings {
    Settings {
        segment_bytes,
        ..Settings::new(NodeId(1), 0, SEAL)
    }
}

/// The body of a message: told by its id, so that a mix-up shows.
pub fn body(mid: u64, bytes: usize) -> Bytes {
    format!("Subject: message {mid}\r\n\r\n")
        .bytes()
        .cycle()
        .take(bytes)
        .collect()
}

pub fn accepted(mid: u64, body: &Bytes) -> Recorded {
    let one = RecipientDecision {
        rid: Rid(0),
        disposition: Disposition::Deliver,
        reason: String::new(),
    };
    let sender = "alice@example.com".parse().expect("valid");
    let event = Event::Accepted(Accepted {
        mid: Mid(mid),
        origin: Origin::Smtp,
        envelope: Envelope {
            recipients: vec![sender],
            ..Envelope::default()
        },
        facts: None,
        decision: Decision {
            recipients: vec![one],
            ..Decision::default()
        },
        trace_header: Bytes::from_static(b"Received: test\r\n"),
        cuts: vec![(3, 9)],
        body_bytes: body.len() as u64,
    });
    Recorded {
        at: Timestamp(1_700_000_000_000 + mid),
        event,
    }
}

pub fn finished(mid: u64) -> Recorded {
    Recorded {
        at: Timestamp(1_700_000_000_000),
        event: Event::Finished { mid: Mid(mid) },
    }
}

/// The message a record is about.
pub fn mid_of(entry: &Entry) -> u64 {
    match &entry.recorded.event {
        Event::Accepted(accepted) => accepted.mid.0,
        Event::Finished { mid } => mid.0,
        other => unreachable!("{other:?} is not written by these tests"),
    }
}

pub fn is_accepted(entry: &Entry) -> bool {
    matches!(entry.recorded.event, Event::Accepted(_))
}

/// Runs with tasks on one thread, as a shard does, and drops what is left.
pub fn on_a_shard<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("no drivers to fail");
    tokio::task::LocalSet::new().block_on(&runtime, run)
}

pub fn read_all(disk: &SimDisk) -> (Vec<Entry>, Recovered) {
    let mut scan = recover(disk.clone(), directory()).expect("readable");
    let entries = scan.by_ref().map(|entry| entry.expect("readable")).collect();
    (entries, scan.finish().expect("readable"))
}

/// Opens after recovery and runs the commit loop.
pub fn open(disk: &SimDisk, segment_bytes: u64) -> Journal<SimDisk> {
    let recovered = read_all(disk).1;
    let journal = Journal::open(disk.clone(), recovered, settings(segment_bytes), Box::new(|_| {}));
    let running = journal.clone();
    tokio::task::spawn_local(async move { running.run().await });
    journal
}

/// A disk with messages 1 to `count`, one commit each.
pub fn written(count: u64, body_bytes: usize, segment_bytes: u64) -> SimDisk {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, segment_bytes);
        for mid in 1..=count {
            let body = body(mid, body_bytes);
            let durable = journal
                .commit(accepted(mid, &body), body)
                .await
                .expect("a healthy disk");
            assert_eq!(durable.mid(), Mid(mid));
        }
    });
    disk
}

/// The messages whose record and body can be read back; what is read must be what was written.
pub fn intact(disk: &SimDisk, entries: &[Entry], body_bytes: usize) -> Vec<u64> {
    let mut mids = Vec::new();
    for entry in entries {
        if let Ok(octets) = read_body(disk, directory(), &entry.body) {
            let mid = mid_of(entry);
            assert_eq!(octets, body(mid, body_bytes), "the body of message {mid}");
            assert_eq!(entry.recorded, accepted(mid, &octets));
            mids.push(mid);
        }
    }
    mids
}
