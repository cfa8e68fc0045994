//! What was fed is found, once, also after the store was closed or broken off.

use crate::harness::*;
use postern_quarantine::api::{
    Detail, HeldStatus, RecipientState, Reply, Request, Subject, TrackQuery, TrackState,
};
use postern_quarantine::{Door, DoorOpenError, Mail, Store, StoreError};
use postern_vocab::events::{Event, Incident, IncidentKind, Outcome, Stage};
use postern_vocab::{Dcid, Disposition, Icid, Mid, Rid};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

fn show(house: &House, subject: Subject) -> Detail {
    match house.ask(Request::Show(subject)) {
        Reply::Detail(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_happened_within_one_millisecond_is_told_in_its_order() {
    let house = House::new();
    house.feed(&numbered(
        1,
        vec![
            at(0, connected(1)),
            accepted(0, message(10, &[("ann@example.com", Disposition::Deliver)])),
            at(0, disconnected(1, &[])),
        ],
    ));
    let texts: Vec<String> = show(&house, Subject::Mid(Mid(10)))
        .timeline
        .into_iter()
        .map(|one| one.text)
        .collect();
    assert!(
        texts[0].contains("connected from") && texts[1].contains("accepted"),
        "{texts:?}"
    );
    assert!(texts[texts.len() - 1].contains("disconnected"), "{texts:?}");
}

#[test]
fn a_message_tells_every_recipients_fate_from_the_first_packet_on() {
    let house = House::new();
    house.feed(&life());
    let detail = show(&house, Subject::Mid(Mid(10)));
    assert_eq!(
        detail.row.state,
        TrackState::Quarantined,
        "what most wants attention"
    );
    assert_eq!(detail.row.reason, "quarantine \"spam\": spam, score 93");
    let fate = |address: &str| {
        let one = detail.recipients.iter().find(|one| one.recipient == address);
        one.map(|one| one.state.word())
    };
    assert_eq!(fate("ann@example.com"), Some(TrackState::Delivered));
    assert_eq!(fate("Bob@example.com"), Some(TrackState::Quarantined));
    assert_eq!(fate("carl@example.com"), Some(TrackState::Refused));
    assert!(detail.timeline[0].text.contains("connected from 192.0.2.7"));
    assert!(detail.timeline.is_sorted_by_key(|entry| entry.at));
    assert!(
        detail
            .timeline
            .iter()
            .any(|entry| entry.text.contains("delivered to 10.0.0.5:25 by DCID 5"))
    );
    assert!(
        detail.disconnected.is_some_and(|end| end.conversation.len() == 2),
        "the conversation is there"
    );
    assert_eq!(detail.facts.map(|facts| facts.mid), Some(Mid(10)));

    let connection = show(&house, Subject::Icid(Icid(1)));
    assert_eq!(connection.messages, [Mid(10)]);
    assert_eq!(connection.row.helo.as_deref(), Some("mx.example.net"));
    let delivery = show(&house, Subject::Dcid(Dcid(5)));
    assert_eq!(
        (delivery.messages, delivery.row.state),
        (vec![Mid(10)], TrackState::Delivered)
    );
    assert_eq!(house.store.highest_ids(), (Icid(1), Mid(10), Dcid(5)));
}

#[test]
fn feeding_the_same_batch_again_changes_nothing() {
    let house = House::new();
    house.feed(&life());
    let before = (show(&house, Subject::Mid(Mid(10))), house.ask(Request::Health));
    house.feed(&life());
    let after = (show(&house, Subject::Mid(Mid(10))), house.ask(Request::Health));
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    let upto = house.store.fed_up_to(0).expect("reads").expect("fed");
    assert_eq!((upto.sequence, upto.position), (8, b"8".to_vec()));
    let mut overlapping = life();
    overlapping.extend(numbered(9, vec![at(8, Event::Finished { mid: Mid(10) })]));
    house.feed(&overlapping);
    let Reply::Health(health) = house.ask(Request::Health) else {
        panic!("health")
    };
    assert_eq!(health.counts.get("accepted"), Some(&1), "only what is new counts");
    assert_eq!(house.store.fed_up_to(1).expect("reads"), None, "another shard");
}

#[test]
fn what_was_synced_is_there_after_a_restart() {
    let house = House::new();
    house.feed(&life());
    house.store.sync().expect("syncs");
    let house = house.again();
    assert_eq!(show(&house, Subject::Mid(Mid(10))).recipients.len(), 3);
    assert_eq!(house.store.highest_ids(), (Icid(1), Mid(10), Dcid(5)));
    let Reply::Health(health) = house.ask(Request::Health) else {
        panic!("health")
    };
    assert_eq!(
        (health.held, health.queued, health.version.as_str()),
        (1, 0, "1.2.3")
    );
    assert_eq!(health.counts.get("delivered"), Some(&1));
    assert_eq!(health.counts.get("refused"), Some(&1));
}

#[test]
fn a_message_to_be_held_without_its_content_is_not_taken() {
    let house = House::new();
    let mut batch = held_for_bob(1, 1);
    batch[0].body = None;
    let error = house.store.apply(0, &batch).expect_err("refused");
    assert!(matches!(error, StoreError::NoBody(Mid(1))), "{error}");
    assert_eq!(house.store.fed_up_to(0).expect("reads"), None);
}

#[test]
fn deferral_and_bounce_are_last_states_and_count_as_queued_until_the_end() {
    let house = House::new();
    let next_at = NOW.plus(Duration::from_secs(60));
    let queued = |house: &House| match house.ask(Request::Health) {
        Reply::Health(health) => health.queued,
        other => panic!("{other:?}"),
    };
    house.feed(&numbered(
        1,
        vec![
            accepted(0, message(10, &[("ann@example.com", Disposition::Deliver)])),
            at(1, attempted(10, &[0], Outcome::Deferred { next_at })),
        ],
    ));
    assert_eq!(
        show(&house, Subject::Mid(Mid(10))).row.state,
        TrackState::Deferred
    );
    assert_eq!(queued(&house), 1);
    house.feed(&numbered(
        3,
        vec![at(
            2,
            attempted(10, &[0], Outcome::Bounced { dsn: Some(Mid(11)) }),
        )],
    ));
    let detail = show(&house, Subject::Mid(Mid(10)));
    assert_eq!(detail.row.state, TrackState::Bounced);
    assert!(matches!(
        detail.recipients[0].state,
        RecipientState::Bounced {
            dsn: Some(Mid(11)),
            ..
        }
    ));
    assert_eq!(queued(&house), 0);
    assert_eq!(
        house.store.highest_ids().1,
        Mid(11),
        "the bounce's own id is given out too"
    );
}

#[test]
fn held_mail_expires_and_stays_in_tracking() {
    let house = House::new();
    house.feed(&life());
    assert_eq!(
        house.store.expire(NOW.plus(RETENTION)).expect("expires"),
        0,
        "it came 2 seconds later"
    );
    let late = NOW.plus(RETENTION + Duration::from_secs(2));
    assert_eq!(house.store.expire(late).expect("expires"), 1);
    assert_eq!(house.store.expire(late).expect("expires"), 0);
    let detail = show(&house, Subject::Mid(Mid(10)));
    assert_eq!(detail.row.state, TrackState::Expired);
    let Reply::HeldMessage(message) = house.ask(Request::HeldShow(key(10, 1))) else {
        panic!("shown")
    };
    assert_eq!(
        (message.row.status, message.content.len()),
        (HeldStatus::Expired, 0)
    );
    let later = late.plus(Duration::from_secs(31 * 24 * 3_600));
    assert_eq!(house.store.expire(later).expect("expires"), 0);
    assert!(matches!(
        house.operator.ask(
            postern_quarantine::api::Who::Operator,
            Request::HeldShow(key(10, 1))
        ),
        Err(postern_quarantine::api::DoorError::Failed(
            postern_quarantine::api::Failure::NotFound(_)
        ))
    ));
    assert_eq!(
        show(&house, Subject::Mid(Mid(10))).recipients.len(),
        3,
        "tracking keeps it"
    );
}

#[test]
fn a_release_that_is_fed_before_its_message_stays_released() {
    let house = House::new();
    let mut release = message(10, &[("bob@example.com", Disposition::Deliver)]);
    release.origin = postern_vocab::events::Origin::Release {
        by: "bob@example.com".to_owned(),
    };
    release.facts = None;
    house
        .store
        .apply(1, &numbered(1, vec![at(9, Event::Accepted(release))]))
        .expect("feeds");
    house.feed(&held_for_bob(10, 1));
    let detail = show(&house, Subject::Mid(Mid(10)));
    assert_eq!(detail.recipients.len(), 1);
    assert_eq!(detail.recipients[0].rid, Some(Rid(0)));
    assert_eq!(detail.row.state, TrackState::Released);
}

#[test]
fn a_second_process_is_told_what_is_wrong() {
    let house = House::new();
    let Err(error) = Store::open(&house.dir.path().join("index"), settings()) else {
        panic!("opened twice")
    };
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("running already"), "{error}");
}

#[test]
fn sockets_are_private_and_a_stale_one_is_replaced() {
    let mut house = House::new();
    let operator = house.run_dir().join("operator.sock");
    let portal = house.run_dir().join("portal.sock");
    let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&operator), mode(&portal)), (0o600, 0o660));

    let mail = || Mail {
        submit: crossbeam::channel::bounded(1).0,
        lists_changed: Box::new(|_| {}),
        gateway: Box::new(crate::harness::Idle),
    };
    let second = Door::open(&house.run_dir(), Arc::clone(&house.store), mail());
    assert!(matches!(second, Err(DoorOpenError::InUse { .. })));

    house.ask(Request::Health);
    house.door.take().expect("open").close();
    assert!(!is_there(&operator) && !is_there(&portal), "closing removes them");
    drop(std::os::unix::net::UnixListener::bind(&operator).expect("a socket left behind"));
    let third = Door::open(&house.run_dir(), Arc::clone(&house.store), mail()).expect("opens");
    house.ask(Request::Health);
    third.close();
}

