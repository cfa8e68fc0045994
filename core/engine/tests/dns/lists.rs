//! DNS lists: what counts as a listing, and which lists count at all.

use super::{Rig, before_the_banner};
use postern_engine::dns::Dns;
use postern_vocab::DnsListAnswer::{self, Listed, NotListed, Unavailable};
use postern_vocab::limits;
use std::net::{IpAddr, Ipv4Addr};

/// The test address of a healthy list.
const HEALTHY: &str = "2.0.0.127.bl.example A 127.0.0.2\n";
const NOT_LISTED: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99));

fn listings(dns: &Dns, address: IpAddr, zones: &[&str]) -> Vec<DnsListAnswer> {
    let zones: Vec<String> = zones.iter().map(|zone| (*zone).to_owned()).collect();
    let listings = before_the_banner(|| super::ask(dns, async |dns| dns.listings(address, &zones).await));
    let answered: Vec<&String> = listings.iter().map(|one| &one.zone).collect();
    assert_eq!(
        answered,
        zones.iter().collect::<Vec<_>>(),
        "one answer a zone, in order"
    );
    listings.into_iter().map(|one| one.answer).collect()
}

fn listed(code: [u8; 4]) -> DnsListAnswer {
    Listed(vec![Ipv4Addr::from(code)])
}

#[track_caller]
fn assert_unavailable(answer: &DnsListAnswer, part: &str, why: &str) {
    match answer {
        Unavailable(text) => assert!(text.contains(part), "{why}: {text}"),
        other => panic!("{why}: {other:?}"),
    }
}

#[test]
fn the_very_first_client_gets_an_answer_of_a_healthy_list() {
    let six = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example A 127.0.0.9";
    let table = format!("{HEALTHY}1.2.0.192.bl.example A 127.0.0.4\n{six}");
    let rows = [
        ("192.0.2.1", listed([127, 0, 0, 4]), "on the list"),
        ("::ffff:192.0.2.1", listed([127, 0, 0, 4]), "in IPv6 clothes"),
        ("192.0.2.2", NotListed, "not on the list"),
        ("2001:db8:1:2:3:4:567:89ab", listed([127, 0, 0, 9]), "IPv6"),
        ("2001:db8::2", NotListed, "IPv6 that is not on the list"),
    ];
    for (address, expected, why) in rows {
        let rig = Rig::new(&table);
        let answers = listings(&rig.dns, address.parse().unwrap(), &["bl.example"]);
        assert_eq!(answers, [expected], "{why}");
        let health = rig.dns.health();
        assert!(health[0].healthy && health[0].why.is_empty() && health[0].checked_at.is_some());
    }
}

#[test]
fn a_list_that_fails_its_own_test_never_lists_anyone() {
    let rows = [
        (
            "*.bl.example A 127.0.0.2",
            "lists everything",
            "everything is on it",
        ),
        (
            "2.0.0.127.bl.example A 127.0.0.2\n1.0.0.127.bl.example A 127.0.0.2\n1.2.0.192.bl.example A 127.0.0.2",
            "lists 127.0.0.1",
            "the address that is on no list",
        ),
        (
            "2.0.0.127.bl.example A 127.0.0.2\n1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example A 127.0.0.2",
            "lists 127.0.0.1",
            "the same in IPv6",
        ),
        (
            "1.2.0.192.bl.example A 127.0.0.2",
            "does not list 127.0.0.2",
            "it lost its test address",
        ),
        (
            "*.bl.example A 127.255.255.254",
            "127.255.255.254",
            "we may not ask",
        ),
        ("*.bl.example A 203.0.113.1", "203.0.113.1", "the domain was sold"),
        ("*.bl.example SERVFAIL", "", "broken"),
        ("", "does not list 127.0.0.2", "gone"),
    ];
    for (table, part, why) in rows {
        let rig = Rig::new(table);
        let answers = listings(&rig.dns, [192, 0, 2, 1].into(), &["bl.example"]);
        assert_unavailable(&answers[0], part, why);
        let health = &rig.dns.health()[0];
        assert!(!health.healthy && health.why.contains(part), "{why}: {health:?}");
        let asked = rig.server.asked_in_all();
        let again = listings(&rig.dns, [192, 0, 2, 1].into(), &["bl.example"]);
        assert_unavailable(&again[0], part, why);
        assert_eq!(
            rig.server.asked_in_all(),
            asked,
            "{why}: what is known costs nothing"
        );
    }
}

