//! The peer's reverse name, confirmed or not, and never late.

use super::name_server::reverse_of;
use super::{Rig, before_the_banner};
use postern_engine::Services;
use postern_engine::dns::Dns;
use postern_vocab::ReverseName;
use std::net::{IpAddr, Ipv4Addr};

fn verified(name: &str) -> ReverseName {
    ReverseName::Verified(name.to_owned())
}

fn unverified(name: &str) -> ReverseName {
    ReverseName::Unverified(name.to_owned())
}

/// Address, table, what its name comes to, why.
fn check<const N: usize>(rows: [(&str, &str, ReverseName, &str); N]) {
    for (address, table, expected, why) in rows {
        let rig = Rig::new(table);
        let address: IpAddr = address.parse().unwrap();
        let reverse = before_the_banner(|| rig.ask(async |dns| dns.reverse(address).await));
        assert_eq!(reverse, expected, "{why}");
    }
}

#[test]
fn a_name_is_believed_when_it_leads_back() {
    let eleven: String = (1..=11)
        .map(|n| format!("1.2.0.192.in-addr.arpa PTR n{n}.example.net\n"))
        .collect();
    let at = |table: &str| format!("1.2.0.192.in-addr.arpa PTR mx.example.net\n{table}");
    check([
        (
            "192.0.2.1",
            "1.2.0.192.in-addr.arpa PTR MX.Example.net\nmx.example.net A 192.0.2.1",
            verified("mx.example.net"),
            "there and back, whatever the case",
        ),
        (
            "192.0.2.1",
            &at("mx.example.net A 192.0.2.2"),
            unverified("mx.example.net"),
            "it leads elsewhere",
        ),
        (
            "192.0.2.1",
            &at(""),
            unverified("mx.example.net"),
            "it leads nowhere",
        ),
        (
            "192.0.2.1",
            &at("1.2.0.192.in-addr.arpa PTR b.example.net\nb.example.net A 192.0.2.1"),
            verified("b.example.net"),
            "any of several may lead back",
        ),
        (
            "192.0.2.1",
            &format!("{eleven}n11.example.net A 192.0.2.1"),
            unverified("n1.example.net"),
            "but only ten are looked at",
        ),
        ("192.0.2.1", "", ReverseName::None, "no such name"),
        (
            "192.0.2.1",
            "1.2.0.192.in-addr.arpa TXT nothing",
            ReverseName::None,
            "no PTR record",
        ),
        (
            "192.0.2.1",
            "1.2.0.192.in-addr.arpa PTR no host.example.net",
            ReverseName::None,
            "what is no host name is no name",
        ),
    ]);
}

#[test]
fn a_failure_or_a_late_answer_is_a_fact_and_no_wait() {
    let name = "1.2.0.192.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1\n";
    let with = |line: &str| format!("{name}{line}");
    let unknown = || ReverseName::Unknown;
    check([
        ("192.0.2.1", "* SERVFAIL", unknown(), "a failure is no absence"),
        ("192.0.2.1", "* REFUSED", unknown(), "nor is a refusal"),
        ("192.0.2.1", "* SILENT", unknown(), "nor is silence"),
        (
            "192.0.2.1",
            &with("mx.example.net SERVFAIL"),
            unknown(),
            "nobody can say whether it leads back",
        ),
        ("192.0.2.1", &with("mx.example.net SILENT"), unknown(), "nor now"),
        (
            "192.0.2.1",
            &with("1.2.0.192.in-addr.arpa LATE 3000"),
            unknown(),
            "too late for the banner",
        ),
        (
            "192.0.2.1",
            &with("1.2.0.192.in-addr.arpa WRONG-ID"),
            unknown(),
            "somebody else's answer",
        ),
        (
            "192.0.2.1",
            &with("1.2.0.192.in-addr.arpa WRONG-NAME"),
            unknown(),
            "to another question",
        ),
        (
            "192.0.2.1",
            &with("1.2.0.192.in-addr.arpa TRUNCATED"),
            verified("mx.example.net"),
            "a long answer comes by TCP",
        ),
    ]);
}

#[test]
fn every_kind_of_address_is_asked_for_where_it_belongs() {
    let six: IpAddr = "2001:db8::1".parse().unwrap();
    check([
        (
            "::ffff:192.0.2.1",
            "1.2.0.192.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1",
            verified("mx.example.net"),
            "IPv4 in IPv6 clothes",
        ),
        (
            "2001:db8::1",
            &format!(
                "{} PTR six.example.net\nsix.example.net AAAA 2001:db8::1",
                reverse_of(six)
            ),
            verified("six.example.net"),
            "IPv6",
        ),
        (
            "127.9.8.7",
            "7.8.9.127.in-addr.arpa PTR here.example.net\nhere.example.net A 127.9.8.7",
            verified("here.example.net"),
            "loopback, since a name server is configured",
        ),
    ]);
}

#[test]
fn without_name_servers_nothing_is_asked_nor_spawned() {
    // No runtime but the test's own, and no time on it.
    let mut shard = tokio::runtime::Builder::new_current_thread();
    let reverse = shard
        .build()
        .unwrap()
        .block_on(Dns::none().reverse([192, 0, 2, 1].into()));
    assert_eq!(reverse, ReverseName::NotAsked);
    // The system's name servers do not know loopback.
    let services = Services::start().unwrap();
    let dns = Dns::new(&[], services.handle());
    let reverse = shard
        .build()
        .unwrap()
        .block_on(dns.reverse(Ipv4Addr::LOCALHOST.into()));
    assert_eq!(reverse, ReverseName::NotAsked);
}

#[test]
fn dnssec_vouches_only_for_what_was_validated_both_ways() {
    let rows = [
        ("", "", Some(false)),
        ("1.2.0.192.in-addr.arpa VALIDATED", "", Some(false)),
        (
            "1.2.0.192.in-addr.arpa VALIDATED",
            "mx.example.net VALIDATED",
            Some(true),
        ),
    ];
    for (there, back, expected) in rows {
        let table =
            format!("1.2.0.192.in-addr.arpa PTR mx.example.net\n{there}\nmx.example.net A 192.0.2.1\n{back}");
        let rig = Rig::new(&table);
        for asked in ["first", "from the cache"] {
            let reversed = rig.ask(async |dns| dns.reverse_with_dnssec([192, 0, 2, 1].into()).await);
            assert_eq!(reversed.name, verified("mx.example.net"));
            assert_eq!(reversed.dnssec, expected, "{there} {back} {asked}");
        }
    }
    let nothing = Rig::new("").ask(async |dns| dns.reverse_with_dnssec([192, 0, 2, 1].into()).await);
    assert_eq!(nothing.dnssec, None);
}
