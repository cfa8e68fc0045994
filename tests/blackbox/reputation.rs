//! Promise: what a client did here decides how it is met, also after a restart; and a DNS list counts only while it can be
//! believed.

use crate::harness::{
    Gateway, NameServer, NextHop, Options, SOON, Smtp, client, gtube, message, own_address, try_until,
};
use std::net::Ipv4Addr;

const SENDER: &str = "deals@pills.example.net";
const OURS: &str = "alice@example.test";

const BY_SCORE: &str = r#"
[[sender_group]]
name = "BLACKLIST"
hosts = ["sbrs[-10.0:-3.0]"]
policy = "BLOCKED"
[[sender_group]]
name = "SUSPECTLIST"
hosts = ["sbrs[-3.0:-1.0]"]
policy = "THROTTLED"
[[sender_group]]
name = "KNOWN"
hosts = ["sbrs[-1.0:10.0]"]
policy = "ACCEPTED"
"#;

/// How a client is classified at a connection of now.
#[track_caller]
fn is_met(gateway: &Gateway, from: Ipv4Addr, expected: &str) {
    gateway.hears(from, SENDER, OURS);
    gateway.is_classified(from, expected);
}

#[track_caller]
fn sends(gateway: &Gateway, from: Ipv4Addr, count: usize, what: &[u8]) {
    let mut smtp = Smtp::greeted_from(from, gateway.smtp());
    for _ in 0..count {
        smtp.accepted(SENDER, &[OURS], what);
    }
    smtp.ask("QUIT", 221);
}

/// A name server where these zones keep their own test address, and what else is told.
fn lists(zones: &[&str], more: &str) -> NameServer {
    let good: String = zones
        .iter()
        .map(|zone| format!("2.0.0.127.{zone} A 127.0.0.2\n"))
        .collect();
    NameServer::start(own_address(), &(good + more))
}

#[test]
fn who_sends_spam_is_blocked_and_stays_so_over_a_restart() {
    let hop = NextHop::start();
    let mut gateway = Options::new(&hop).tables(BY_SCORE).start();
    let (spammer, neighbour, friend) = (client(1, 1), client(1, 2), client(2, 1));
    sends(&gateway, spammer, 12, &gtube("pills"));
    sends(&gateway, friend, 12, &message("minutes"));
    for _ in 0..2 {
        let (_, recipient) = gateway.hears(spammer, SENDER, OURS);
        assert!(recipient.starts_with("554 5.7.1 "), "{recipient}");
        for (from, expected) in [
            (spammer, "REJECT SG BLACKLIST match sbrs[-10.0:-3.0] SBRS -5.5 "),
            (
                neighbour,
                "ACCEPT SG SUSPECTLIST match sbrs[-3.0:-1.0] SBRS -2.7 ",
            ),
            (friend, "ACCEPT SG KNOWN match sbrs[-1.0:10.0] SBRS 1.1 "),
            (client(3, 1), "ACCEPT SG None match ALL SBRS None "),
        ] {
            is_met(&gateway, from, expected);
        }
        gateway.stop();
        gateway.again();
    }
}

#[test]
fn unknown_recipients_and_abuse_cost_a_client_its_name_too() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).recipients(&["alice"]).tables(BY_SCORE).start();
    let mut smtp = Smtp::greeted_from(client(1, 1), gateway.smtp());
    smtp.ask("MAIL FROM:<guess@abuse.example.net>", 250);
    for number in 0..22 {
        smtp.ask(&format!("RCPT TO:<guess{number}@example.test>"), 550);
    }
    smtp.ask("QUIT", 221);
    is_met(
        &gateway,
        client(1, 1),
        "REJECT SG BLACKLIST match sbrs[-10.0:-3.0] SBRS -5.2 ",
    );
}

