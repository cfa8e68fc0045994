//! Releasing and deleting: once, for one recipient, and never lost.

use crate::harness::*;
use postern_quarantine::api::{
    Failure, HeldAction, HeldFilter, HeldOutcome, HeldStatus, Reply, Request, Role, Subject, TrackState, Who,
};
use postern_vocab::events::{Event, Origin, Outcome};
use postern_vocab::{Disposition, Mid, Rid};

fn act(house: &House, who: &Who, action: HeldAction, mid: u64, rid: u16) -> HeldOutcome {
    let request = Request::HeldAct {
        keys: vec![key(mid, rid)],
        action,
    };
    match house.portal.ask(who.clone(), request) {
        Ok(Reply::HeldDone(mut outcomes)) => outcomes.remove(0),
        other => panic!("{other:?}"),
    }
}

fn state(house: &House, mid: u64) -> TrackState {
    match house.ask(Request::Show(Subject::Mid(Mid(mid)))) {
        Reply::Detail(detail) => detail.row.state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn released_twice_it_is_submitted_once_to_the_one_recipient() {
    let house = House::new();
    house.feed(&life());
    let bob = house.user("bob@example.com", Role::User);
    let (outcomes, given) = house.with_mail_side(Ok(Mid(0)), || {
        [
            act(&house, &bob, HeldAction::Release, 10, 1),
            act(&house, &bob, HeldAction::Release, 10, 1),
        ]
    });
    assert_eq!((outcomes[0].done, outcomes[0].text.as_str()), (true, "released"));
    assert!(!outcomes[1].done);
    assert_eq!(
        outcomes[1].text,
        "already released at 2026-11-21 22:00 UTC by bob@example.com"
    );

    assert_eq!(given.len(), 1);
    let one = &given[0];
    assert_eq!(one.mid, Some(Mid(10)));
    assert_eq!(
        one.origin,
        Origin::Release {
            by: "bob@example.com".to_owned()
        }
    );
    assert_eq!(one.envelope.recipients.len(), 2, "the original envelope");
    assert_eq!(
        one.decision
            .rids(|disposition| *disposition == Disposition::Deliver),
        [Rid(1)]
    );
    assert_eq!(one.decision.recipients.len(), 1, "nobody else is named");
    assert_eq!(one.trace_header, "Received: here\r\n");
    assert_eq!(one.cuts, [(3, 7)]);
    assert_eq!(one.content, "Subject: x\r\n\r\nthe body\r\n");
    assert_eq!(state(&house, 10), TrackState::Released);
}

#[test]
fn its_own_record_confirms_a_release() {
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let bob = house.user("bob@example.com", Role::User);
    let ((), given) = house.with_mail_side(Ok(Mid(0)), || {
        act(&house, &bob, HeldAction::Release, 10, 0);
    });
    assert_eq!(
        house.store.unconfirmed_releases().expect("reads"),
        given,
        "until it is fed"
    );
    let mut release = message(10, &[("bob@example.com", Disposition::Deliver)]);
    release.origin = given[0].origin.clone();
    release.facts = None;
    house.feed(&numbered(
        11,
        vec![
            at(20, Event::Accepted(release)),
            at(21, attempted(10, &[0], Outcome::Delivered)),
        ],
    ));
    assert_eq!(house.store.unconfirmed_releases().expect("reads"), []);
    assert_eq!(state(&house, 10), TrackState::Delivered);
}

#[test]
fn a_crash_between_mark_and_submission_loses_nothing() {
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let bob = house.user("bob@example.com", Role::User);
    // The mail side takes the message and dies without an answer.
    let submitted = house.submitted.clone();
    let dying = std::thread::spawn(move || drop(submitted.recv().expect("given")));
    let outcome = act(&house, &bob, HeldAction::Release, 10, 0);
    dying.join().expect("ends");
    assert!(outcome.done, "{}", outcome.text);
    let house = house.again();
    let again = house.store.unconfirmed_releases().expect("reads");
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].mid, Some(Mid(10)));
    assert_eq!(again[0].content, "Subject: x\r\n\r\nthe body\r\n");
    let late = NOW.plus(RETENTION * 2);
    assert_eq!(house.store.expire(late).expect("expires"), 0);
    assert_eq!(
        house.store.unconfirmed_releases().expect("reads").len(),
        1,
        "a pending release keeps its content"
    );
    let mut release = message(10, &[("bob@example.com", Disposition::Deliver)]);
    release.origin = again[0].origin.clone();
    release.facts = None;
    house.feed(&numbered(11, vec![at(20, Event::Accepted(release))]));
    house.store.expire(late).expect("expires");
    let Reply::HeldMessage(message) = house.ask(Request::HeldShow(key(10, 0))) else {
        panic!("shown")
    };
    assert_eq!(message.content, b"", "and loses it when it is confirmed");
}

