//! Promise: mail is taken for those whom the table names, in its order and in its words, and nobody makes a relay of us.

use crate::harness::{Gateway, NextHop, Options, Smtp, client, message, scratch, soon};
use std::fs;

const SENDER: &str = "carol@partner.example.com";
/// What a next hop says of somebody whom it does not know.
const UNKNOWN: &str = "550 5.1.1 No such user";

/// The reply to RCPT.
#[track_caller]
fn heard(gateway: &Gateway, to: &str) -> String {
    gateway.hears(client(1, 1), SENDER, to).1
}

#[track_caller]
fn hear(gateway: &Gateway, rows: &[(&str, &str)]) {
    for (to, expected) in rows {
        let heard = heard(gateway, to);
        assert!(
            heard.starts_with(expected),
            "<{to}>, expected {expected}: {heard}"
        );
    }
}

const ROWS: &str = r#"
[[flow_policy]]
name = "ACCEPTED"
recipients_per_hour = 60
invalid_recipients_per_hour = 0
[[recipient]]
address = "retired@example.test"
action = "reject"
reply = "550 5.1.6 Write to office@example.test"
[[recipient]]
address = "vip@example.test"
action = "accept"
bypass_check = true
bypass_rates = true
[[recipient]]
address = "spamtrap@"
action = "reject"
reply = "450 4.7.1 Not now"
[[recipient]]
address = "sales@"
action = "accept"
bypass_check = true
[[recipient]]
address = "closed.partner.test"
action = "reject"
[[recipient]]
address = ".partner.test"
action = "accept"
[[recipient]]
address = "ops@[192.0.2.7]"
action = "accept"
[[recipient]]
address = "[192.0.2.8]"
action = "accept"
[[recipient]]
address = "late.partner.test"
action = "reject"
"#;

#[test]
fn the_first_row_that_fits_decides_in_its_own_words() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop)
        .recipients(&["alice", "retired"])
        .tables(ROWS)
        .start();
    hear(
        &gateway,
        &[
            ("alice@example.test", "250 "),
            ("ALICE@Example.Test", "250 "),
            ("carol@example.test", "550 5.1.1 "),
            ("retired@example.test", "550 5.1.6 Write to office@example.test"),
            ("Retired+x@example.test", "550 5.1.6 "),
            ("vip@example.test", "250 "),
            ("spamtrap@example.test", "450 4.7.1 Not now"),
            ("sales@example.test", "250 "),
            ("sales@x.partner.test", "250 "),
            ("sales@elsewhere.example.org", "550 5.7.1 Relaying denied"),
            ("a@closed.partner.test", "550 5.1.1 "),
            ("a@x.partner.test", "250 "),
            ("a@late.partner.test", "250 "),
            ("a@partner.test", "550 5.7.1 "),
            ("ops@[192.0.2.7]", "250 "),
            ("other@[192.0.2.7]", "550 5.7.1 "),
            ("anyone@[192.0.2.8]", "250 "),
        ],
    );
    let row = gateway.tracked(&["--rejected", "--to", "retired@example.test"]);
    let detail = gateway.show("MID", &row["mid"]).to_string();
    assert!(detail.contains("recipient table"), "{detail}");
}

#[test]
fn a_row_may_be_past_the_rates_and_past_the_check() {
    let hop = NextHop::start();
    let table = ROWS.replace("recipients_per_hour = 60", "recipients_per_hour = 2");
    let gateway = Options::new(&hop).recipients(&["alice"]).tables(&table).start();
    let mut smtp = Smtp::greeted_from(client(1, 1), gateway.smtp());
    smtp.ask(&format!("MAIL FROM:<{SENDER}>"), 250);
    for (to, expected) in [
        ("vip@example.test", "250 "),
        ("alice@example.test", "250 "),
        ("sales@example.test", "250 "),
        ("alice@example.test", "452 4.7.1 "),
        ("sales@example.test", "452 4.7.1 "),
        ("vip@example.test", "250 "),
    ] {
        let heard = smtp.reply_to(&format!("RCPT TO:<{to}>"));
        assert!(heard.starts_with(expected), "{to}: {heard}\n{}", smtp.said());
    }
    smtp.ask("QUIT", 221);
}

#[test]
fn nobody_makes_a_relay_of_us_however_the_address_is_written() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).tables(ROWS).start();
    let mut smtp = Smtp::greeted_from(client(1, 1), gateway.smtp());
    smtp.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    for to in [
        "victim@elsewhere.example.org",
        "sales@elsewhere.example.org",
        "victim%elsewhere.example.org@example.test",
        "sales%elsewhere.example.org@example.test",
        "elsewhere.example.org!victim@example.test",
        "\"victim@elsewhere.example.org\"@example.test",
        "\"sales@elsewhere.example.org\"@example.test",
        "\"sales%elsewhere.example.org\"@example.test",
        "sales+x%elsewhere.example.org@example.test",
        "postmaster%elsewhere.example.org@example.test",
        "@example.test:victim@elsewhere.example.org",
        "@example.test,@mx.example.test:sales@elsewhere.example.org",
        "victim@example.test.elsewhere.example.org",
        "victim@sub.example.test",
        "victim@[192.0.2.1]",
    ] {
        smtp.line(&format!("RCPT TO:<{to}>"));
        smtp.expect_text("550 5.7.1 Relaying denied");
    }
    // A route is not followed: who stands behind it counts. RFC 5321 appendix C.
    smtp.ask("RCPT TO:<@elsewhere.example.org:alice@example.test>", 250);
    smtp.ask("QUIT", 221);
    assert!(hop.delivered().is_empty());
}

