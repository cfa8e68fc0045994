//! Promise: the sender group table of another appliance means here what it meant there: the first line that matches acts
//! at once, and why is on record.

use crate::harness::{
    Gateway, Mail, NameServer, NextHop, Options, Smtp, client, eicar, gtube, message, own_address,
    reverse_of, soon,
};
use std::net::Ipv4Addr;

const SENDER: &str = "carol@partner.example.com";
const OURS: &str = "alice@example.test";
const FOREIGN: &str = "victim@elsewhere.example.org";
const POOR: &str = "554 5.7.1 Your access to this mail system has been rejected due to the sending MTA's poor \
                    reputation. If you believe that this failure is in error, please contact the intended recipient via \
                    alternate means.";

/// A table as it was exported elsewhere, in the order of every appliance, each line copied as it stood.
const TABLE: &str = r#"
[[sender_group]]
name = "RELAYLIST"
hosts = ["127.251.1.10", "127.251.1.32-47", "127.251.1.64/28", "relay.example.net"]
policy = "RELAY"
[[sender_group]]
name = "WATCHED"
hosts = ["127.251.2."]
policy = "CONTINUE"
[[sender_group]]
name = "WHITELIST"
hosts = ["127.251.2.1", "2001:db8::/64", "2001:db8:1::1-2001:db8:1::9", ".partner.example"]
policy = "TRUSTED"
[[sender_group]]
name = "BLACKLIST"
hosts = ["127.251.3", "sbrs[-10.0:-3.0]", "dnslist[bl.example.org]"]
policy = "BLOCKED"
[[sender_group]]
name = "SUSPECTLIST"
hosts = ["sbrs[-3.0:-1.0]", "127.251.4."]
policy = "THROTTLED"
[[sender_group]]
name = "UNKNOWNLIST"
hosts = ["sbrs[none]"]
policy = "ACCEPTED"
[[sender_group]]
name = "ALL"
hosts = ["all"]
policy = "ACCEPTED"
"#;

/// Client | its line of mail_logs | to us | to elsewhere.
const ROWS: &[(u8, u8, &str, &str, &str)] = &[
    (1, 10, "RELAY SG RELAYLIST match 127.251.1.10", "250", "250"),
    (1, 32, "RELAY SG RELAYLIST match 127.251.1.32-47", "250", "250"),
    (1, 47, "RELAY SG RELAYLIST match 127.251.1.32-47", "250", "250"),
    (
        1,
        48,
        "ACCEPT SG UNKNOWNLIST match sbrs[none]",
        "250",
        "550 5.7.1",
    ),
    (1, 79, "RELAY SG RELAYLIST match 127.251.1.64/28", "250", "250"),
    (
        1,
        80,
        "ACCEPT SG UNKNOWNLIST match sbrs[none]",
        "250",
        "550 5.7.1",
    ),
    (5, 1, "RELAY SG RELAYLIST match relay.example.net", "250", "250"),
    (5, 2, "ACCEPT SG UNKNOWNLIST match sbrs[none]", "250", "550 5.7.1"),
    (2, 1, "ACCEPT SG WHITELIST match 127.251.2.1", "250", "550 5.7.1"),
    (2, 2, "ACCEPT SG UNKNOWNLIST match sbrs[none]", "250", "550 5.7.1"),
    (
        5,
        3,
        "ACCEPT SG WHITELIST match .partner.example",
        "250",
        "550 5.7.1",
    ),
    (5, 4, "ACCEPT SG UNKNOWNLIST match sbrs[none]", "250", "550 5.7.1"),
    (
        3,
        7,
        "REJECT SG BLACKLIST match 127.251.3",
        "554 5.7.1",
        "554 5.7.1",
    ),
    (
        5,
        5,
        "REJECT SG BLACKLIST match dnslist[bl.example.org]",
        "554 5.7.1",
        "554 5.7.1",
    ),
    (4, 1, "ACCEPT SG SUSPECTLIST match 127.251.4.", "250", "550 5.7.1"),
];

