//! The directory: a real slapd, and ports where nobody answers.

use crate::slapd::{BASE, BIND_DN, PASSWORD, ROOT, Slapd};
use postern_engine::policy::{Directory, WhenDown};
use postern_engine::recipients::{Recipients, Validity};
use postern_vocab::{Address, Timestamp, limits};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

const START: Timestamp = Timestamp(1_700_000_000_000);

/// A started directory, unless there is none to start and that is allowed.
fn slapd() -> Option<Slapd> {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    if let Some(why) = Slapd::missing() {
        let required = std::env::var_os("POSTERN_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!required, "slapd is required by POSTERN_REQUIRE_ALL=1, but {why}");
        // Past the capture of the test's output; whoever closed the terminal does not want to know.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: the directory: {why}");
        return None;
    }
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let address = Ipv4Addr::new(127, high.clamp(1, 250), low, number);
    Some(Slapd::start(address))
}

fn settings(slapd: &Slapd) -> Directory {
    Directory {
        url: slapd.url(),
        start_tls: false,
        authorities: None,
        bind_dn: BIND_DN.to_owned(),
        bind_password_file: Some(slapd.password_file(PASSWORD)),
        base: BASE.to_owned(),
        filter: "(mail={address})".to_owned(),
        when_down: WhenDown::Defer,
    }
}

/// At a place where nobody has to be logged in to hear nothing.
fn anonymous(url: String) -> Directory {
    Directory {
        url,
        start_tls: false,
        authorities: None,
        bind_dn: String::new(),
        bind_password_file: None,
        base: BASE.to_owned(),
        filter: "(mail={address})".to_owned(),
        when_down: WhenDown::Defer,
    }
}

fn asked(settings: Directory) -> Recipients {
    Recipients::new(Some((settings, Handle::current())))
}

async fn ask(recipients: &Recipients, address: &str) -> Validity {
    ask_at(recipients, address, START).await
}

async fn ask_at(recipients: &Recipients, address: &str, now: Timestamp) -> Validity {
    let address: Address = address.parse().expect("a valid address");
    recipients.ask_directory(&address, now).await
}

/// Lets the time of a rest pass.
async fn rest() {
    tokio::time::pause();
    tokio::time::advance(limits::RECIPIENT_CHECK_REST).await;
    tokio::time::resume();
}

#[track_caller]
fn unavailable_because(validity: Validity, part: &str) {
    match validity {
        Validity::Unavailable(why) => assert!(why.contains(part), "\"{why}\" does not say \"{part}\""),
        other => panic!("{other:?} where nobody can tell"),
    }
}

#[tokio::test]
async fn the_directory_knows_who_is_there() {
    let Some(slapd) = slapd() else { return };
    let recipients = asked(settings(&slapd));
    let rows = [
        ("alice@example.test", Validity::Valid, "an entry"),
        (
            "sales@example.test",
            Validity::Valid,
            "another address of the same entry",
        ),
        ("Bob@Example.Test", Validity::Valid, "whatever the case"),
        ("carol@example.test", Validity::Unknown, "no entry"),
        ("alice@elsewhere.test", Validity::Unknown, "another domain"),
    ];
    for (address, expected, reason) in rows {
        assert_eq!(ask(&recipients, address).await, expected, "{address}: {reason}");
    }
    assert_eq!(recipients.health()[0].1, None);
    // slapd's people have no such attribute: that part of the filter is neither true nor false.
    let either = asked(Directory {
        filter: "(|(mail={address})(proxyAddresses=smtp:{address}))".to_owned(),
        ..settings(&slapd)
    });
    assert_eq!(ask(&either, "bob@example.test").await, Validity::Valid);
    assert_eq!(ask(&either, "carol@example.test").await, Validity::Unknown);
    let many = asked(Directory {
        filter: "(|(mail={address})(objectClass=inetOrgPerson))".to_owned(),
        ..settings(&slapd)
    });
    let several = ask(&many, "carol@example.test").await;
    assert_eq!(several, Validity::Valid, "two entries are more than one");
}

#[tokio::test]
async fn an_address_cannot_change_the_question() {
    let Some(slapd) = slapd() else { return };
    let recipients = asked(settings(&slapd));
    for address in [
        r#""*)(mail=*"@example.test"#,
        r#""*"@example.test"#,
        "*@example.test",
        r#""a\\2a"@example.test"#,
        "{domain}@example.test",
        "al*@example.test",
    ] {
        assert_eq!(ask(&recipients, address).await, Validity::Unknown, "{address}");
    }
}

#[tokio::test]
async fn what_is_no_answer_never_says_that_nobody_is_there() {
    let Some(slapd) = slapd() else { return };
    type Mistake = fn(&mut Directory);
    let nowhere = || Some(PathBuf::from("/nowhere/at-all"));
    let mistakes: [(Mistake, &str, &str); 6] = [
        (
            |directory| directory.base = ROOT.to_owned(),
            "refers to",
            "somebody else may know",
        ),
        (
            |directory| directory.base = "ou=nobody,dc=example,dc=test".to_owned(),
            "noSuchObject",
            "no such base",
        ),
        (
            |directory| directory.filter = "(mail={address}".to_owned(),
            "not a search filter",
            "half a filter",
        ),
        (
            |directory| directory.bind_password_file = None,
            "has no password",
            "a name without a password",
        ),
        (
            |directory| directory.bind_dn.clear(),
            "noSuchObject",
            "whoever is not logged in sees nothing, and that does not mean nobody",
        ),
        (
            |directory| directory.url = "ldap://127.0.0.1:1".to_owned(),
            "cannot connect",
            "nobody listens",
        ),
    ];
    let files = [
        ("cannot be read", nowhere(), None),
        (
            "no usable certificate",
            settings(&slapd).bind_password_file,
            nowhere(),
        ),
        ("invalidCredentials", Some(slapd.password_file("wrong")), None),
        (
            "no password on its first line",
            Some(slapd.password_file("")),
            None,
        ),
    ];
    let mistaken = mistakes.into_iter().map(|(mistake, part, reason)| {
        let mut directory = settings(&slapd);
        mistake(&mut directory);
        (directory, part, reason)
    });
    let unusable = files.into_iter().map(|(part, password, authorities)| {
        let mut directory = settings(&slapd);
        (directory.bind_password_file, directory.authorities) = (password, authorities);
        (directory, part, part)
    });
    for (directory, part, reason) in mistaken.chain(unusable) {
        println!("{reason}");
        let recipients = asked(directory);
        unavailable_because(ask(&recipients, "carol@example.test").await, part);
        let shown = recipients.health()[0].1.clone().unwrap_or_default();
        assert!(shown.contains(part), "the status page says it too: {shown}");
    }
}

#[tokio::test]
async fn a_directory_that_stops_is_noticed_at_once_and_used_again_when_it_is_back() {
    let Some(mut slapd) = slapd() else { return };
    let recipients = asked(settings(&slapd));
    assert_eq!(ask(&recipients, "alice@example.test").await, Validity::Valid);
    assert_eq!(ask(&recipients, "carol@example.test").await, Validity::Unknown);
    slapd.stop();
    let begun = Instant::now();
    unavailable_because(ask(&recipients, "bob@example.test").await, "cannot connect");
    assert!(begun.elapsed() < limits::RECIPIENT_CHECK_TIMEOUT / 2, "at once");

    let a_month = START.plus(Duration::from_secs(30 * 86_400));
    let a_week = START.plus(limits::RECIPIENT_CACHE_VALID);
    let hour = START.plus(Duration::from_secs(3_600));
    let alice = "alice@example.test";
    assert_eq!(
        ask_at(&recipients, alice, hour).await,
        Validity::Valid,
        "it is known"
    );
    assert_eq!(
        ask_at(&recipients, alice, a_week).await,
        Validity::Valid,
        "it was known"
    );
    unavailable_because(ask_at(&recipients, alice, a_month).await, "cannot connect");
    unavailable_because(
        ask_at(&recipients, "carol@example.test", hour).await,
        "cannot connect",
    );

    slapd.start_again();
    unavailable_because(ask(&recipients, "bob@example.test").await, "cannot connect");
    rest().await;
    assert_eq!(ask(&recipients, "bob@example.test").await, Validity::Valid);
    assert_eq!(ask_at(&recipients, alice, a_month).await, Validity::Valid);
    assert_eq!(recipients.health()[0].1, None, "and all is well again");
}

#[tokio::test]
async fn a_restart_between_two_recipients_is_not_noticed() {
    let Some(mut slapd) = slapd() else { return };
    let recipients = asked(settings(&slapd));
    assert_eq!(ask(&recipients, "alice@example.test").await, Validity::Valid);
    slapd.stop();
    slapd.start_again();
    assert_eq!(ask(&recipients, "bob@example.test").await, Validity::Valid);
}

#[tokio::test]
async fn tls_is_for_those_it_vouches_for() {
    let Some(slapd) = slapd() else { return };
    let vouched = || Some(slapd.authorities());
    let rows = [
        (slapd.tls_url(), false, vouched(), true, "ldaps"),
        (slapd.url(), true, vouched(), true, "StartTLS"),
        (slapd.tls_url(), false, None, false, "the system does not know it"),
        (slapd.url(), true, None, false, "the system does not know it"),
    ];
    for (url, start_tls, authorities, trusted, reason) in rows {
        let recipients = asked(Directory {
            url: url.clone(),
            start_tls,
            authorities,
            ..settings(&slapd)
        });
        let found = ask(&recipients, "alice@example.test").await;
        match trusted {
            true => assert_eq!(found, Validity::Valid, "{url}: {reason}"),
            false => unavailable_because(found, "authorities"),
        }
    }
}

#[tokio::test]
async fn many_at_once_share_a_few_connections() {
    let Some(slapd) = slapd() else { return };
    let recipients = std::sync::Arc::new(asked(settings(&slapd)));
    let all: Vec<_> = (0..200)
        .map(|number| {
            let recipients = std::sync::Arc::clone(&recipients);
            tokio::spawn(async move { ask(&recipients, &format!("u{number}@example.test")).await })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("no panic"), Validity::Unknown);
    }
}

/// The clock jumps to the next deadline when nothing else can happen, and here nothing can.
#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_limit_and_then_nobody_waits() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ldap://{}", silent.local_addr().expect("it is bound"));
    let recipients = asked(anonymous(url));
    let begun = Instant::now();
    unavailable_because(
        ask(&recipients, "alice@example.test").await,
        "did not answer within",
    );
    assert_eq!(
        begun.elapsed().as_secs(),
        limits::RECIPIENT_CHECK_TIMEOUT.as_secs()
    );
    let begun = Instant::now();
    unavailable_because(
        ask(&recipients, "bob@example.test").await,
        "did not answer within",
    );
    assert_eq!(begun.elapsed(), Duration::ZERO, "it rests");
    tokio::time::advance(limits::RECIPIENT_CHECK_REST).await;
    let begun = Instant::now();
    unavailable_because(
        ask(&recipients, "bob@example.test").await,
        "did not answer within",
    );
    assert!(begun.elapsed() >= limits::RECIPIENT_CHECK_TIMEOUT, "one tries");
}

#[tokio::test]
async fn without_a_directory_nobody_can_tell() {
    unavailable_because(
        ask(&Recipients::default(), "alice@example.test").await,
        "no directory",
    );
}