#[test]
fn a_sub_address_goes_where_its_mailbox_goes() {
    let hop = NextHop::start();
    for (key, rows) in [
        (
            "",
            [
                ("alice+x@example.test", "250 "),
                ("alice-x@example.test", "550 5.1.1 "),
            ],
        ),
        (
            "sub_address = \"-\"",
            [
                ("alice+x@example.test", "550 5.1.1 "),
                ("alice-x@example.test", "250 "),
            ],
        ),
        (
            "sub_address = \"\"",
            [
                ("alice+x@example.test", "550 5.1.1 "),
                ("alice-x@example.test", "550 5.1.1 "),
            ],
        ),
    ] {
        let gateway = Options::new(&hop).recipients(&["alice"]).domain(key).start();
        hear(&gateway, &rows);
    }
    let gateway = Options::new(&hop).recipients(&["alice"]).start();
    gateway.accepts(SENDER, &["alice+news@example.test"], &message("for a tag"));
    assert_eq!(hop.wait_for(1)[0].to, ["alice+news@example.test"]);
}

#[test]
fn a_file_of_recipients_is_read_again_by_a_reload() {
    let hop = NextHop::start();
    let home = scratch();
    let file = home.path().join("recipients");
    fs::write(&file, "alice\nbob@example.test # since May\n\n# nobody else\n").unwrap();
    let key = format!("recipients_file = \"{}\"", file.display());
    let gateway = Options::new(&hop).domain(&key).start();
    hear(
        &gateway,
        &[
            ("alice@example.test", "250 "),
            ("Bob@example.test", "250 "),
            ("carol@example.test", "550 5.1.1 "),
        ],
    );
    fs::write(&file, "carol\nbob@elsewhere.example.org\n").unwrap();
    let told = gateway.refused_reload().err;
    assert!(
        told.contains("recipients") && told.contains("bob@elsewhere.example.org"),
        "{told}"
    );
    hear(
        &gateway,
        &[
            ("alice@example.test", "250 "),
            ("carol@example.test", "550 5.1.1 "),
        ],
    );
    fs::write(&file, "carol\n").unwrap();
    gateway.reload();
    hear(
        &gateway,
        &[
            ("alice@example.test", "550 5.1.1 "),
            ("carol@example.test", "250 "),
        ],
    );
}

#[test]
fn the_next_hop_is_asked_once_about_each_recipient() {
    let hop = NextHop::start();
    hop.answer_others(UNKNOWN);
    hop.answer_recipient("alice@example.test", "250 2.1.5 Ok");
    hop.answer_recipient("dave@example.test", "450 4.2.1 Busy");
    let gateway = Options::new(&hop).domain("check = \"call-ahead\"").start();
    for _ in 0..3 {
        hear(
            &gateway,
            &[
                ("alice@example.test", "250 "),
                ("Alice+x@example.test", "250 "),
                ("carol@example.test", "550 5.1.1 "),
                ("dave@example.test", "451 4.4.3 "),
                ("postmaster@example.test", "250 "),
            ],
        );
    }
    let asked = ["alice", "carol", "postmaster"].map(|one| hop.asked(&format!("{one}@example.test")));
    assert_eq!(asked, [1, 1, 0]);
    assert_eq!(hop.asked("Alice+x@example.test"), 0);
    assert!(hop.delivered().is_empty(), "asking delivers nothing");
}

#[test]
fn while_the_next_hop_is_down_recipients_are_put_off_or_taken_as_is_wanted() {
    for (key, expected) in [("", "451 4.4.3 "), ("when_down = \"accept\"", "250 ")] {
        let mut hop = NextHop::start();
        hop.answer_others(UNKNOWN);
        hop.answer_recipient("alice@example.test", "250 2.1.5 Ok");
        hop.answer_recipient("bob@example.test", "250 2.1.5 Ok");
        let gateway = Options::new(&hop)
            .domain(&format!("check = \"call-ahead\"\n{key}"))
            .start();
        hear(
            &gateway,
            &[
                ("alice@example.test", "250 "),
                ("carol@example.test", "550 5.1.1 "),
            ],
        );
        hop.down();
        hear(
            &gateway,
            &[
                ("alice@example.test", "250 "),
                ("carol@example.test", "550 5.1.1 "),
                ("bob@example.test", expected),
                ("eve@example.test", expected),
            ],
        );
        let status = gateway.cli(&["status"]).ended(0).out;
        assert!(
            status.contains("not well") && status.contains("next hop"),
            "{status}"
        );
        hop.up();
        soon("the next hop is asked again", || {
            heard(&gateway, "eve@example.test")
                .starts_with("550 5.1.1 ")
                .then_some(())
        });
        hear(&gateway, &[("bob@example.test", "250 ")]);
    }
}
