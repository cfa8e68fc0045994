//! Promise: nobody gets more of the gateway than their mail flow policy says, on however many connections; and who goes
//! back under the limit is as welcome as before.

use crate::harness::{Gateway, NextHop, Options, Smtp, client, message, soon};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

const SENDER: &str = "carol@partner.example.com";
const OURS: &str = "alice@example.test";

/// A gateway on two cores whose clients may do this much.
fn gateway(hop: &NextHop, keys: &str) -> Gateway {
    let policy = format!("[[flow_policy]]\nname = \"ACCEPTED\"\n{keys}\n");
    Options::new(hop)
        .top("shards = 2")
        .recipients(&["alice"])
        .tables(&policy)
        .start()
}

/// Connects; the first reply.
fn first_words(gateway: &Gateway, from: Ipv4Addr) -> (Smtp, String) {
    let mut smtp = Smtp::raw_from(from, gateway.smtp());
    let said = smtp.reply().text().to_owned();
    (smtp, said)
}

#[track_caller]
fn hears(gateway: &Gateway, (from, sender, to): (Ipv4Addr, &str, &str), expected: &str) {
    let heard = gateway.hears(from, sender, to).1;
    assert!(
        heard.starts_with(expected),
        "{from} <{sender}> <{to}>, expected {expected}: {heard}"
    );
}

#[test]
fn connections_are_counted_by_address_and_by_network() {
    let hop = NextHop::start();
    let keys = "connections_per_address = 2\nconnections_per_network = 3\nsignificant_bits_v4 = 24";
    let gateway = gateway(&hop, keys);
    let mut open = Vec::new();
    for (host, expected) in [
        (1, "220 "),
        (1, "220 "),
        (1, "421 4.7.0 "),
        (2, "220 "),
        (3, "421 4.7.0 "),
    ] {
        let (mut smtp, said) = first_words(&gateway, client(1, host));
        assert!(said.starts_with(expected), "127.251.1.{host}: {said}");
        match expected {
            "220 " => open.push(smtp),
            _ => smtp.expect_closed(),
        }
    }
    let (_other, said) = first_words(&gateway, client(2, 1));
    assert!(said.starts_with("220 "), "another network: {said}");
    let row = gateway.tracked(&["--rejected", "--ip", "127.251.1.3"]);
    let detail = gateway.show("ICID", &row["icid"]).to_string();
    assert!(detail.contains("3 connections from one network"), "{detail}");

    open.remove(0).ask("QUIT", 221);
    soon("there is room again", || {
        let (mut smtp, said) = first_words(&gateway, client(1, 3));
        smtp.close();
        said.starts_with("220 ").then_some(())
    });
}

#[test]
fn recipients_an_hour_are_counted_over_all_connections_and_cores() {
    let hop = NextHop::start();
    let gateway = gateway(&hop, "recipients_per_hour = 5");
    let mut connections: Vec<Smtp> = (0..6)
        .map(|_| Smtp::greeted_from(client(1, 1), gateway.smtp()))
        .collect();
    let mut taken = 0;
    for smtp in &mut connections {
        smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
        for _ in 0..2 {
            let heard = smtp.reply_to(&format!("RCPT TO:<{OURS}>"));
            taken += usize::from(heard.starts_with("250 "));
            assert!(
                heard.starts_with("250 ") || heard.starts_with("452 4.7.1 "),
                "{heard}"
            );
        }
    }
    assert_eq!(taken, 5);
    hears(&gateway, (client(1, 2), SENDER, OURS), "250 ");
    hears(
        &gateway,
        (client(1, 1), SENDER, "nobody@example.test"),
        "550 5.1.1 ",
    );
    let row = gateway.classified(client(1, 1)).0;
    assert!(row.is_number());
    let line = gateway.logged(&["rate-exceeded", "5 recipients an hour from 127.251.1.1"]);
    assert!(line.contains("ICID "), "{line}");
}

#[test]
fn recipients_of_one_sender_are_counted_over_all_clients_unless_it_is_exempt() {
    let hop = NextHop::start();
    let keys = "recipients_per_sender = \"2/1h\"\nsender_rate_exempt = [\"boss@example.net\", \".lists.example.net\"]";
    let gateway = gateway(&hop, keys);
    for (host, sender, expected) in [
        (1, "bulk@example.net", "250 "),
        (2, "Bulk@Example.Net", "250 "),
        (3, "bulk@example.net", "452 4.7.1 "),
        (3, "other@example.net", "250 "),
        (3, "", "250 "),
    ] {
        hears(&gateway, (client(1, host), sender, OURS), expected);
    }
    for _ in 0..4 {
        for sender in ["boss@example.net", "x@a.lists.example.net", ""] {
            hears(&gateway, (client(1, 1), sender, OURS), "250 ");
        }
    }
}

