//! What a client says to AUTH is in no record, whatever becomes of the AUTH; and what came in the clear behind STARTTLS is
//! obeyed by nobody.

use crate::house::{House, settings};
use postern_smtp::{Credentials, Offer, Question, ServerSettings, Step};
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{Timestamp, limits};

/// `\0alice\0secret`, and `alice` and `secret` alone.
const SECRETS: [&str; 3] = ["AGFsaWNlAHNlY3JldA==", "YWxpY2U=", "c2VjcmV0"];

fn in_tls(auth: Offer) -> House {
    let mut house = House::new(ServerSettings { auth, ..settings() });
    house.server.tls_established(house.now);
    house.server.open(Ok(()));
    house.run();
    house
}

/// Everything that is kept of a connection, as one text.
fn recorded(house: &mut House) -> String {
    let (lines, _) = house.server.take_conversation();
    let incidents = house.server.take_incidents();
    let refusals = house.server.take_refusals();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(&line.octets))
        .collect();
    format!("{}\n{incidents:?}\n{refusals:?}", lines.join("\n"))
}

#[test]
fn no_secret_is_recorded_however_auth_ends() {
    let [both, user, password] = SECRETS;
    let rows = [
        (Offer::Yes, format!("AUTH PLAIN {both}\r\n"), "it succeeds"),
        (
            Offer::Yes,
            format!("AUTH PLAIN\r\n{both}\r\n"),
            "with a challenge",
        ),
        (
            Offer::Yes,
            format!("AUTH LOGIN\r\n{user}\r\n{password}\r\n"),
            "LOGIN",
        ),
        (
            Offer::Yes,
            format!("AUTH LOGIN\r\n{user}\r\n{password}\n\r\n"),
            "a bare line end",
        ),
        (Offer::Yes, format!("AUTH PLAIN x{both}\r\n"), "no base64"),
        (
            Offer::Yes,
            format!("AUTH PLAIN\r\n{both}{}\r\n", "A".repeat(13_000)),
            "too long",
        ),
        (
            Offer::Yes,
            format!("AUTH CRAM-MD5\r\n{user}\r\n{password}\r\n"),
            "no such mechanism",
        ),
        (Offer::No, format!("AUTH PLAIN {both}\r\n"), "not offered"),
        (
            Offer::No,
            format!("AUTH PLAIN {both} {}\r\n", "A".repeat(2_000)),
            "not offered and too long",
        ),
        (
            Offer::No,
            format!("AUTH LOGIN\r\n{user}\r\n{password}\r\n"),
            "not offered, and said all the same",
        ),
        (Offer::No, format!("auth\tplain {both}\r\n"), "written badly"),
        (
            Offer::No,
            format!("AUTH PLAIN {both}\n\r\n"),
            "with a bare line end",
        ),
        (Offer::No, format!("AUTH PLAIN {both}\u{fc}\r\n"), "not ASCII"),
    ];
    for (auth, lines, reason) in rows {
        let mut house = in_tls(auth);
        house.receive(b"HELO client.example\r\n", 100);
        house.receive(lines.as_bytes(), 1_000);
        let recorded = recorded(&mut house);
        assert!(
            recorded.to_ascii_uppercase().contains("AUTH"),
            "{reason}: {recorded}"
        );
        for secret in SECRETS {
            assert!(!recorded.contains(secret), "{reason}: {recorded}");
        }
    }
}

#[test]
fn a_log_in_is_recorded_without_its_secret_and_is_forgotten_with_tls() {
    let mut house = in_tls(Offer::Yes);
    assert!(house.server.is_tls());
    assert_eq!(house.server.user(), None);
    house.receive(b"HELO x\r\nAUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n", usize::MAX);
    assert_eq!(house.server.user(), Some("alice"));
    let (lines, _) = house.server.take_conversation();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(&line.octets))
        .collect();
    assert_eq!(
        lines[3..],
        [
            "AUTH LOGIN [secret]",
            "334 UGFzc3dvcmQ6",
            "[secret]",
            "235 2.7.0 Authentication succeeded"
        ]
    );
    house.server.tls_established(house.now);
    assert_eq!(house.server.user(), None);
}

#[test]
fn failed_log_ins_are_incidents_that_name_the_user_only() {
    let mut house = in_tls(Offer::Yes);
    house.receive(b"HELO x\r\n", 100);
    for _ in 0..limits::AUTH_FAILURES_MAX {
        house.receive(b"AUTH PLAIN AGFsaWNlAHdyb25n\r\n", 100);
    }
    assert_eq!(house.ending, Some(Ending::Closed));
    let expected = (IncidentKind::AuthFailed, "log-in of alice".to_owned());
    assert_eq!(house.server.take_incidents(), vec![expected; 3]);
}

#[test]
fn credentials_cannot_be_printed() {
    let credentials = Credentials {
        user: "alice".to_owned(),
        password: "secret".to_owned(),
    };
    let question = format!("{:?}", Step::Ask(Question::Auth(credentials)));
    assert!(
        question.contains("alice") && !question.contains("secret"),
        "{question}"
    );
}

#[test]
fn what_came_in_the_clear_behind_starttls_is_thrown_away() {
    let mut house = House::opened(ServerSettings {
        tls: Offer::Yes,
        ..settings()
    });
    let wire = format!(
        "HELO x\r\nSTARTTLS\r\nMAIL FROM:<mallory@example.com>\r\nAUTH PLAIN {}\r\nRCPT",
        SECRETS[0]
    );
    house.receive(wire.as_bytes(), usize::MAX);
    assert!(house.handshake && house.said().ends_with("220 2.0.0 Ready to start TLS\r\n"));
    let incidents = house.server.take_incidents();
    let detail = "MAIL FROM:<mallory@example.com>\\x0d\\x0aAUTH [secret]".to_owned();
    assert_eq!(incidents, [(IncidentKind::StarttlsInjection, detail)]);
    house.establish_tls();
    house.receive(b"NOOP\r\n", 100);
    assert_eq!(house.said(), "250 2.0.0 Ok\r\n");
}

#[test]
fn a_handshake_that_fails_ends_the_connection_without_a_word_in_the_clear() {
    let ends: [fn(&mut House, Timestamp); 3] = [
        |house, now| house.server.tls_failed("no shared cipher", now),
        |house, now| house.server.timed_out(now),
        |house, now| house.server.shut_down(now),
    ];
    for end in ends {
        let mut house = House::opened(ServerSettings {
            tls: Offer::Yes,
            ..settings()
        });
        house.receive(b"STARTTLS\r\n", 100);
        house.said();
        let now = house.now;
        end(&mut house, now);
        house.run();
        assert!(house.said().is_empty() && house.ending.is_some());
    }
}

#[test]
fn mistakes_are_counted_across_the_handshake() {
    let mut house = House::opened(ServerSettings {
        tls: Offer::Yes,
        errors_max: 2,
        ..settings()
    });
    house.receive(b"WIZARD\r\nWIZARD\r\nSTARTTLS\r\n", usize::MAX);
    house.establish_tls();
    house.receive(b"WIZARD\r\n", 100);
    assert_eq!(house.ending, Some(Ending::Closed));
}
