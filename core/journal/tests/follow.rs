//! The index writer's side: following, coming back, and letting go of space.

mod common;

use common::*;
use postern_journal::{DiskRead, Entry, Journal, SimDisk, Tail};
use std::io::ErrorKind;

fn mids(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(mid_of).collect()
}

async fn commit(journal: &Journal<SimDisk>, mid: u64) {
    let body = body(mid, 1_000);
    let _ = journal
        .commit(accepted(mid, &body), body)
        .await
        .expect("a healthy disk");
}

#[test]
fn a_follower_sees_each_record_once_and_never_ahead_of_the_flush() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 12_000);
        let mut tail = Tail::from(disk.clone(), directory(), None).expect("readable");
        assert_eq!(
            tail.next_batch(journal.durable_position(), 10, 1 << 20)
                .expect("readable"),
            []
        );
        let mut seen = Vec::new();
        for mid in 1..=30 {
            let before = journal.durable_position();
            commit(&journal, mid).await;
            let end = if mid % 3 == 0 {
                journal.durable_position()
            } else {
                before
            };
            seen.extend(mids(&tail.next_batch(end, 10, 1 << 20).expect("readable")));
            assert_eq!(
                seen.len() as u64,
                end.sequence,
                "everything durable, and not more"
            );
        }
        assert_eq!(seen, (1..=30).collect::<Vec<_>>());
        assert!(journal.durable_position().segment > 1 && tail.take_damage().is_empty());
    });
}

#[test]
fn a_follower_comes_back_behind_any_record() {
    let disk = written(30, 1_000, 12_000);
    let (entries, recovered) = read_all(&disk);
    for (index, entry) in entries.iter().enumerate() {
        let mut tail = Tail::from(disk.clone(), directory(), Some(entry.position)).expect("readable");
        let rest = tail.next_batch(recovered.end, 100, 1 << 20).expect("readable");
        assert_eq!(rest, entries[index + 1..]);
        assert_eq!(tail.position(), entries[29].position);
    }
}

#[test]
fn a_batch_is_bounded_in_records_and_octets() {
    let disk = written(10, 1_000, 1 << 20);
    let end = read_all(&disk).1.end;
    let mut tail = Tail::from(disk, directory(), None).expect("readable");
    assert_eq!(
        mids(&tail.next_batch(end, 3, 1 << 20).expect("readable")),
        [1, 2, 3]
    );
    assert_eq!(mids(&tail.next_batch(end, 100, 2_000).expect("readable")), [4, 5]);
    assert_eq!(mids(&tail.next_batch(end, 100, 1).expect("readable")), [6]);
}

#[test]
fn space_comes_back_oldest_first_after_delivery_and_indexing() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 12_000);
        for mid in 1..=20 {
            commit(&journal, mid).await;
        }
        let files = |disk: &SimDisk| disk.list(directory()).expect("there").len();
        let all = files(&disk);
        assert!(all > 3);
        journal.indexed_up_to(journal.durable_position());
        assert_eq!(
            journal.reclaim(&disk).expect("removable"),
            [],
            "nothing is delivered yet"
        );
        for mid in 2..=20 {
            journal.append(finished(mid)).expect("room");
        }
        assert_eq!(
            journal.unfinished_messages(),
            20,
            "an end counts when it is durable"
        );
        journal.settled().await.expect("a healthy disk");
        assert_eq!(journal.unfinished_messages(), 1);
        assert_eq!(
            journal.reclaim(&disk).expect("removable"),
            [],
            "message 1 is in the oldest"
        );
        journal.append(finished(1)).expect("room");
        journal.settled().await.expect("a healthy disk");
        journal.indexed_up_to(journal.durable_position());
        let gone = journal.reclaim(&disk).expect("removable");
        assert!(gone.len() >= all - 1 && gone.is_sorted());
        assert_eq!(files(&disk), 1, "only the one that is written stays");
    });
}

#[test]
fn recovery_knows_what_is_still_to_be_delivered_and_what_is_not() {
    let disk = written(10, 1_000, 12_000);
    on_a_shard(async {
        let journal = open(&disk, 12_000);
        assert_eq!(journal.unfinished_messages(), 10);
        for mid in 1..=10 {
            journal.append(finished(mid)).expect("room");
        }
        journal.settled().await.expect("a healthy disk");
    });
    on_a_shard(async {
        let journal = open(&disk, 12_000);
        assert_eq!(
            (journal.unfinished_messages(), journal.removable().len()),
            (0, 0),
            "nothing is indexed"
        );
        commit(&journal, 11).await;
        journal.indexed_up_to(journal.durable_position());
        let gone = journal.reclaim(&disk).expect("removable");
        assert!(gone.len() >= 2, "{gone:?}");
        assert_eq!(journal.reclaim(&disk).expect("removable"), []);
    });
    assert_eq!(mids(&read_all(&disk).0), [11]);
    let mut tail = Tail::from(disk.clone(), directory(), None).expect("readable");
    assert_eq!(
        mids(
            &tail
                .next_batch(read_all(&disk).1.end, 10, 1 << 20)
                .expect("readable")
        ),
        [11]
    );
}

#[test]
fn a_segment_of_a_later_version_stops_the_start() {
    let disk = written(1, 10, 1 << 20);
    disk.damage(&segment_path(1), |octets| {
        octets[8] = 2;
        let checksum = crc32c::crc32c(&octets[..44]);
        octets[44..48].copy_from_slice(&checksum.to_le_bytes());
    });
    let mut scan = postern_journal::recover(disk, directory()).expect("listed");
    let error = scan.next().expect("one").expect_err("not ours to read");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("later version"), "{error}");
}