#[test]
fn who_guesses_recipients_is_shown_the_door_and_may_send_to_those_there_are() {
    let hop = NextHop::start();
    let gateway = gateway(&hop, "");
    let harvester = client(1, 1);
    let mut smtp = Smtp::greeted_from(harvester, gateway.smtp());
    smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
    for number in 0..25 {
        let heard = smtp.reply_to(&format!("RCPT TO:<guess{number}@example.test>"));
        assert!(heard.starts_with("550 5.1.1 "), "{number}: {heard}");
    }
    smtp.line("RCPT TO:<guess25@example.test>");
    smtp.expect_text("550 5.7.1 Too many invalid recipients");
    smtp.expect_closed();
    // The hour is not over: the next guess ends the next connection at once.
    let mut smtp = Smtp::greeted_from(harvester, gateway.smtp());
    smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
    smtp.line("RCPT TO:<guess26@example.test>");
    smtp.expect_text("550 5.7.1 Too many invalid recipients");
    smtp.expect_closed();

    let mut smtp = Smtp::greeted_from(harvester, gateway.smtp());
    let mid = smtp.accepted(SENDER, &[OURS], &message("for one who is here"));
    smtp.ask("QUIT", 221);
    gateway.message_is(mid, "delivered");
    hears(
        &gateway,
        (client(1, 2), SENDER, "guess27@example.test"),
        "550 5.1.1 ",
    );

    let line = gateway.logged(&["Directory Harvest Attack"]);
    let expected = "LDAP: Dropping connection due to potential Directory Harvest Attack from host=('127.251.1.1', None), \
                    dhap_limit=25, sender_group=None";
    assert!(line.ends_with(expected), "{line}");
    let row = gateway.tracked(&["--rejected", "--to", "guess25@example.test"]);
    assert_eq!(row["state"], "refused", "{row}");
}

#[test]
fn a_stranger_is_told_to_come_again_and_an_administrator_lets_one_in_at_once() {
    let hop = NextHop::start();
    let mut gateway = gateway(&hop, "greylist = true\nrecipients_per_hour = 2");
    for _ in 0..3 {
        hears(
            &gateway,
            (client(1, 1), "one@example.net", OURS),
            "451 4.7.1 Greylisted",
        );
    }
    hears(
        &gateway,
        (client(1, 1), "two@example.net", OURS),
        "451 4.7.1 Greylisted",
    );
    let listed = gateway.cli(&["greylist", "list"]).ended(0).out;
    for part in ["127.251.1.1/32", "<one@example.net>", "<two@example.net>", OURS] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let row = gateway.tracked(&["--rejected", "--from", "two@example.net"]);
    let detail = gateway.show("MID", &row["mid"]).to_string();
    assert!(detail.contains("greylisting"), "{detail}");

    gateway
        .cli(&["greylist", "admit", "--sender", "one@example.net"])
        .ended(0);
    gateway
        .cli(&["greylist", "admit", "--sender", "never@example.net"])
        .ended(1);
    // What had to come again has not counted towards the rate.
    hears(&gateway, (client(1, 1), "One@example.net", OURS), "250 ");
    hears(
        &gateway,
        (client(1, 1), "two@example.net", OURS),
        "451 4.7.1 Greylisted",
    );
    gateway.stop();
    gateway.again();
    hears(&gateway, (client(1, 1), "one@example.net", OURS), "250 ");
    let listed = gateway.cli(&["greylist", "list"]).ended(0).out;
    assert!(listed.contains("two@") && !listed.contains("one@"), "{listed}");
}

#[test]
fn who_comes_again_in_time_is_let_in_and_who_has_a_name_need_not() {
    let hop = NextHop::start();
    for (reputation, expected) in [("true", "250 "), ("false", "451 4.7.1 Greylisted")] {
        let keys = format!(
            "greylist = true\ngreylist_wait = \"1s\"\ngreylist_below = 0.5\nreputation = {reputation}"
        );
        let gateway = gateway(&hop, &keys);
        let comes_again = || gateway.hears(client(1, 1), SENDER, OURS).1.starts_with("250 ");
        assert!(!comes_again());
        soon("it is let in", || comes_again().then_some(()));
        let mut smtp = Smtp::greeted_from(client(1, 1), gateway.smtp());
        for number in 0..12 {
            smtp.accepted(SENDER, &[OURS], &message(&format!("number {number}")));
        }
        smtp.ask("QUIT", 221);
        hears(&gateway, (client(1, 1), "other@example.net", OURS), expected);
        hears(
            &gateway,
            (client(2, 1), "other@example.net", OURS),
            "451 4.7.1 Greylisted",
        );
    }
}

#[test]
fn errors_slow_a_client_down_and_then_end_its_connection() {
    let hop = NextHop::start();
    let gateway = gateway(&hop, "errors_per_connection = 12\ntarpit = \"1s\"");
    let mut smtp = Smtp::greeted_from(client(1, 1), gateway.smtp());
    let wait = Duration::from_secs(1);
    for number in 1..=12 {
        let begun = Instant::now();
        smtp.ask("WHAT", 500);
        let waited = begun.elapsed() >= wait;
        assert_eq!(waited, number > 10, "error {number} took {:?}", begun.elapsed());
    }
    smtp.line("WHAT");
    smtp.expect_text("421 4.7.0 Too many errors");
    smtp.expect_closed();
    gateway.logged(&["too-many-errors"]);
}
