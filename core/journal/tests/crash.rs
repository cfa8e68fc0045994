//! Power cuts at any instant: what was acknowledged is there afterwards, and nothing that was never sent.

mod common;

use common::*;
use postern_journal::{Entry, Position, SimDisk, Tail, read_body};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::rc::Rc;
use tokio::task::{spawn_local, yield_now};

const SEEDS: u64 = 300;
const LIVES: u64 = 3;

#[derive(Default)]
struct Story {
    /// Message to the size of its body.
    sent: BTreeMap<u64, usize>,
    acknowledged: Vec<u64>,
    /// What a follower saw before a crash.
    followed: Vec<Entry>,
}

/// A number that depends on all three.
fn dice(seed: u64, life: u64, what: u64) -> u64 {
    let octets = [seed, life, what].map(u64::to_le_bytes).concat();
    u64::from(crc32c::crc32c(&octets))
}

/// Sessions send messages until the power fails after a number of operations of the disk.
fn live(disk: &SimDisk, story: &Rc<RefCell<Story>>, (seed, life): (u64, u64)) {
    match dice(seed, life, 1) % 4 {
        0 => disk.fail_nth(dice(seed, life, 2) % 20 + 1, ErrorKind::Other),
        1 => disk.fail_nth(dice(seed, life, 2) % 20 + 1, ErrorKind::StorageFull),
        _ => {}
    }
    disk.power_off_after(dice(seed, life, 6) % 40);
    on_a_shard(async {
        let journal = open(disk, 12_000);
        for session in 0..6u64 {
            let (journal, story) = (journal.clone(), Rc::clone(story));
            spawn_local(async move {
                for turn in 0..10 {
                    let mid = life * 1000 + session * 10 + turn + 1;
                    let bytes = dice(seed, mid, 3) as usize % 3_000;
                    story.borrow_mut().sent.insert(mid, bytes);
                    let body = body(mid, bytes);
                    if journal.commit(accepted(mid, &body), body).await.is_ok() {
                        story.borrow_mut().acknowledged.push(mid);
                    }
                }
            });
        }
        let mut tail = Tail::from(disk.clone(), directory(), None).expect("readable");
        for _ in 0..40 {
            yield_now().await;
            let batch = tail
                .next_batch(journal.durable_position(), 5, 1 << 20)
                .expect("readable");
            if life == LIVES - 1 {
                story.borrow_mut().followed.extend(batch);
            }
        }
    });
}

fn check(disk: &SimDisk, story: &Story, seed: u64) {
    let (entries, recovered) = read_all(disk);
    let mut there = Vec::new();
    for entry in &entries {
        let mid = mid_of(entry);
        let bytes = *story.sent.get(&mid).expect("only what was sent is there");
        let octets = read_body(disk, directory(), &entry.body).expect("a body that was taken as whole");
        assert_eq!(octets, body(mid, bytes), "seed {seed}, message {mid}");
        there.push(mid);
    }
    for mid in &story.acknowledged {
        assert!(
            there.contains(mid),
            "seed {seed}: message {mid} was acknowledged and is lost"
        );
    }
    let mut once = there.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), there.len(), "seed {seed}: a message is there twice");
    let mut tail = Tail::from(disk.clone(), directory(), None).expect("readable");
    assert_eq!(
        follow(&mut tail, recovered.end),
        entries,
        "seed {seed}: the index sees what the queue sees"
    );
    for seen in &story.followed {
        assert!(
            entries.contains(seen),
            "seed {seed}: the index has a record that the journal lost"
        );
    }
}

fn follow(tail: &mut Tail<SimDisk>, end: Position) -> Vec<Entry> {
    let mut all = Vec::new();
    loop {
        let batch = tail.next_batch(end, 7, 4_000).expect("readable");
        if batch.is_empty() {
            return all;
        }
        all.extend(batch);
    }
}

#[test]
fn nothing_acknowledged_is_lost_whenever_the_power_fails() {
    let mut acknowledged = 0;
    for seed in 0..SEEDS {
        let (disk, story) = (SimDisk::new(), Rc::new(RefCell::new(Story::default())));
        for life in 0..LIVES {
            live(&disk, &story, (seed, life));
            disk.crash(dice(seed, life, 5));
            check(&disk, &story.borrow(), seed);
        }
        acknowledged += story.borrow().acknowledged.len();
    }
    assert!(
        acknowledged as u64 > 20 * SEEDS,
        "the schedules let enough through to mean something"
    );
}
