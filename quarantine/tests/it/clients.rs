//! What is known of a client beside its address: kept with its connection and with its mail, and told of both.

use crate::harness::*;
use postern_quarantine::api::{Detail, Reply, Request, Subject};
use postern_vocab::events::{Connected, Event};
use postern_vocab::{
    Access, Classification, ClientCertificate, Direction, Disposition, DnsListAnswer, DnsListing, Icid, Mid,
    Peer, RecipientDsn, Reputation, Rid, TlsFacts,
};
use std::collections::BTreeMap;

fn show(house: &House, subject: Subject) -> Detail {
    match house.ask(Request::Show(subject)) {
        Reply::Detail(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

fn classification() -> Classification {
    let listing = |zone: &str, answer| DnsListing {
        zone: zone.to_owned(),
        answer,
    };
    let code = "127.0.0.2".parse().expect("an address");
    Classification {
        sender_group: "SUSPECTLIST".to_owned(),
        matched: "sbrs[-3.0:-1.0]".to_owned(),
        flow_policy: "THROTTLED".to_owned(),
        access: Access::Accept,
        reputation: Some(Reputation(-25)),
        dns_lists: vec![
            listing("bl.example", DnsListAnswer::Listed(vec![code])),
            listing("ok.example", DnsListAnswer::NotListed),
            listing("dead.example", DnsListAnswer::Unavailable("no answer".to_owned())),
        ],
        country: Some("CH".to_owned()),
    }
}

fn tls() -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
        server_name: Some("mx.example.com".to_owned()),
        client_certificate: Some(ClientCertificate {
            subject: "CN=client".to_owned(),
            verified: false,
        }),
    }
}

/// What was asked of the one recipient.
fn asked() -> BTreeMap<Rid, RecipientDsn> {
    let original = Some("rfc822;ann@example.com".to_owned());
    let asked = RecipientDsn {
        notify: None,
        original,
    };
    [(Rid(0), asked)].into()
}

/// A connection of a proxy that names its client by XCLIENT, with one message of a user.
fn proxied_life() -> Vec<postern_quarantine::Fed> {
    let Event::Connected(first) = connected(1) else {
        panic!("a connection")
    };
    let named = Connected {
        peer: Peer {
            remote: "198.51.100.9:25000".parse().expect("valid"),
            ..peer()
        },
        classification: classification(),
        proxy: Some(first.peer.remote.ip()),
        ..first.clone()
    };
    let mut message = message(10, &[("ann@example.com", Disposition::Deliver)]);
    let facts = message.facts.as_mut().expect("judged");
    facts.classification = classification();
    (facts.tls, facts.user) = (Some(tls()), Some("ann".to_owned()));
    facts.direction = Direction::Outbound;
    facts.envelope.dsn.recipients = asked();
    let Event::Disconnected(mut end) = disconnected(1, &[]) else {
        panic!("an end")
    };
    (end.tls, end.user) = (Some(tls()), Some("ann".to_owned()));
    let events = vec![
        at(0, Event::Connected(first)),
        at(1, Event::Connected(named)),
        accepted(2, message),
        at(3, Event::Disconnected(end)),
    ];
    numbered(1, events)
}

#[test]
fn what_is_known_of_a_client_is_told_of_its_connection_and_its_mail() {
    let house = House::new();
    house.feed(&proxied_life());
    let client = [
        ("Sender group", "SUSPECTLIST"),
        ("Matched", "sbrs[-3.0:-1.0]"),
        ("Flow policy", "THROTTLED (accept)"),
        ("Reputation", "-2.5"),
        (
            "DNS lists",
            "on bl.example (127.0.0.2); not on ok.example; dead.example gave no answer that counts (no answer)",
        ),
        ("Country", "CH"),
        ("TLS", "TLSv1.3, TLS_AES_128_GCM_SHA256, asked for mx.example.com"),
        ("Client certificate", "CN=client (not verified)"),
        ("User", "ann"),
    ];
    let direction = ("Direction", "outbound");
    let proxy = ("Proxy", "192.0.2.7 named the client");
    for (subject, more) in [
        (Subject::Icid(Icid(1)), &[proxy][..]),
        (Subject::Mid(Mid(10)), &[direction, proxy]),
    ] {
        let detail = show(&house, subject);
        let expected: Vec<_> = client.iter().chain(more).copied().collect();
        let told = detail.client_facts();
        let told: Vec<_> = told
            .iter()
            .map(|(label, value)| (*label, value.as_str()))
            .collect();
        assert_eq!(told, expected);
        if let Some(facts) = &detail.facts {
            assert_eq!(
                facts.envelope.dsn.recipients,
                asked(),
                "it comes through the door whole"
            );
        }
        let ip = detail.peer.map(|peer| peer.remote.ip().to_string());
        assert_eq!(ip.as_deref(), Some("198.51.100.9"), "not the proxy's own address");
    }
    let Reply::Health(health) = house.ask(Request::Health) else {
        panic!("health")
    };
    assert_eq!(
        health.counts.get("connections"),
        Some(&1),
        "one connection, not two"
    );
}
