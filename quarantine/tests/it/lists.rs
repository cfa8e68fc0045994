//! Lists: in force when the reply is there.

use crate::harness::*;
use postern_quarantine::api::{DoorError, Failure, HeldAction, Reply, Request, Role, Who};
use postern_vocab::ListChange;
use postern_vocab::{ListEntry, ListKind, ListOwner, Mid, limits};

fn add(kind: ListKind, pattern: &str) -> Request {
    let owner = ListOwner::Mailbox("Bob@example.com".to_owned());
    Request::ListAdd {
        owner,
        kind,
        pattern: pattern.to_owned(),
    }
}

fn entries(house: &House, who: &Who) -> Vec<(ListKind, String)> {
    match house.portal.ask(who.clone(), Request::ListShow { owner: None }) {
        Ok(Reply::List(entries)) => entries
            .into_iter()
            .map(|one| (one.kind, one.pattern.to_string()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_mail_side_knows_before_the_person_does() {
    let house = House::new();
    let bob = house.user("bob@example.com", Role::User);
    house
        .portal
        .ask(bob.clone(), add(ListKind::Safe, "*@Example.net"))
        .expect("added");
    let changes = house.changes.lock().expect("whole").clone();
    let [
        ListChange::Added(ListEntry {
            owner,
            pattern,
            added_by,
            ..
        }),
    ] = changes.as_slice()
    else {
        panic!("{changes:?}")
    };
    assert_eq!(owner, &ListOwner::Mailbox("bob@example.com".to_owned()));
    assert_eq!(
        (pattern.to_string().as_str(), added_by.as_str()),
        ("example.net", "bob@example.com")
    );
    assert_eq!(house.store.lists().expect("reads").len(), 1);
}

#[test]
fn an_entry_moves_between_the_lists_and_comes_once() {
    let house = House::new();
    let bob = house.user("bob@example.com", Role::User);
    for kind in [ListKind::Safe, ListKind::Safe, ListKind::Block] {
        house
            .portal
            .ask(bob.clone(), add(kind, "evil@example.net"))
            .expect("added");
    }
    assert_eq!(
        entries(&house, &bob),
        [(ListKind::Block, "evil@example.net".to_owned())]
    );
    let changes = house.changes.lock().expect("whole").clone();
    assert!(
        matches!(
            changes.as_slice(),
            [
                ListChange::Added(_),
                ListChange::Removed {
                    kind: ListKind::Safe,
                    ..
                },
                ListChange::Added(_)
            ]
        ),
        "{changes:?}"
    );
    let owner = ListOwner::Mailbox("bob@example.com".to_owned());
    let remove = Request::ListRemove {
        owner,
        kind: ListKind::Block,
        pattern: "evil@example.net".to_owned(),
    };
    house.portal.ask(bob.clone(), remove.clone()).expect("removed");
    assert_eq!(entries(&house, &bob), []);
    assert!(matches!(house.refused(bob, remove), Failure::NotFound(_)));
}

#[test]
fn a_wrong_pattern_and_a_full_list_are_told() {
    let house = House::new();
    let bob = house.user("bob@example.com", Role::User);
    let failure = house.refused(bob.clone(), add(ListKind::Safe, "a b"));
    assert!(
        matches!(&failure, Failure::Invalid(text) if text.contains("user@example.com")),
        "{failure:?}"
    );
    for n in 0..limits::LIST_ENTRIES_MAX {
        house
            .portal
            .ask(bob.clone(), add(ListKind::Safe, &format!("n{n}.example.net")))
            .expect("added");
    }
    let failure = house.refused(bob.clone(), add(ListKind::Safe, "last.example.net"));
    assert!(
        matches!(&failure, Failure::Invalid(text) if text.contains("full")),
        "{failure:?}"
    );
    house
        .portal
        .ask(bob, add(ListKind::Block, "last.example.net"))
        .expect("the other list has room");
}

#[test]
fn release_and_safelist_lists_both_senders_for_the_recipient() {
    let house = House::new();
    house.feed(&life());
    let admin = house.user("admin", Role::Admin);
    let request = Request::HeldAct {
        keys: vec![key(10, 1)],
        action: HeldAction::ReleaseAndSafelist,
    };
    let (reply, given) = house.with_mail_side(Ok(Mid(0)), || house.portal.ask(admin.clone(), request));
    let Ok(Reply::HeldDone(outcomes)) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(
        outcomes[0].text,
        "released; sales@example.org and bounce@example.net on the safelist"
    );
    assert_eq!(given.len(), 1);
    let lists = house.store.lists().expect("reads");
    assert!(
        lists
            .iter()
            .all(|one| one.owner == ListOwner::Mailbox("bob@example.com".to_owned()))
    );
    assert_eq!(lists.len(), 2);
    assert_eq!(lists[0].added_by, "admin");
}

#[test]
fn the_administrators_list_is_everyones() {
    let house = House::new();
    let everyone = Request::ListAdd {
        owner: ListOwner::Everyone,
        kind: ListKind::Block,
        pattern: ".example.net".to_owned(),
    };
    house.ask(everyone);
    let bob = house.user("bob@example.com", Role::User);
    assert_eq!(entries(&house, &bob), []);
    let lists = house.store.lists().expect("reads");
    assert_eq!(
        (lists[0].owner.clone(), lists[0].added_by.as_str()),
        (ListOwner::Everyone, "operator")
    );
    let nobody = Request::ListShow {
        owner: Some(ListOwner::Mailbox("not a mailbox".to_owned())),
    };
    assert!(matches!(
        house.operator.ask(Who::Operator, nobody),
        Err(DoorError::Failed(Failure::Invalid(_)))
    ));
}
