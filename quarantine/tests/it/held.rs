//! Looking at held mail, and whose it is.

use crate::harness::*;
use postern_quarantine::api::{
    DoorError, Failure, HeldAction, HeldFilter, HeldStatus, Reply, Request, Role, Subject, TrackQuery, Who,
};
use postern_vocab::{ListKind, ListOwner, Mid};

fn everything(words: &str) -> HeldFilter {
    HeldFilter {
        words: words.to_owned(),
        ..HeldFilter::default()
    }
}

#[test]
fn words_begin_words_of_sender_from_or_subject() {
    let house = House::new();
    house.feed(&life());
    let admin = house.user("admin", Role::Admin);
    for (words, count) in [
        ("buy", 1),
        ("OFF bounce", 1),
        ("cheap", 1),
        ("sales@example.org", 1),
        ("uy", 0),
        ("buy no way", 0),
    ] {
        assert_eq!(
            house.held(admin.clone(), everything(words)).len(),
            count,
            "{words}"
        );
    }
    let other = HeldFilter {
        quarantine: Some("virus".to_owned()),
        ..HeldFilter::default()
    };
    assert_eq!(house.held(admin, other).len(), 0);
}

#[test]
fn the_content_is_shown_to_its_recipient() {
    let house = House::new();
    house.feed(&life());
    let bob = house.user("Bob@Example.com", Role::User);
    assert_eq!(house.held(bob.clone(), HeldFilter::default()).len(), 1);
    let Ok(Reply::HeldMessage(message)) = house.portal.ask(bob, Request::HeldShow(key(10, 1))) else {
        panic!("shown")
    };
    assert_eq!(message.content, b"Subject: x\r\n\r\nthe body\r\n");
    assert_eq!(message.row.status, HeldStatus::Held);
    assert_eq!(message.decision.recipients.len(), 1, "not what others got");
    assert_eq!(
        message.facts.expect("kept").envelope.recipients,
        [],
        "nor who they are"
    );
}

#[test]
fn a_user_cannot_reach_anothers_mail_by_any_request() {
    let house = House::new();
    house.feed(&life());
    let ann = house.user("ann@example.com", Role::User);
    assert_eq!(house.held(ann.clone(), HeldFilter::default()), []);
    let bobs = HeldFilter {
        recipient: Some("bob@example.com".to_owned()),
        ..HeldFilter::default()
    };
    let bob = || "bob@example.com".to_owned();
    let list = || ListOwner::Mailbox(bob());
    let forbidden = [
        Request::HeldList {
            filter: bobs,
            cursor: None,
            limit: 10,
        },
        Request::HeldShow(key(10, 1)),
        Request::ListShow { owner: Some(list()) },
        Request::ListShow {
            owner: Some(ListOwner::Everyone),
        },
        Request::ListAdd {
            owner: list(),
            kind: ListKind::Safe,
            pattern: "evil@example.net".to_owned(),
        },
        Request::ListAdd {
            owner: ListOwner::Everyone,
            kind: ListKind::Safe,
            pattern: "evil@example.net".to_owned(),
        },
        Request::ListRemove {
            owner: list(),
            kind: ListKind::Safe,
            pattern: "evil@example.net".to_owned(),
        },
        Request::Track(TrackQuery::default()),
        Request::Show(Subject::Mid(Mid(10))),
        Request::DigestContent { mailbox: bob() },
        Request::DigestDue,
        Request::DigestSend {
            mailbox: bob(),
            message: b"From: postern@example.com\r\n\r\n".to_vec(),
        },
        Request::UserSet {
            login: bob(),
            password: Some("taken over".to_owned()),
            role: Role::Admin,
            new: false,
        },
        Request::UserRemove { login: bob() },
        Request::UserList,
    ];
    for request in forbidden {
        let asked = format!("{request:?}");
        let failure = house.refused(ann.clone(), request);
        assert!(
            matches!(failure, Failure::Forbidden(_) | Failure::NotFound(_)),
            "{asked}: {failure:?}"
        );
    }
    assert!(house.changes.lock().expect("whole").is_empty());
}

#[test]
fn a_user_cannot_act_on_anothers_mail() {
    let house = House::new();
    house.feed(&life());
    let ann = house.user("ann@example.com", Role::User);
    for action in HeldAction::ALL {
        let reply = house.portal.ask(
            ann.clone(),
            Request::HeldAct {
                keys: vec![key(10, 1)],
                action,
            },
        );
        let Ok(Reply::HeldDone(outcomes)) = reply else {
            panic!("{reply:?}")
        };
        assert!(!outcomes[0].done);
        assert_eq!(outcomes[0].text, "there is no held message 10-1");
    }
    assert!(house.submitted.is_empty() && house.changes.lock().expect("whole").is_empty());
}

#[test]
fn a_stolen_cursor_shows_only_ones_own_rows() {
    let house = House::new();
    house.feed(&held_for_bob(1, 5));
    let admin = house.user("admin", Role::Admin);
    let request = |cursor| Request::HeldList {
        filter: HeldFilter::default(),
        cursor,
        limit: 2,
    };
    let Ok(Reply::Held(page)) = house.portal.ask(admin, request(None)) else {
        panic!("page")
    };
    let ann = house.user("ann@example.com", Role::User);
    let Ok(Reply::Held(page)) = house.portal.ask(ann.clone(), request(page.next)) else {
        panic!("page")
    };
    assert_eq!(page.rows, []);
    assert!(matches!(
        house.refused(ann, request(Some("nonsense".to_owned()))),
        Failure::Invalid(_)
    ));
}

#[test]
fn the_portals_socket_believes_nobody() {
    let house = House::new();
    house.feed(&life());
    assert!(matches!(
        house.refused(Who::Operator, Request::HeldShow(key(10, 1))),
        Failure::Forbidden(_)
    ));
    assert!(matches!(
        house.refused(Who::Anyone, Request::DigestDue),
        Failure::NotLoggedIn(_)
    ));
    let made_up = Who::Session("made-up".to_owned());
    assert!(matches!(
        house.refused(made_up, Request::WhoAmI),
        Failure::NotLoggedIn(_)
    ));
    assert!(matches!(
        house.portal.ask(Who::Anyone, Request::Health),
        Ok(Reply::Health(_))
    ));
}

#[test]
fn a_frame_that_is_none_ends_its_client_and_nobody_else() {
    use std::io::{Read, Write};
    let house = House::new();
    for octets in [&[0xff; 64][..], b"\x00\x00\x00\x04nope", b"\x00\x7f\xff\xff{"] {
        let mut stream =
            std::os::unix::net::UnixStream::connect(house.run_dir().join("portal.sock")).expect("connects");
        stream.write_all(octets).expect("writes");
        stream.shutdown(std::net::Shutdown::Write).expect("closes");
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    }
    assert!(!matches!(
        house.portal.ask(Who::Anyone, Request::Health),
        Err(DoorError::Broken(_))
    ));
}
