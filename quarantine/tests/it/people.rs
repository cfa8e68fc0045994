//! Log-ins and sessions.

use crate::harness::*;
use postern_quarantine::Settings;
use postern_quarantine::api::{Account, Failure, Reply, Request, Role, Who};
use postern_vocab::{Timestamp, limits};
use std::sync::atomic::{AtomicU64, Ordering};

fn log_in(login: &str, password: &str) -> Request {
    Request::LogIn {
        login: login.to_owned(),
        password: password.to_owned(),
    }
}

#[test]
fn a_session_is_whose_password_opened_it() {
    let house = House::new();
    let bob = house.user("Bob@Example.com", Role::User);
    let Ok(Reply::Account(account)) = house.portal.ask(bob.clone(), Request::WhoAmI) else {
        panic!("account")
    };
    assert_eq!(
        account,
        Account {
            login: "bob@example.com".to_owned(),
            role: Role::User
        }
    );
    house.portal.ask(bob.clone(), Request::LogOut).expect("ended");
    assert!(matches!(
        house.refused(bob, Request::WhoAmI),
        Failure::NotLoggedIn(_)
    ));
}

#[test]
fn a_wrong_name_and_a_wrong_password_say_the_same_and_are_limited() {
    let house = House::new();
    house.user("bob@example.com", Role::User);
    let wrong_name = house.refused(Who::Anyone, log_in("nobody@example.com", "correct horse"));
    for _ in 0..limits::LOGIN_FAILURES_MAX {
        assert_eq!(
            house.refused(Who::Anyone, log_in("bob@example.com", "wrong horse")),
            wrong_name
        );
    }
    for password in ["wrong horse", "correct horse"] {
        let failure = house.refused(Who::Anyone, log_in(" BOB@example.com", password));
        assert!(
            matches!(failure, Failure::TooMany(_)),
            "even with {password}: {failure:?}"
        );
    }
    let ann = house.user("ann@example.com", Role::User);
    assert!(
        house.portal.ask(ann, Request::WhoAmI).is_ok(),
        "others are not held up"
    );
}

#[test]
fn a_password_is_checked_without_a_session_and_counts_like_a_log_in() {
    let house = House::new();
    house.user("Bob@Example.com", Role::User);
    let whose = |login: &str, password: &str| {
        let account = house.store.check_password(login, password, None)?;
        Ok(account.map(|account| account.login))
    };
    let rows = [
        (
            " BOB@example.com",
            "correct horse",
            Some("bob@example.com"),
            "whatever the case",
        ),
        ("bob@example.com", "wrong horse", None, "wrong"),
        ("nobody@example.com", "correct horse", None, "nobody"),
    ];
    for (login, password, expected, reason) in rows {
        let found: Result<Option<String>, Failure> = whose(login, password);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{reason}");
    }
    assert!(matches!(
        whose("bob@example.com", &"x".repeat(2_000)),
        Err(Failure::Invalid(_))
    ));
    for _ in 1..limits::LOGIN_FAILURES_MAX {
        assert_eq!(whose("bob@example.com", "wrong horse"), Ok(None));
    }
    assert!(matches!(
        whose("bob@example.com", "correct horse"),
        Err(Failure::TooMany(_))
    ));
    assert!(
        matches!(
            house.refused(Who::Anyone, log_in("bob@example.com", "correct horse")),
            Failure::TooMany(_)
        ),
        "here and there are counted together"
    );
}

#[test]
fn removing_a_user_or_changing_a_password_ends_sessions() {
    let house = House::new();
    let bob = house.user("bob@example.com", Role::User);
    let set = |password: &str, new| Request::UserSet {
        login: "bob@example.com".to_owned(),
        password: Some(password.to_owned()),
        role: Role::User,
        new,
    };
    house.ask(set("a new horse", false));
    assert!(matches!(
        house.refused(bob, Request::WhoAmI),
        Failure::NotLoggedIn(_)
    ));
    let again = house
        .portal
        .ask(Who::Anyone, log_in("bob@example.com", "a new horse"));
    let Ok(Reply::LoggedIn { token, .. }) = again else {
        panic!("{again:?}")
    };
    house.ask(Request::UserRemove {
        login: "BOB@example.com".to_owned(),
    });
    house.ask(set("a new horse", true));
    assert!(matches!(
        house.refused(Who::Session(token), Request::WhoAmI),
        Failure::NotLoggedIn(_)
    ));
    let Reply::Users(users) = house.ask(Request::UserList) else {
        panic!("users")
    };
    assert_eq!(users.len(), 1);
}

#[test]
fn accounts_that_make_no_sense_are_refused() {
    let house = House::new();
    let set = |login: &str, password: Option<&str>, role, new| Request::UserSet {
        login: login.to_owned(),
        password: password.map(str::to_owned),
        role,
        new,
    };
    let rows = [
        (
            set("bob", Some("long enough"), Role::User, true),
            "a user's name is a mailbox",
        ),
        (
            set("bob@example.com", Some("short"), Role::User, true),
            "a short password",
        ),
        (set("bob@example.com", None, Role::User, true), "none"),
        (
            set("bob@example.com", Some("long enough"), Role::User, false),
            "not there",
        ),
        (set("ad min", Some("long enough"), Role::Admin, true), "a space"),
    ];
    for (request, reason) in rows {
        assert!(house.operator.ask(Who::Operator, request).is_err(), "{reason}");
    }
}

#[test]
fn a_session_that_nobody_uses_ends() {
    static TIME: AtomicU64 = AtomicU64::new(1_000_000);
    fn clock() -> Timestamp {
        Timestamp(TIME.load(Ordering::SeqCst))
    }
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::in_dir(dir, Settings { clock, ..settings() });
    let bob = house.user("bob@example.com", Role::User);
    let idle = u64::try_from(limits::SESSION_IDLE.as_millis()).expect("small");
    TIME.fetch_add(idle - 1, Ordering::SeqCst);
    assert!(house.portal.ask(bob.clone(), Request::WhoAmI).is_ok());
    TIME.fetch_add(idle - 1, Ordering::SeqCst);
    assert!(
        house.portal.ask(bob.clone(), Request::WhoAmI).is_ok(),
        "it was used since"
    );
    TIME.fetch_add(idle, Ordering::SeqCst);
    assert!(matches!(
        house.refused(bob, Request::WhoAmI),
        Failure::NotLoggedIn(_)
    ));
}