#[test]
fn answers_that_are_no_listings_do_not_count() {
    let rows = [
        (
            "1.2.0.192.bl.example A 127.255.255.255",
            "127.255.255.255",
            "too many questions",
        ),
        (
            "1.2.0.192.bl.example A 192.0.2.7",
            "192.0.2.7",
            "outside 127.0.0.0/8",
        ),
        ("1.2.0.192.bl.example SERVFAIL", "", "a failure"),
        ("1.2.0.192.bl.example SILENT", "no answer in time", "silence"),
    ];
    for (line, part, why) in rows {
        let rig = Rig::new(&format!("{HEALTHY}{line}"));
        let answers = listings(&rig.dns, [192, 0, 2, 1].into(), &["bl.example"]);
        assert_unavailable(&answers[0], part, why);
        assert_eq!(
            listings(&rig.dns, NOT_LISTED, &["bl.example"]),
            [NotListed],
            "{why}"
        );
    }
}

#[test]
fn a_dead_list_delays_no_other_and_is_soon_known_to_be_dead() {
    let rig = Rig::new(&format!(
        "{HEALTHY}1.2.0.192.bl.example A 127.0.0.4\n*.dead.example SILENT"
    ));
    let both = ["dead.example", "bl.example"];
    let answers = listings(&rig.dns, [192, 0, 2, 1].into(), &both);
    assert_unavailable(&answers[0], "no answer in time", "nobody waits for its test");
    assert_eq!(answers[1], listed([127, 0, 0, 4]));
    let found = std::time::Instant::now() + limits::DNS_LIST_TEST_TIMEOUT * 2;
    while rig.dns.health()[1].checked_at.is_none() {
        assert!(std::time::Instant::now() < found, "its test ends");
        listings(&rig.dns, [192, 0, 2, 1].into(), &both);
    }
    let asked = rig.server.asked_in_all();
    let start = std::time::Instant::now();
    let answers = listings(&rig.dns, [192, 0, 2, 1].into(), &both);
    assert_unavailable(&answers[0], "", "dead");
    assert!(
        start.elapsed() < limits::BANNER_DNS_TIMEOUT / 2,
        "what is dead costs no time"
    );
    assert_eq!(rig.server.asked_in_all(), asked, "nor questions");
}

#[test]
fn a_list_that_dies_after_its_test_is_left_alone_after_a_few_clients() {
    let rig = Rig::new(&format!("{HEALTHY}*.2.0.192.bl.example SERVFAIL"));
    for host in 0..limits::DNS_LIST_UNANSWERED_MAX {
        let address = Ipv4Addr::new(192, 0, 2, u8::try_from(host).unwrap());
        let answers = listings(&rig.dns, address.into(), &["bl.example"]);
        assert_unavailable(&answers[0], "", "broken");
    }
    let asked = rig.server.asked_in_all();
    let answers = listings(&rig.dns, NOT_LISTED, &["bl.example"]);
    assert_unavailable(&answers[0], "no answer to the last", "known");
    assert_eq!(rig.server.asked_in_all(), asked);
    assert!(!rig.dns.health()[0].healthy);
}

#[test]
fn there_is_a_limit_to_lists_and_none_is_asked_without_name_servers() {
    let rig = Rig::new("");
    let zones: Vec<String> = (0..=limits::DNS_LIST_ZONES_MAX)
        .map(|n| format!("bl{n}.example"))
        .collect();
    let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
    let answers = listings(&rig.dns, NOT_LISTED, &zones);
    assert_unavailable(
        answers.last().unwrap(),
        "too many DNS lists",
        "one over the limit",
    );
    assert_eq!(rig.dns.health().len(), limits::DNS_LIST_ZONES_MAX);

    let answers = listings(&Dns::none(), NOT_LISTED, &["bl.example"]);
    assert_unavailable(&answers[0], "no name server", "none configured");
    assert!(listings(&Dns::none(), NOT_LISTED, &[]).is_empty());
}
