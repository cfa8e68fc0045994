//! One search finds what was delivered, held and refused.

use crate::harness::*;
use postern_quarantine::api::{Page, Reply, Request, TrackQuery, TrackRow, TrackState};
use postern_vocab::Mid;
use std::time::Duration;

fn track(house: &House, query: TrackQuery) -> Page<TrackRow> {
    match house.ask(Request::Track(query)) {
        Reply::Tracked(page) => page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_narrows_the_search() {
    let house = House::new();
    house.feed(&life());
    house.store.apply(1, &held_for_bob(20, 2)).expect("feeds");
    let some = |text: &str| Some(text.to_owned());
    let rows = [
        (
            TrackQuery {
                from: some("BOUNCE@"),
                ..TrackQuery::default()
            },
            3,
            "part of the sender",
        ),
        (
            TrackQuery {
                to: some("carl@example.com"),
                ..TrackQuery::default()
            },
            1,
            "a refused recipient",
        ),
        (
            TrackQuery {
                to: some("@example.com"),
                ..TrackQuery::default()
            },
            3,
            "a domain",
        ),
        (
            TrackQuery {
                to: some("@ample.com"),
                ..TrackQuery::default()
            },
            0,
            "not half a domain",
        ),
        (
            TrackQuery {
                subject: some("OFFER buy"),
                ..TrackQuery::default()
            },
            3,
            "words in any order",
        ),
        (
            TrackQuery {
                message_id: some("<message-20@EXAMPLE.org>"),
                ..TrackQuery::default()
            },
            1,
            "Message-ID",
        ),
        (
            TrackQuery {
                message_id: some("message-2"),
                ..TrackQuery::default()
            },
            0,
            "not a part of one",
        ),
        (
            TrackQuery {
                ip: some("192.0.2.0/24"),
                ..TrackQuery::default()
            },
            3,
            "a network",
        ),
        (
            TrackQuery {
                ip: some("192.0.2.8"),
                ..TrackQuery::default()
            },
            0,
            "another address",
        ),
        (
            TrackQuery {
                rejected: true,
                ..TrackQuery::default()
            },
            1,
            "anything refused",
        ),
        (
            TrackQuery {
                state: Some(TrackState::Quarantined),
                ..TrackQuery::default()
            },
            3,
            "a state",
        ),
        (
            TrackQuery {
                since: Some(NOW.plus(Duration::from_secs(20))),
                ..TrackQuery::default()
            },
            2,
            "since",
        ),
        (
            TrackQuery {
                until: Some(NOW.plus(Duration::from_secs(20))),
                ..TrackQuery::default()
            },
            1,
            "until",
        ),
    ];
    for (query, count, reason) in rows {
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