/// 5.1 is the relay, 5.2 claims to be; 5.3 is below the partner, 5.4 is the partner's own name; 5.5 is listed.
fn names() -> NameServer {
    let name = |host: u8, name: &str| format!("{} PTR {name}\n", reverse_of(client(5, host)));
    let at = |name: &str, host: u8| format!("{name} A {}\n", client(5, host));
    let table = [
        name(1, "relay.example.net"),
        at("relay.example.net", 1),
        name(2, "relay.example.net"),
        name(3, "mx.partner.example"),
        at("mx.partner.example", 3),
        name(4, "partner.example"),
        at("partner.example", 4),
        "2.0.0.127.bl.example.org A 127.0.0.2\n5.5.251.127.bl.example.org A 127.0.0.3\n".to_owned(),
    ];
    NameServer::start(own_address(), &table.concat())
}

fn with_table(hop: &NextHop, table: &str) -> Gateway {
    Options::new(hop).tables(table).start()
}

/// One group for these hosts, with a policy of these keys.
fn group(hosts: &str, keys: &str) -> String {
    format!(
        "[[sender_group]]\nname = \"GROUP\"\nhosts = [\"{hosts}\"]\npolicy = \"OWN\"\n\
         [[flow_policy]]\nname = \"OWN\"\n{keys}\n"
    )
}

#[test]
fn the_table_of_an_appliance_acts_line_by_line() {
    let hop = NextHop::start();
    let names = names();
    let gateway = Options::new(&hop).name_server(&names).tables(TABLE).start();
    for (network, host, line, ours, foreign) in ROWS {
        let from = client(*network, *host);
        for (to, expected) in [(OURS, ours), (FOREIGN, foreign)] {
            let (sender, recipient) = gateway.hears(from, SENDER, to);
            assert!(sender.starts_with("250 "), "{from}: {sender}");
            assert!(recipient.starts_with(expected), "{from} to {to}: {recipient}");
        }
        let (icid, logged) = gateway.classified(from);
        let expected = format!("ICID {icid} {line} SBRS None country not enabled");
        assert_eq!(logged, expected, "{from}");
        let mut words = line.split(' ').skip(2).step_by(2);
        let shown = gateway.cli(&["show", "ICID", &icid.to_string()]).ended(0).out;
        for label in ["Sender group", "Matched"] {
            let value = words.next().expect("group and line");
            let told = |row: &str| row.starts_with(label) && row.ends_with(value);
            assert!(shown.lines().map(str::trim).any(told), "{label} {value}: {shown}");
        }
    }
}

/// Addresses that no client of a test can have come by way of a proxy that may name them.
#[test]
fn a_client_whom_a_proxy_names_is_met_as_itself() {
    let hop = NextHop::start();
    let keys = "access = \"refuse\"\nreject_reply = \"554 5.7.1 Not from there\"";
    let gateway = Options::new(&hop)
        .listener("xclient = [\"127.251.9.1\"]")
        .tables(&format!("{}{TABLE}", group("2001:db8:2::/48", keys)))
        .start();
    for (address, expected) in [
        ("IPV6:2001:db8::7", "ACCEPT SG WHITELIST match 2001:db8::/64 "),
        (
            "IPV6:2001:db8:1::9",
            "ACCEPT SG WHITELIST match 2001:db8:1::1-2001:db8:1::9 ",
        ),
        ("IPV6:2001:db8:1::a", "ACCEPT SG UNKNOWNLIST match sbrs[none] "),
        (
            "IPV6:::ffff:127.251.1.40",
            "RELAY SG RELAYLIST match 127.251.1.32-47 ",
        ),
        ("127.251.3.9", "REJECT SG BLACKLIST match 127.251.3 "),
    ] {
        let mut smtp = Smtp::greeted_from(client(9, 1), gateway.smtp());
        smtp.ask(&format!("XCLIENT ADDR={address}"), 220);
        smtp.ask("EHLO client.example.com", 250);
        smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
        let expected_code = if expected.starts_with("REJECT") { 554 } else { 250 };
        smtp.ask(&format!("RCPT TO:<{OURS}>"), expected_code);
        smtp.ask("QUIT", 221);
        gateway.logged(&[expected]);
    }
    let mut smtp = Smtp::greeted_from(client(9, 1), gateway.smtp());
    smtp.line("XCLIENT ADDR=IPV6:2001:db8:2::1");
    smtp.expect_text("554 5.7.1 Not from there");
    smtp.expect_closed();
}

