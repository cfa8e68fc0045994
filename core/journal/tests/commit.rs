//! Groups, and what a failing disk means to those who wait.

mod common;

use common::*;
use postern_journal::{Journal, JournalError, SimDisk};
use postern_vocab::limits::COMMIT_WAITING_MAX;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use tokio::task::{spawn_local, yield_now};

async fn commit(journal: &Journal<SimDisk>, mid: u64) -> Result<(), JournalError> {
    let body = body(mid, 500);
    journal
        .commit(accepted(mid, &body), body)
        .await
        .map(|durable| assert_eq!(durable.mid().0, mid))
}

#[test]
fn sessions_share_a_flush() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        let sessions: Vec<_> = (0..50)
            .map(|session| {
                let journal = journal.clone();
                spawn_local(async move {
                    for turn in 0..10 {
                        commit(&journal, session * 10 + turn + 1)
                            .await
                            .expect("a healthy disk");
                    }
                })
            })
            .collect();
        for session in sessions {
            session.await.expect("no panic");
        }
    });
    assert_eq!(read_all(&disk).0.len(), 500);
    let syncs = disk.operations().syncs;
    assert!(
        (10..=20).contains(&syncs),
        "{syncs} syncs for 10 turns of 50 sessions"
    );
    assert_eq!(disk.operations().writes, syncs, "one write a group");
}

#[test]
fn a_lone_message_is_flushed_at_once_and_the_shard_is_told() {
    let (disk, told) = (SimDisk::new(), Rc::new(RefCell::new(Vec::new())));
    on_a_shard(async {
        let heard = Rc::clone(&told);
        let on_durable = Box::new(move |end| heard.borrow_mut().push(end));
        let journal = Journal::open(disk.clone(), read_all(&disk).1, settings(1 << 20), on_durable);
        let running = journal.clone();
        spawn_local(async move { running.run().await });
        commit(&journal, 1).await.expect("a healthy disk");
        assert_eq!(*told.borrow(), [journal.durable_position()]);
    });
    assert_eq!(disk.operations().syncs, 1);
    assert_eq!(read_all(&disk).1.end, told.borrow()[0]);
}

#[test]
fn too_many_waiting_is_said_and_passes() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        for mid in 0..COMMIT_WAITING_MAX as u64 {
            journal.append(finished(mid)).expect("room");
        }
        let error = commit(&journal, 1).await.expect_err("no room for messages");
        assert_eq!((error.is_temporary(), error.reply().code), (true, 452));
        journal.append(finished(1)).expect("still room for outcomes");
        journal.settled().await.expect("a healthy disk");
        commit(&journal, 1).await.expect("room again");
    });
}

#[test]
fn a_full_disk_refuses_and_recovers_by_itself() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        commit(&journal, 1).await.expect("room");
        // One more message fits, but not the group it is in: it must not come back as if it had been accepted.
        let end = journal.durable_position().offset;
        disk.set_capacity_bytes(Some(end + (end - 8_192) + 200));
        let two = {
            let journal = journal.clone();
            spawn_local(async move { commit(&journal, 2).await })
        };
        let three = {
            let journal = journal.clone();
            spawn_local(async move { commit(&journal, 3).await })
        };
        journal.append(finished(1)).expect("room to wait");
        for session in [two, three] {
            let error = session.await.expect("no panic").expect_err("no room");
            assert!(matches!(error, JournalError::DiskFull { .. }), "{error}");
            assert_eq!((error.is_temporary(), error.reply().code), (true, 452));
        }
        for _ in 0..100 {
            yield_now().await;
        }
        let operations = disk.operations().total();
        assert!(
            operations < 10,
            "{operations} operations: it does not try again in a circle"
        );
        assert!(
            commit(&journal, 4)
                .await
                .expect_err("still no room")
                .is_temporary()
        );
        disk.set_capacity_bytes(None);
        commit(&journal, 5).await.expect("room again");
    });
    for crash in [false, true] {
        if crash {
            disk.crash(1);
        }
        let mids: Vec<_> = read_all(&disk)
            .0
            .iter()
            .map(|entry| (mid_of(entry), is_accepted(entry)))
            .collect();
        assert_eq!(
            mids,
            [(1, true), (1, false), (5, true)],
            "what nobody waited for was kept"
        );
    }
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_it_is_opened_again() {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        commit(&journal, 1).await.expect("a healthy disk");
        disk.fail_nth(2, ErrorKind::StorageFull);
        for mid in 2..5 {
            let error = commit(&journal, mid).await.expect_err("failed");
            assert!(
                matches!(&error, JournalError::Failed { cause, .. } if cause.contains("sync")),
                "{error}"
            );
            assert_eq!((error.is_temporary(), error.reply().code), (false, 452));
        }
        assert!(journal.append(finished(1)).is_err() && journal.settled().await.is_err());
        assert!(journal.failure().is_some());
    });
    disk.crash(7);
    on_a_shard(async {
        commit(&open(&disk, 1 << 20), 6).await.expect("opened again");
    });
    let mids: Vec<_> = read_all(&disk).0.iter().map(mid_of).collect();
    assert!(mids.contains(&1) && mids.contains(&6), "{mids:?}");
}

/// Twenty messages, one after the other, over several segments; the ones that got their 250.
fn twenty(disk: &SimDisk) -> Vec<(u64, Result<(), JournalError>)> {
    on_a_shard(async {
        let journal = open(disk, 10_000);
        let mut outcomes = Vec::new();
        for mid in 1..=20 {
            outcomes.push((mid, commit(&journal, mid).await));
        }
        outcomes
    })
}

#[test]
fn every_operation_may_fail_once() {
    let healthy = SimDisk::new();
    twenty(&healthy);
    for nth in 1..=healthy.operations().total() {
        for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
            let disk = SimDisk::new();
            disk.fail_nth(nth, kind);
            let outcomes = twenty(&disk);
            let refused: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).collect();
            let permanent = refused
                .iter()
                .any(|(_, outcome)| outcome.as_ref().is_err_and(|error| !error.is_temporary()));
            match permanent {
                true => assert_eq!(
                    refused.last().map(|one| one.0),
                    Some(20),
                    "nothing after a failure"
                ),
                false => assert_eq!(refused.len(), 1, "operation {nth}, {kind}: one refused, then on"),
            }
            disk.crash(nth);
            let left = intact(&disk, &read_all(&disk).0, 500);
            let acknowledged = outcomes.iter().filter(|(_, outcome)| outcome.is_ok());
            for (mid, _) in acknowledged {
                assert!(
                    left.contains(mid),
                    "operation {nth}, {kind}: message {mid} is lost"
                );
            }
        }
    }
}