#[test]
fn refused_and_empty_connections_are_rows_of_the_same_search() {
    let house = House::new();
    let mut sender = refused(3, Stage::Sender);
    sender.sender = Some(postern_vocab::ReversePath::Mailbox(
        "evil@example.net".parse().expect("valid"),
    ));
    house.feed(&numbered(
        1,
        vec![
            at(0, connected(2)),
            at(0, Event::Refused(refused(2, Stage::Connect))),
            at(1, disconnected(2, &[])),
            at(2, connected(3)),
            at(3, Event::Refused(sender)),
            at(4, connected(4)),
            at(
                5,
                disconnected(
                    4,
                    &[
                        "ehlo probe.example.net",
                        "MAIL FROM:<a@example.net> SIZE=5",
                        "RCPT TO:<ann@example.com>",
                    ],
                ),
            ),
        ],
    ));
    let Reply::Tracked(page) = house.ask(Request::Track(TrackQuery::default())) else {
        panic!("tracked")
    };
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.icid, row.state, row.sender.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            (Some(Icid(4)), TrackState::Empty, Some("a@example.net")),
            (Some(Icid(3)), TrackState::Refused, Some("evil@example.net")),
            (Some(Icid(2)), TrackState::Refused, None),
        ]
    );
    assert_eq!(page.rows[0].helo.as_deref(), Some("probe.example.net"));
    assert_eq!(page.rows[0].recipients, ["ann@example.com"]);
    assert_eq!(page.rows[1].reason, "550 5.7.1 Not wanted here (test rule)");
}

#[test]
fn a_message_that_broke_off_is_found_although_another_came_through() {
    let house = House::new();
    let aborted = Incident {
        icid: Icid(1),
        kind: IncidentKind::Aborted,
        detail: "after 100 octets".to_owned(),
    };
    let said = [
        "MAIL FROM:<bounce@example.net>",
        "RCPT TO:<ann@example.com>",
        "MAIL FROM:<second@example.net>",
        "RCPT TO:<bob@example.com>",
    ];
    house.feed(&numbered(
        1,
        vec![
            accepted(0, message(10, &[("ann@example.com", Disposition::Deliver)])),
            at(1, Event::Incident(aborted)),
            at(2, disconnected(1, &said)),
        ],
    ));
    let query = TrackQuery {
        state: Some(TrackState::Aborted),
        ..TrackQuery::default()
    };
    let Reply::Tracked(page) = house.ask(Request::Track(query)) else {
        panic!("tracked")
    };
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.rows[0].sender.as_deref(), Some("second@example.net"));
    assert_eq!(page.rows[0].recipients, ["bob@example.com"]);
}