#[test]
fn who_is_rejected_hears_it_at_each_recipient_and_both_ends_are_on_record() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, TABLE);
    let mut smtp = Smtp::greeted_from(client(3, 1), gateway.smtp());
    smtp.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    for to in [OURS, "bob@example.test"] {
        assert_eq!(smtp.reply_to(&format!("RCPT TO:<{to}>")), POOR);
    }
    smtp.ask("DATA", 554);
    smtp.ask("QUIT", 221);
    let row = soon("both recipients are on record", || {
        let row = gateway.tracked(&["--rejected", "--from", "mallory@abuse.example.net"]);
        (row["recipients"].as_array()?.len() == 2).then_some(row)
    });
    assert_eq!(
        (&row["state"], &row["ip"]),
        (&"refused".into(), &"127.251.3.1".into())
    );
    let detail = gateway.show("MID", &row["mid"]).to_string();
    assert!(detail.contains("sender group BLACKLIST (127.251.3)"), "{detail}");
    assert_eq!(gateway.tracked(&["--rejected", "--to", OURS])["mid"], row["mid"]);
}

#[test]
fn who_is_rejected_at_the_banner_hears_it_there_in_the_words_that_are_configured() {
    let hop = NextHop::start();
    let rows = [
        ("", POOR),
        ("reject_reply = \"554 5.7.9 Call us\"", "554 5.7.9 Call us"),
        ("reject_reply = \"Call us\"", "554 5.7.1 Call us"),
    ];
    for (reply, expected) in rows {
        let keys = format!("access = \"reject\"\nreject_at = \"banner\"\n{reply}");
        let gateway = with_table(&hop, &group("127.251.3.0/24", &keys));
        let mut smtp = Smtp::raw_from(client(3, 1), gateway.smtp());
        smtp.expect_text(expected);
        smtp.expect_closed();
        let row = gateway.tracked(&["--rejected", "--ip", "127.251.3.1"]);
        assert_eq!(row["state"], "refused", "{row}");
        let (icid, logged) = gateway.classified(client(3, 1));
        assert_eq!(icid, row["icid"]);
        assert!(
            logged.contains("REJECT SG GROUP match 127.251.3.0/24 SBRS None"),
            "{logged}"
        );
        Smtp::greeted_from(client(9, 1), gateway.smtp()).ask("QUIT", 221);
    }
}

#[test]
fn who_is_refused_hears_nothing_and_is_on_record_all_the_same() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, &group("127.251.3.0/24", "access = \"refuse\""));
    Smtp::raw_from(client(3, 1), gateway.smtp()).expect_closed();
    let row = gateway.tracked(&["--rejected", "--ip", "127.251.3.1"]);
    let detail = gateway.connection(&row["icid"]);
    let said = detail["disconnected"]["conversation"].as_array();
    assert_eq!(said.map(Vec::len), Some(0), "{detail}");
    let (_, logged) = gateway.classified(client(3, 1));
    assert!(
        logged.contains("TCPREFUSE SG GROUP match 127.251.3.0/24 "),
        "{logged}"
    );
}

#[test]
fn who_is_trusted_is_not_judged_as_spam_and_is_scanned_for_viruses() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, TABLE);
    let virus = Mail::about("virus").body(eicar().as_bytes()).crlf().whole();
    for (from, what, state) in [
        (client(2, 1), gtube("spam"), "delivered"),
        (client(9, 1), gtube("spam"), "quarantined"),
        (client(2, 1), virus.clone(), "quarantined"),
        (client(9, 1), virus, "quarantined"),
    ] {
        let mut smtp = Smtp::greeted_from(from, gateway.smtp());
        let mid = smtp.accepted(SENDER, &[OURS], &what);
        smtp.ask("QUIT", 221);
        gateway.message_is(mid, state);
    }
    let came = hop.wait_for(1);
    assert!(came[0].text().contains("GTUBE"), "{}", came[0].text());
}

