//! Digests and their links.

use crate::harness::*;
use postern_quarantine::Settings;
use postern_quarantine::api::{DigestContent, Failure, HeldAction, LinkView, Reply, Request, Role, Who};
use postern_vocab::events::Origin;
use postern_vocab::{ListOwner, Mid, ReversePath, limits};
use std::time::Duration;

const BOB: &str = "bob@example.com";

fn content(house: &House) -> DigestContent {
    match house.ask(Request::DigestContent {
        mailbox: BOB.to_owned(),
    }) {
        Reply::Digest(content) => content,
        other => panic!("{other:?}"),
    }
}

fn due(house: &House) -> Vec<String> {
    match house.ask(Request::DigestDue) {
        Reply::Mailboxes(mailboxes) => mailboxes,
        other => panic!("{other:?}"),
    }
}

fn link(house: &House, request: Request) -> LinkView {
    match house.portal.ask(Who::Anyone, request) {
        Ok(Reply::Link(view)) => *view,
        other => panic!("{other:?}"),
    }
}

fn send(house: &House, from: &str) -> Result<(), Failure> {
    let message = format!("From: Postern <{from}>\r\nTo: <{BOB}>\r\n\r\nheld\r\n").into_bytes();
    let request = Request::DigestSend {
        mailbox: BOB.to_owned(),
        message,
    };
    match house.operator.ask(Who::Operator, request) {
        Ok(Reply::Submitted { mid }) => {
            assert_eq!(mid, Mid(99));
            Ok(())
        }
        Err(postern_quarantine::api::DoorError::Failed(failure)) => Err(failure),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_digest_tells_each_row_once_and_only_what_it_told() {
    let house = House::new();
    house.feed(&held_for_bob(1, 52));
    house.store.apply(1, &life()).expect("feeds");
    assert_eq!(due(&house), [BOB]);
    let told = content(&house);
    assert_eq!((told.rows.len(), told.more), (limits::DIGEST_ROWS_MAX, 3));
    house.feed(&held_for_bob(60, 1));
    let (sent, given) = house.with_mail_side(Ok(Mid(99)), || send(&house, "postern@example.com"));
    sent.expect("sent");
    assert_eq!(given.len(), 1);
    assert_eq!((&given[0].origin, given[0].mid), (&Origin::Digest, None));
    assert_eq!(given[0].envelope.sender, ReversePath::Null);
    assert_eq!(given[0].envelope.recipients.len(), 1);
    assert_eq!(due(&house), [BOB], "what came after the content is not told yet");
    content(&house);
    house
        .with_mail_side(Ok(Mid(99)), || send(&house, "postern@example.com"))
        .0
        .expect("sent");
    assert_eq!(due(&house), Vec::<String>::new());
}

#[test]
fn a_digest_in_anothers_name_is_not_sent() {
    let house = House::new();
    let (sent, given) = house.with_mail_side(Ok(Mid(99)), || send(&house, "ceo@example.com"));
    assert!(matches!(sent, Err(Failure::Invalid(_))), "{sent:?}");
    assert!(given.is_empty());
}

#[test]
fn looking_changes_nothing_and_acting_twice_does_it_once() {
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let token = content(&house).rows.remove(0).token;
    for _ in 0..2 {
        let view = link(&house, Request::LinkView { token: token.clone() });
        assert_eq!((view.actions.len(), view.done), (4, None));
    }
    let action = HeldAction::ReleaseAndSafelist;
    let (views, given) = house.with_mail_side(Ok(Mid(0)), || {
        [(); 2].map(|()| {
            link(
                &house,
                Request::LinkAct {
                    token: token.clone(),
                    action,
                },
            )
        })
    });
    assert_eq!(given.len(), 1);
    assert_eq!(
        given[0].origin,
        Origin::Release {
            by: "digest link".to_owned()
        }
    );
    assert!(views[0].actions.is_empty() && views[1].actions.is_empty());
    assert!(
        views[0]
            .done
            .as_ref()
            .is_some_and(|done| done.starts_with("released; ")),
        "{:?}",
        views[0].done
    );
    assert_eq!(
        views[1].done.as_deref(),
        Some("released at 2026-11-21 22:00 UTC by digest link")
    );
    let lists = house.store.lists().expect("reads");
    assert!(
        lists
            .iter()
            .all(|one| one.owner == ListOwner::Mailbox(BOB.to_owned()) && one.added_by == "digest")
    );
    assert_eq!(lists.len(), 2);
}

#[test]
fn a_link_to_a_virus_offers_nothing() {
    let house = House::new();
    house.feed(&numbered(
        1,
        vec![accepted(0, message(10, &[(BOB, held_in("virus"))]))],
    ));
    let token = content(&house).rows.remove(0).token;
    assert!(
        link(&house, Request::LinkView { token: token.clone() })
            .actions
            .is_empty()
    );
    for action in HeldAction::ALL {
        let failure = house.refused(
            Who::Anyone,
            Request::LinkAct {
                token: token.clone(),
                action,
            },
        );
        assert!(matches!(failure, Failure::Forbidden(_)), "{failure:?}");
    }
}

#[test]
fn changed_foreign_and_old_links_are_refused() {
    fn late() -> postern_vocab::Timestamp {
        NOW.plus(RETENTION + Duration::from_secs(10))
    }
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let token = content(&house).rows.remove(0).token;
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let failure = house.refused(Who::Anyone, Request::LinkView { token: changed });
        assert!(matches!(failure, Failure::Invalid(_)), "octet {at}: {failure:?}");
    }
    let other = House::new();
    other.feed(&held_for_bob(10, 1));
    let failure = other.refused(Who::Anyone, Request::LinkView { token: token.clone() });
    assert!(
        matches!(failure, Failure::Invalid(_)),
        "another appliance's: {failure:?}"
    );

    let House {
        dir, store, mut door, ..
    } = house;
    door.take().expect("open").close();
    drop(store);
    let house = House::in_dir(
        dir,
        Settings {
            clock: late,
            ..settings()
        },
    );
    let failure = house.refused(Who::Anyone, Request::LinkView { token });
    assert!(
        matches!(&failure, Failure::NotFound(text) if text.contains("good until 2026-12-05")),
        "{failure:?}"
    );
}

#[test]
fn a_user_gets_their_own_digest_content() {
    let house = House::new();
    house.feed(&held_for_bob(10, 1));
    let bob = house.user(BOB, Role::User);
    let reply = house.portal.ask(
        bob,
        Request::DigestContent {
            mailbox: "BOB@example.com".to_owned(),
        },
    );
    assert!(matches!(reply, Ok(Reply::Digest(content)) if content.rows.len() == 1));
}