#[test]
fn who_is_on_a_dns_list_is_in_its_group() {
    let hop = NextHop::start();
    let table = r#"
[[sender_group]]
name = "BLACKLIST"
hosts = ["dnslist[bl.example.org=127.0.0.4]", "dnslist[other.example.org]"]
policy = "BLOCKED"
"#;
    let listed = "1.1.251.127.bl.example.org A 127.0.0.4\n2.1.251.127.bl.example.org A 127.0.0.2\n\
                  2.1.251.127.other.example.org A 127.0.0.2";
    let names = lists(&["bl.example.org", "other.example.org"], listed);
    let gateway = Options::new(&hop).name_server(&names).tables(table).start();
    for (host, expected) in [
        (
            1,
            "REJECT SG BLACKLIST match dnslist[bl.example.org=127.0.0.4] SBRS None ",
        ),
        (
            2,
            "REJECT SG BLACKLIST match dnslist[other.example.org] SBRS None ",
        ),
        (3, "ACCEPT SG None match ALL SBRS None "),
    ] {
        is_met(&gateway, client(1, host), expected);
    }
    let (icid, _) = gateway.classified(client(1, 1));
    let shown = gateway.cli(&["show", "ICID", &icid.to_string()]).ended(0).out;
    assert!(
        shown.contains("on bl.example.org (127.0.0.4); not on other.example.org"),
        "{shown}"
    );
}

#[test]
fn a_list_that_cannot_be_believed_counts_for_nothing_and_is_shown() {
    let hop = NextHop::start();
    let rows = [
        ("errors.example", "127.255.255.254"),
        ("all.example", "lists everything"),
        ("empty.example", "does not list 127.0.0.2"),
        ("sold.example", "203.0.113.7"),
        ("dead.example", "timed out"),
    ];
    let groups: String = rows
        .iter()
        .map(|(zone, _)| zone)
        .chain(&["good.example"])
        .map(|zone| {
            let name = zone.replace('.', "-");
            format!(
                "[[sender_group]]\nname = \"{name}\"\nhosts = [\"dnslist[{zone}]\"]\npolicy = \"BLOCKED\"\n"
            )
        })
        .collect();
    let names = lists(
        &["good.example"],
        "*.errors.example A 127.255.255.254\n*.all.example A 127.0.0.2\n*.sold.example A 203.0.113.7\n\
         *.dead.example SILENT\n1.1.251.127.good.example A 127.0.0.2",
    );
    let gateway = Options::new(&hop).name_server(&names).tables(&groups).start();
    is_met(
        &gateway,
        client(1, 1),
        "REJECT SG good-example match dnslist[good.example] ",
    );
    is_met(&gateway, client(1, 2), "ACCEPT SG None match ALL ");
    for (zone, why) in rows {
        let beginning = format!("dns list {zone}: ");
        let told = |line: &str| line.contains(&beginning) && line.contains(why);
        let mut status = String::new();
        let found = try_until(SOON, || {
            status = gateway.cli(&["status"]).ended(0).out;
            status.lines().any(told).then_some(())
        });
        assert!(found.is_some(), "{zone} {why}: {status}");
    }
    let status = gateway.cli(&["status", "detail"]).ended(0).out;
    assert!(
        status
            .lines()
            .any(|line| line.starts_with("well ") && line.ends_with("good.example")),
        "{status}"
    );
}

#[test]
fn listings_take_points_off_the_score() {
    let hop = NextHop::start();
    let table = format!(
        "{BY_SCORE}\n[reputation]\ndns_lists = [\"one.example\", \"two.example\"]\ndns_list_points = 2.5\n"
    );
    let listed = "1.1.251.127.one.example A 127.0.0.2\n2.1.251.127.one.example A 127.0.0.2\n\
                  2.1.251.127.two.example A 127.0.0.2\n1.2.251.127.one.example A 127.0.0.2";
    let names = lists(&["one.example", "two.example"], listed);
    let gateway = Options::new(&hop).name_server(&names).tables(&table).start();
    for _ in 0..2 {
        sends(&gateway, client(2, 1), 9, &message("minutes"));
    }
    for (from, expected) in [
        (
            client(1, 1),
            "ACCEPT SG SUSPECTLIST match sbrs[-3.0:-1.0] SBRS -2.5 ",
        ),
        (
            client(1, 2),
            "REJECT SG BLACKLIST match sbrs[-10.0:-3.0] SBRS -5.0 ",
        ),
        (
            client(2, 1),
            "ACCEPT SG SUSPECTLIST match sbrs[-3.0:-1.0] SBRS -1.0 ",
        ),
        (client(3, 1), "ACCEPT SG None match ALL SBRS None "),
    ] {
        is_met(&gateway, from, expected);
    }
}