#[test]
fn who_is_throttled_has_ten_messages_twenty_recipients_and_a_megabyte() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, TABLE);
    let mut smtp = Smtp::raw_from(client(4, 1), gateway.smtp());
    smtp.expect(220);
    let hello = smtp.ask("EHLO client.example.com", 250);
    assert!(hello.lines.contains(&"250-SIZE 1048576".to_owned()), "{hello:?}");
    smtp.line(&format!("MAIL FROM:<{SENDER}> SIZE=1048577"));
    smtp.expect_text("552 5.3.4 ");
    smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
    for number in 0..20 {
        smtp.ask(&format!("RCPT TO:<r{number}@example.test>"), 250);
    }
    smtp.line("RCPT TO:<r20@example.test>");
    smtp.expect_text("452 4.5.3 ");
    smtp.ask("RSET", 250);
    smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
    smtp.line("RCPT TO:<r20@example.test>");
    smtp.expect_text("452 4.7.1 ");
    smtp.ask("QUIT", 221);

    let mut smtp = Smtp::greeted_from(client(4, 2), gateway.smtp());
    for number in 0..10 {
        smtp.accepted(SENDER, &[OURS], &message(&format!("number {number}")));
    }
    smtp.line(&format!("MAIL FROM:<{SENDER}>"));
    smtp.expect_text("421 4.7.0 ");
    smtp.expect_closed();
    assert_eq!(hop.wait_for(10).len(), 10);
}

#[test]
fn a_policy_may_have_a_name_and_a_banner_of_its_own() {
    let hop = NextHop::start();
    let keys = "hostname = \"mx2.example.test\"\nbanner = \"ESMTP ready when you are\"";
    let gateway = with_table(&hop, &group("127.251.4.0/24", keys));
    for (from, banner, name) in [
        (
            client(4, 1),
            "220 mx2.example.test ESMTP ready when you are",
            "250-mx2.example.test",
        ),
        (client(9, 1), "220 mx.example.test ESMTP", "250-mx.example.test"),
    ] {
        let mut smtp = Smtp::raw_from(from, gateway.smtp());
        assert_eq!(smtp.expect(220).text(), banner);
        assert_eq!(smtp.ask("EHLO client.example.com", 250).lines[0], name);
        smtp.ask("QUIT", 221);
    }
}

#[test]
fn a_reload_changes_the_groups_of_the_next_connection() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, TABLE);
    let rejected = |from: Ipv4Addr| gateway.hears(from, SENDER, OURS).1.starts_with("554 ");
    assert!(!rejected(client(6, 1)) && rejected(client(3, 1)));
    let mut open = Smtp::greeted_from(client(6, 1), gateway.smtp());
    gateway.edit("\"127.251.3\"", "\"127.251.6.\"");
    gateway.reload();
    assert!(rejected(client(6, 1)) && !rejected(client(3, 1)));
    open.accepted(SENDER, &[OURS], &message("begun before"));
    open.ask("QUIT", 221);
}

#[test]
fn a_bad_reload_tells_every_mistake_with_its_place_and_changes_nothing() {
    let hop = NextHop::start();
    let gateway = with_table(&hop, TABLE);
    let rejected = |from: Ipv4Addr| gateway.hears(from, SENDER, OURS).1.starts_with("554 ");
    let edits = [
        (
            "\"127.251.3\"",
            "\"127.251.6.\", \"127.251.9.20-10\", \"127.251.9.300\"",
        ),
        ("policy = \"TRUSTED\"", "policy = \"TRUSTES\""),
        ("\"sbrs[none]\"", "\"sbrs[-11:0]\""),
        ("\"127.251.1.10\"", "\"all\""),
    ];
    for (from, to) in edits {
        gateway.edit(from, to);
    }
    let text = std::fs::read_to_string(&gateway.config).unwrap();
    let place = |part: &str| {
        let before = &text[..text.find(part).expect("it was written")];
        let column = before.rsplit('\n').next().unwrap_or_default().len() + 1;
        format!("{}:{}:{column}", gateway.config.display(), before.lines().count())
    };
    let expected = [
        (place("\"127.251.9.20-10\""), "127.251.9.20-10"),
        (place("\"127.251.9.300\""), "127.251.9.300"),
        (place("\"TRUSTES\""), "did you mean \"TRUSTED\"?"),
        (place("\"sbrs[-11:0]\""), "sbrs[-11:0]"),
        (place("\"all\""), "open relay"),
    ];
    let checked = gateway.cli(&["check"]);
    for ran in [gateway.refused_reload(), checked] {
        for (place, part) in &expected {
            assert!(
                ran.err.contains(place) && ran.err.contains(part),
                "{place} {part}: {}",
                ran.err
            );
        }
    }
    gateway.hang_up();
    soon("the daemon says why", || {
        gateway.stderr().contains("in force is unchanged").then_some(())
    });
    for (place, _) in &expected {
        assert!(gateway.stderr().contains(place), "{place}: {}", gateway.stderr());
    }
    assert!(rejected(client(3, 1)) && !rejected(client(6, 1)));
}
