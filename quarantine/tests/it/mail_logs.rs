//! The log's lines are those that administrators' tools read.

use crate::harness::*;
use postern_quarantine::MailLogs;
use postern_vocab::events::{Event, Incident, IncidentKind, Origin, Outcome, Stage};
use postern_vocab::{Disposition, Icid, Mid, Recorded};
use std::time::Duration;

/// What is written, without the stamps, whose shape is checked.
fn lines(records: Vec<Recorded>) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = MailLogs::open(&dir.path().join("logs")).expect("opens");
    log.write(&records).expect("writes");
    let text = std::fs::read_to_string(dir.path().join("logs/mail_logs")).expect("reads");
    let unstamped = |line: &str| {
        let (stamp, rest) = line.split_at(24);
        assert!(
            stamp.starts_with("Sat Nov 21 ") || stamp.starts_with("Sun Nov 22 "),
            "{stamp}"
        );
        assert!(stamp.ends_with(" 2026"), "{stamp}");
        rest.strip_prefix(" Info: ")
            .expect("every line is an Info line")
            .to_owned()
    };
    text.lines().map(unstamped).collect()
}

fn records(feds: Vec<postern_quarantine::Fed>) -> Vec<Recorded> {
    feds.into_iter().map(|fed| fed.recorded).collect()
}

#[test]
fn a_whole_life() {
    assert_eq!(
        lines(records(life())),
        [
            "New SMTP ICID 1 interface inbound (203.0.113.1) address 192.0.2.7 reverse dns host mx.example.net verified yes",
            "ICID 1 ACCEPT SG None match ALL SBRS not enabled",
            "Start MID 10 ICID 1",
            "MID 10 ICID 1 From: <bounce@example.net>",
            "MID 10 ICID 1 Address: <carl@example.com> recipient rejected, 550 5.7.1 Not wanted here (test rule)",
            "MID 10 ICID 1 RID 0 To: <ann@example.com>",
            "MID 10 ICID 1 RID 1 To: <Bob@example.com>",
            "MID 10 Message-ID '<Message-10@example.org>'",
            "MID 10 Subject 'Buy now, offer 10'",
            "MID 10 ready 24 bytes from <bounce@example.net>",
            "MID 10 matched all recipients for per-recipient policy DEFAULT in the inbound table",
            "MID 10 using engine: CASE spam positive",
            "MID 10 antivirus negative",
            "EUQ: Quarantined MID 10",
            "MID 10 queued for delivery",
            "ICID 1 close",
            "New SMTP DCID 5 interface 10.0.0.1 address 10.0.0.5 port 25",
            "Delivery start DCID 5 MID 10 to RID [0]",
            "Message done DCID 5 MID 10 to RID [0]",
            "MID 10 RID [0] Response 2.0.0 Ok: queued as 12345",
            "Message finished MID 10 done",
            "DCID 5 close",
        ]
    );
}

#[test]
fn refusals_delays_bounces_and_what_we_make_ourselves() {
    let mut dsn = message(12, &[("bounce@example.net", Disposition::Deliver)]);
    dsn.origin = Origin::Dsn { of: Mid(11) };
    dsn.facts = None;
    let next_at = NOW.plus(Duration::from_secs(3_600));
    let mut release = message(10, &[("bob@example.com", Disposition::Deliver)]);
    release.origin = Origin::Release {
        by: "digest link".to_owned(),
    };
    let events = [
        connected(2),
        Event::Refused(refused(2, Stage::Connect)),
        Event::Refused(refused(3, Stage::Sender)),
        attempted(11, &[0, 1], Outcome::Deferred { next_at }),
        attempted(11, &[0], Outcome::Bounced { dsn: Some(Mid(12)) }),
        Event::Accepted(dsn),
        Event::Accepted(release),
    ];
    let written = lines(events.into_iter().map(|event| at(0, event).0).collect());
    let (pending, written): (Vec<_>, Vec<_>) = written
        .into_iter()
        .partition(|line| line.contains("pending till"));
    assert!(
        pending[0].starts_with("Message 11 to RID [0, 1] pending till S"),
        "{pending:?}"
    );
    assert_eq!(
        written,
        [
            "New SMTP ICID 2 interface inbound (203.0.113.1) address 192.0.2.7 reverse dns host mx.example.net verified yes",
            "ICID 2 REJECT SG test rule match test rule SBRS not enabled",
            "ICID 3 Address: <> sender rejected, 550 5.7.1 Not wanted here (test rule)",
            "Delivery start DCID 5 MID 11 to RID [0, 1]",
            "Delayed: DCID 5 MID 11 to RID [0, 1] - 4.2.1 - Other mailbox error ('451', ['Mailbox busy']) []",
            "Delivery start DCID 5 MID 11 to RID [0]",
            "Bounced: DCID 5 MID 11 to RID 0 - 5.1.1 - Unknown address error ('550', ['No such user']) []",
            "MID 12 was generated for bounce of MID 11",
            "Start MID 12 ICID 0",
            "MID 12 ICID 0 From: <bounce@example.net>",
            "MID 12 ICID 0 RID 0 To: <bounce@example.net>",
            "MID 12 ready 24 bytes from <bounce@example.net>",
            "MID 12 queued for delivery",
            "MID 10 RID [0] released from quarantine by digest link",
            "MID 10 queued for delivery",
        ]
    );
}

#[test]
fn no_stranger_writes_a_line() {
    let mut forged = message(10, &[("ann@example.com", Disposition::Deliver)]);
    let facts = forged.facts.as_mut().expect("judged");
    facts.header.subject = "x'\r\nSat Nov 21 21:00:00 2026 Info: MID 11 done\u{2028}y\u{85}z".to_owned();
    let incident = Event::Incident(Incident {
        icid: Icid(1),
        kind: IncidentKind::EarlyTalker,
        detail: "a\nb".to_owned(),
    });
    let written = lines(vec![at(0, Event::Accepted(forged)).0, at(0, incident).0]);
    assert!(
        written.contains(&"MID 10 Subject 'x\\'  Sat Nov 21 21:00:00 2026 Info: MID 11 done y z'".to_owned()),
        "{written:?}"
    );
    assert_eq!(written.last().expect("there"), "ICID 1 early-talker: a b");
}
