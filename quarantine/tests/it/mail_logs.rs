//! The log's lines are those that administrators' tools read.

use crate::harness::*;
use postern_quarantine::MailLogs;
use postern_vocab::events::{Connected, Disconnected, Event, Incident, IncidentKind, Origin, Outcome, Stage};
use postern_vocab::{
    Access, Classification, Direction, Disposition, Icid, Mid, Recorded, Reputation, TlsFacts,
};
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
            "ICID 1 ACCEPT SG None match ALL SBRS not enabled country not enabled",
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
    let mut receipt = message(13, &[("bounce@example.net", Disposition::Deliver)]);
    receipt.origin = Origin::Receipt { of: Mid(11) };
    receipt.facts = None;
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
        Event::Accepted(receipt),
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
            "MID 13 was generated for delivery notice of MID 11",
            "Start MID 13 ICID 0",
            "MID 13 ICID 0 From: <bounce@example.net>",
            "MID 13 ICID 0 RID 0 To: <bounce@example.net>",
            "MID 13 ready 24 bytes from <bounce@example.net>",
            "MID 13 queued for delivery",
            "MID 10 RID [0] released from quarantine by digest link",
            "MID 10 queued for delivery",
        ]
    );
}

/// A connection that was classified so.
fn classified(icid: u64, classification: Classification) -> Event {
    let Event::Connected(connected) = connected(icid) else {
        panic!("a connection")
    };
    Event::Connected(Connected {
        classification,
        ..connected
    })
}

#[test]
fn the_sender_group_table_is_told_as_the_appliances_tell_it() {
    let by =
        |(group, matched, policy): (&str, &str, &str), access, score: Option<i16>, country: Option<&str>| {
            Classification {
                sender_group: group.to_owned(),
                matched: matched.to_owned(),
                flow_policy: policy.to_owned(),
                access,
                reputation: score.map(Reputation),
                dns_lists: Vec::new(),
                country: country.map(str::to_owned),
            }
        };
    let rows = [
        (
            by(("", "", ""), Access::Accept, None, None),
            "ACCEPT SG None match ALL SBRS not enabled country not enabled",
        ),
        (
            by(("", "ALL", "ACCEPTED"), Access::Accept, None, None),
            "ACCEPT SG None match ALL SBRS None country not enabled",
        ),
        (
            by(
                ("UNKNOWNLIST", "sbrs[-1.0:10.0]", "ACCEPTED"),
                Access::Accept,
                Some(52),
                Some("US"),
            ),
            "ACCEPT SG UNKNOWNLIST match sbrs[-1.0:10.0] SBRS 5.2 country US",
        ),
        (
            by(
                ("BLACKLIST", "sbrs[-10.0:-3.0]", "BLOCKED"),
                Access::Reject,
                Some(-100),
                None,
            ),
            "REJECT SG BLACKLIST match sbrs[-10.0:-3.0] SBRS -10.0 country not enabled",
        ),
        (
            by(("RELAY_SG", "192.0.2.7", "RELAYED"), Access::Relay, None, None),
            "RELAY SG RELAY_SG match 192.0.2.7 SBRS None country not enabled",
        ),
        (
            by(("DROPLIST", "192.0.2.", "DROPPED"), Access::Refuse, None, None),
            "TCPREFUSE SG DROPLIST match 192.0.2. SBRS None country not enabled",
        ),
    ];
    for (classification, expected) in rows {
        let written = lines(vec![at(0, classified(7, classification.clone())).0]);
        assert_eq!(written[1..], [format!("ICID 7 {expected}")]);
        if classification.access == Access::Reject {
            let refused = at(0, Event::Refused(refused(7, Stage::Connect))).0;
            let written = lines(vec![at(0, classified(7, classification)).0, refused]);
            assert_eq!(written.len(), 2, "rejected once: {written:?}");
        }
    }
}

#[test]
fn tls_and_log_in_are_told_once_and_a_harvester_by_name() {
    let tls = TlsFacts {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
        server_name: None,
        client_certificate: None,
    };
    let secure = |mid| {
        let mut message = message(mid, &[("ann@example.com", Disposition::Deliver)]);
        let facts = message.facts.as_mut().expect("judged");
        (facts.tls, facts.user) = (Some(tls.clone()), Some("ann".to_owned()));
        facts.direction = Direction::Outbound;
        at(0, Event::Accepted(message)).0
    };
    let Event::Disconnected(end) = disconnected(1, &[]) else {
        panic!("an end")
    };
    let end = |icid| {
        Event::Disconnected(Disconnected {
            icid: Icid(icid),
            tls: Some(tls.clone()),
            ..end.clone()
        })
    };
    let harvest = |icid| {
        Event::Incident(Incident {
            icid: Icid(icid),
            kind: IncidentKind::HarvestAttack,
            detail: "25 invalid recipients an hour".to_owned(),
        })
    };
    let suspect = Classification {
        sender_group: "SUSPECTLIST".to_owned(),
        ..Classification::default()
    };
    let records = vec![
        at(0, connected(1)).0,
        secure(10),
        secure(11),
        at(0, end(1)).0,
        at(0, classified(2, suspect)).0,
        at(0, harvest(2)).0,
        at(0, end(2)).0,
    ];
    let written = lines(records);
    let about =
        |words: &str| -> Vec<&String> { written.iter().filter(|line| line.contains(words)).collect() };
    assert_eq!(
        about("TLS success"),
        [
            "ICID 1 TLS success protocol TLSv1.3 cipher TLS_AES_128_GCM_SHA256",
            "ICID 2 TLS success protocol TLSv1.3 cipher TLS_AES_128_GCM_SHA256",
        ]
    );
    assert_eq!(
        about("SMTP Auth"),
        ["SMTP Auth: (ICID 1) succeeded for user: ann"]
    );
    assert_eq!(about("in the outbound table").len(), 2);
    assert_eq!(
        about("Harvest"),
        [
            "LDAP: Dropping connection due to potential Directory Harvest Attack from \
             host=('192.0.2.7', 'mx.example.net'), dhap_limit=25, sender_group=SUSPECTLIST"
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