#[test]
fn what_the_mail_side_refuses_is_still_held() {
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let bob = house.user("bob@example.com", Role::User);
    let (outcome, _) = house.with_mail_side(Err("the disk is full".to_owned()), || {
        act(&house, &bob, HeldAction::Release, 10, 0)
    });
    assert!(!outcome.done);
    assert_eq!(outcome.text, "not released: the disk is full; it is still held");
    assert_eq!(house.store.unconfirmed_releases().expect("reads"), []);
    assert_eq!(state(&house, 10), TrackState::Quarantined);
    let (outcome, given) = house.with_mail_side(Ok(Mid(0)), || act(&house, &bob, HeldAction::Release, 10, 0));
    assert!(outcome.done && given.len() == 1, "and can be released later");
}

#[test]
fn a_virus_is_released_by_an_administrator_only() {
    let house = House::new();
    house.feed(&numbered(
        1,
        vec![accepted(0, message(10, &[("bob@example.com", held_in("virus"))]))],
    ));
    let bob = house.user("bob@example.com", Role::User);
    for action in [HeldAction::Release, HeldAction::ReleaseAndSafelist] {
        let request = Request::HeldAct {
            keys: vec![key(10, 0)],
            action,
        };
        let failure = house.refused(bob.clone(), request);
        assert!(
            matches!(&failure, Failure::Forbidden(text) if text.contains("administrator")),
            "{failure:?}"
        );
    }
    assert!(
        house.changes.lock().expect("whole").is_empty(),
        "and nothing was listed"
    );
    let admin = house.user("admin", Role::Admin);
    let (outcome, given) =
        house.with_mail_side(Ok(Mid(0)), || act(&house, &admin, HeldAction::Release, 10, 0));
    assert!(outcome.done && given.len() == 1);
}

#[test]
fn deleted_content_is_gone_when_nobody_else_holds_it() {
    let house = House::new();
    let both = message(
        10,
        &[
            ("ann@example.com", held_in("spam")),
            ("bob@example.com", held_in("spam")),
        ],
    );
    house.feed(&numbered(1, vec![accepted(0, both)]));
    let (ann, bob) = (
        house.user("ann@example.com", Role::User),
        house.user("bob@example.com", Role::User),
    );
    assert!(act(&house, &ann, HeldAction::Delete, 10, 0).done);
    let content = |who: &Who, rid| match house.portal.ask(who.clone(), Request::HeldShow(key(10, rid))) {
        Ok(Reply::HeldMessage(message)) => (message.row.status, message.content.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(content(&bob, 1), (HeldStatus::Held, 24));
    assert!(act(&house, &bob, HeldAction::Delete, 10, 1).done);
    assert_eq!(content(&bob, 1), (HeldStatus::Deleted, 0));
    assert_eq!(house.held(bob.clone(), HeldFilter::default()), []);
    let all = HeldFilter {
        all: true,
        ..HeldFilter::default()
    };
    assert_eq!(house.held(bob, all).len(), 1);
    assert_eq!(state(&house, 10), TrackState::Deleted);
}
