//! Where mail goes, and whether a sender's domain exists.

use super::Rig;
use postern_engine::dns::{Dns, Unresolved};
use postern_engine::policy::{Hop, HopHost};
use postern_vocab::{Domain, SenderDomain};
use std::net::SocketAddr;

fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

#[test]
fn a_sender_domain_exists_when_it_could_take_a_reply() {
    use SenderDomain::{Exists, Missing, Unavailable};
    let rows = [
        (
            "example.com",
            "example.com MX 10 mx.example.com",
            Exists,
            "an MX record",
        ),
        (
            "example.com",
            "example.com A 192.0.2.1",
            Exists,
            "its own address",
        ),
        (
            "example.com",
            "example.com AAAA 2001:db8::1",
            Exists,
            "over IPv6 too",
        ),
        (
            "example.com",
            "example.com CNAME other.example\nother.example MX 10 mx.other.example",
            Exists,
            "an alias",
        ),
        (
            "example.com",
            "example.com MX 0 .",
            Missing,
            "it says that it has no mail",
        ),
        (
            "example.com",
            "example.com TXT only",
            Missing,
            "neither MX nor address",
        ),
        (
            "example.com",
            "example.org A 192.0.2.1",
            Missing,
            "no such domain",
        ),
        ("example.com", "* SERVFAIL", Unavailable, "nobody can say now"),
        ("[192.0.2.9]", "* SERVFAIL", Exists, "a literal is not looked up"),
        (
            "a_b.example.com",
            "a_b.example.com A 192.0.2.1",
            Exists,
            "an underscore",
        ),
    ];
    for (sender, table, expected, why) in rows {
        let rig = Rig::new(table);
        let found = rig.ask(async |dns| dns.sender_domain(&domain(sender)).await);
        assert_eq!(found, expected, "{why}");
    }
    let without = super::ask(&Dns::none(), async |dns| {
        dns.sender_domain(&domain("example.com")).await
    });
    assert_eq!(
        without, Unavailable,
        "without a name server nobody is called missing"
    );
}

#[test]
fn mail_goes_to_the_exchangers_by_preference_or_to_the_domain_itself() {
    let rows = [
        (
            "example.com MX 20 b.example.com\nexample.com MX 10 a.example.com\na.example.com A 192.0.2.1\nb.example.com A 192.0.2.2",
            "[192.0.2.1:25, 192.0.2.2:25]",
            "most preferred first",
        ),
        ("example.com A 192.0.2.3", "[192.0.2.3:25]", "no MX: the address"),
        (
            "example.com MX 10 a.example.com\nexample.com MX 20 b.example.com\na.example.com SERVFAIL\nb.example.com A 192.0.2.2",
            "[192.0.2.2:25]",
            "one of two",
        ),
        (
            "example.com MX 0 .",
            "permanent: example.com says that it takes no mail",
            "null MX",
        ),
        ("", "permanent: example.com does not exist", "no such domain"),
        (
            "example.com MX 10 a.example.com",
            "permanent: a.example.com does not exist",
            "an exchanger that is not there",
        ),
        (
            "example.com SERVFAIL",
            "temporary: the DNS has no answer for example.com now",
            "a failure bounces nothing",
        ),
        (
            "example.com MX 10 a.example.com\nexample.com MX 20 b.example.com\na.example.com SERVFAIL",
            "temporary: the DNS has no answer for a.example.com now",
            "a host that may be there later is waited for",
        ),
    ];
    for (table, expected, why) in rows {
        let rig = Rig::new(table);
        let found = rig.ask(async |dns| dns.mail_hosts(&domain("example.com")).await);
        let text = match found {
            Ok(found) => format!("{found:?}"),
            Err(Unresolved::Temporary(why)) => format!("temporary: {why}"),
            Err(Unresolved::Permanent(why)) => format!("permanent: {why}"),
        };
        assert!(text.starts_with(expected), "{why}: {text}");
    }
}

#[test]
fn a_named_hop_is_found_and_one_by_address_is_not_looked_up() {
    let rig = Rig::new("hop.example.com A 192.0.2.1\nhop.example.com AAAA 2001:db8::1");
    let hop = Hop {
        host: HopHost::Name(domain("hop.example.com")),
        port: 2525,
    };
    let found = rig.ask(async |dns| dns.hop(&hop).await).unwrap();
    let found: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
    assert_eq!(found, ["192.0.2.1:2525", "[2001:db8::1]:2525"]);

    let hop = Hop {
        host: HopHost::Ip([192, 0, 2, 2].into()),
        port: 25,
    };
    let found = super::ask(&Dns::none(), async |dns| dns.hop(&hop).await).unwrap();
    assert_eq!(found, [SocketAddr::from(([192, 0, 2, 2], 25))]);
}

#[test]
fn the_exchangers_tell_whether_dnssec_vouches_for_them() {
    let rig =
        Rig::new("example.com MX 10 mx.example.com\nexample.com VALIDATED\nexample.org MX 10 mx.example.com");
    for (name, expected) in [("example.com", true), ("example.org", false)] {
        let found = rig.ask(async |dns| dns.mx(&domain(name)).await).unwrap();
        assert_eq!(
            (found.hosts, found.dnssec),
            (vec![domain("mx.example.com")], expected)
        );
    }
}
