//! One search finds what was delivered, held and refused.

use crate::harness::*;
use postern_quarantine::api::{Page, Reply, Request, TrackQuery, TrackRow, TrackState};
use postern_vocab::events::{Connected, Event, Stage};
use postern_vocab::{Classification, Disposition, Mid};
use std::time::Duration;

fn track(house: &House, query: TrackQuery) -> Page<TrackRow> {
    match house.ask(Request::Track(query)) {
        Reply::Tracked(page) => page,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn every_field_narrows_the_search() {
    let house = House::new();
    house.feed(&life());
    house.store.apply(1, &held_for_bob(20, 2)).expect("feeds");
    type Narrow = fn(&mut TrackQuery);
    let rows: [(Narrow, usize, &str); 13] = [
        (|query| query.from = text("BOUNCE@"), 3, "part of the sender"),
        (
            |query| query.to = text("carl@example.com"),
            1,
            "a refused recipient",
        ),
        (|query| query.to = text("@example.com"), 3, "a domain"),
        (|query| query.to = text("@ample.com"), 0, "not half a domain"),
        (|query| query.subject = text("OFFER buy"), 3, "words in any order"),
        (
            |query| query.message_id = text("<message-20@EXAMPLE.org>"),
            1,
            "Message-ID",
        ),
        (
            |query| query.message_id = text("message-2"),
            0,
            "not a part of one",
        ),
        (|query| query.ip = text("192.0.2.0/24"), 3, "a network"),
        (|query| query.ip = text("192.0.2.8"), 0, "another address"),
        (|query| query.rejected = true, 1, "anything refused"),
        (|query| query.state = Some(TrackState::Quarantined), 3, "a state"),
        (
            |query| query.since = Some(NOW.plus(Duration::from_secs(20))),
            2,
            "since",
        ),
        (
            |query| query.until = Some(NOW.plus(Duration::from_secs(20))),
            1,
            "until",
        ),
    ];
    for (narrow, count, reason) in rows {
        let mut query = TrackQuery::default();
        narrow(&mut query);
        assert_eq!(track(&house, query).rows.len(), count, "{reason}");
    }
}

#[test]
fn pages_follow_each_other_newest_first_without_gap_or_repeat() {
    let house = House::new();
    house.feed(&held_for_bob(1, 25));
    let mut query = TrackQuery {
        limit: 10,
        ..TrackQuery::default()
    };
    let mut mids = Vec::new();
    loop {
        let page = track(&house, query.clone());
        mids.extend(page.rows.iter().filter_map(|row| row.mid));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let newest_first: Vec<_> = (1..=25).rev().map(Mid).collect();
    assert_eq!(mids, newest_first);
}

#[test]
fn a_policy_or_a_sender_group_finds_what_came_by_it_refused_or_not() {
    let classification = Classification {
        sender_group: "SUSPECTLIST".to_owned(),
        flow_policy: "THROTTLED".to_owned(),
        ..Classification::default()
    };
    let house = House::new();
    let classified = |icid| {
        let Event::Connected(connected) = connected(icid) else {
            panic!("a connection")
        };
        Event::Connected(Connected {
            classification: classification.clone(),
            ..connected
        })
    };
    let mut message = message(10, &[("ann@example.com", Disposition::Deliver)]);
    message.facts.as_mut().expect("judged").classification = classification.clone();
    let mut mail_refused = refused(2, Stage::Recipient);
    mail_refused.mid = Some(Mid(11));
    house.feed(&numbered(
        1,
        vec![
            at(0, classified(1)),
            accepted(1, message),
            at(2, classified(2)),
            at(3, Event::Refused(mail_refused)),
            at(4, classified(3)),
            at(5, Event::Refused(refused(3, Stage::Connect))),
            at(6, connected(4)),
            at(7, Event::Refused(refused(4, Stage::Connect))),
        ],
    ));
    let rows = [
        ("THROTTLED", 3),
        ("throttled", 3),
        ("suspectlist", 3),
        ("THROTTLE", 0),
        ("TRUSTED", 0),
    ];
    for (policy, count) in rows {
        let query = TrackQuery {
            policy: text(policy),
            ..TrackQuery::default()
        };
        assert_eq!(track(&house, query).rows.len(), count, "{policy}");
    }
    assert_eq!(track(&house, TrackQuery::default()).rows.len(), 4, "all there is");
}
