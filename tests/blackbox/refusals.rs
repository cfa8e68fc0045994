//! Promise: what is refused is as findable as what is delivered, with what was said.

use crate::harness::{Gateway, NextHop, Options, Smtp, message, soon};
use serde_json::Value;
use std::net::Ipv4Addr;

#[test]
fn a_recipient_elsewhere_is_refused_as_relaying_and_can_be_found() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    for foreign in [
        "victim@elsewhere.example.org",
        "victim@sub.example.test",
        "victim%elsewhere.example.org@example.test",
        "elsewhere.example.org!victim@example.test",
        "\"victim@elsewhere.example.org\"@example.test",
    ] {
        smtp.line(&format!("RCPT TO:<{foreign}>"));
        smtp.expect_text("550 5.7.1 ");
    }
    smtp.line("DATA");
    smtp.expect_text("554 5.5.1 ");
    smtp.ask("QUIT", 221);

    let search = ["--rejected", "--from", "mallory@abuse.example.net"];
    let row = soon("all five are on record", || {
        let row = gateway.tracked(&search);
        (row["recipients"].as_array()?.len() == 5).then_some(row)
    });
    assert_eq!(row["state"], "refused", "{row}");
    let message = gateway.show("MID", &row["mid"]);
    assert_eq!(message["row"]["helo"], "client.example.com", "{message}");
    assert!(row["reason"].as_str().unwrap().contains("5.7.1"), "{row}");
    let connection = gateway.connection(&row["icid"]);
    assert!(
        incidents(&connection).contains(&"relay-attempt".to_owned()),
        "{connection}"
    );
    let said = conversation(&connection);
    for expected in [
        "server: 220 mx.example.test ESMTP",
        "client: EHLO client.example.com",
        "client: RCPT TO:<victim@elsewhere.example.org>",
        "server: 550 5.7.1 Relaying denied",
        "client: QUIT",
    ] {
        assert!(
            said.iter().any(|line| line == expected),
            "\"{expected}\" is missing in {said:#?}"
        );
    }
    assert!(hop.delivered().is_empty());
}

#[test]
fn a_recipient_who_does_not_exist_is_refused_and_can_be_found() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop)
        .recipients(&["alice", "bob@example.test"])
        .start();
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.ask("MAIL FROM:<carol@partner.example.com>", 250);
    smtp.line("RCPT TO:<nobody@example.test>");
    smtp.expect_text("550 5.1.1 ");
    for taken in [
        "alice@example.test",
        "BOB@Example.Test",
        "postmaster@example.test",
        "abuse@example.test",
        "Postmaster",
    ] {
        smtp.ask(&format!("RCPT TO:<{taken}>"), 250);
    }
    smtp.ask("DATA", 354);
    smtp.send(b"From: carol@partner.example.com\r\nSubject: for those who exist\r\n\r\nHello\r\n.\r\n");
    smtp.expect(250);
    smtp.ask("QUIT", 221);
    let came = hop.wait_for(1).pop().unwrap();
    for (recipient, taken) in [
        ("alice", true),
        ("bob", true),
        ("abuse", true),
        ("postmaster", true),
        ("nobody", false),
    ] {
        let found = came
            .to
            .iter()
            .any(|one| one.eq_ignore_ascii_case(&format!("{recipient}@example.test")));
        assert_eq!(found, taken, "{recipient} in {:?}", came.to);
    }

    let row = gateway.tracked(&["--rejected", "--to", "nobody@example.test"]);
    let detail = gateway.show("MID", &row["mid"]);
    let refused = detail["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["recipient"] == "nobody@example.test");
    let refused = &refused.expect("it is among the recipients")["state"]["refused"];
    assert_eq!(
        (&refused["stage"], &refused["reply"]["code"]),
        (&"recipient".into(), &550.into()),
        "{detail}"
    );
    assert_eq!(refused["rule"], "recipient table");
}

#[test]
fn connections_are_found_by_address_with_and_without_mail() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let source = Ipv4Addr::new(127, 200, 3, 7);
    let mut smtp = Smtp::raw_from(source, gateway.smtp());
    smtp.expect(220);
    smtp.ask("HELO other.example.net", 250);
    smtp.line("MAIL FROM:<mallory@abuse.example.net>");
    smtp.expect(250);
    smtp.line("RCPT TO:<victim@elsewhere.example.org>");
    smtp.expect(550);
    // Gone without a goodbye.
    smtp.close();
    smtp.expect_closed();
    gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("from elsewhere"),
    );

    let row = gateway.tracked(&["--rejected", "--ip", "127.200.3.7"]);
    assert_eq!(row["ip"], "127.200.3.7");
    assert_eq!(
        gateway.tracked(&["--rejected", "--ip", "127.200.3.0/24"])["icid"],
        row["icid"]
    );
    let detail = gateway.connection(&row["icid"]);
    assert_eq!(detail["disconnected"]["ending"], "lost", "{detail}");
    let row = gateway.tracked(&["--subject", "from elsewhere"]);
    assert_ne!(row["ip"], "127.200.3.7");
    assert!(
        gateway
            .track(&["--rejected", "--subject", "from elsewhere"])
            .is_empty(),
        "it was not refused"
    );
    assert_eq!(
        gateway
            .cli(&["track", "--from", "nobody.ever@example.net"])
            .status,
        1,
        "nothing found"
    );
    assert_eq!(gateway.cli(&["show", "MID", "999999"]).status, 1);
}

/// Who said what, line by line.
fn conversation(detail: &Value) -> Vec<String> {
    let line = |line: &Value| {
        format!(
            "{}: {}",
            line["speaker"].as_str().unwrap(),
            line["octets"].as_str().unwrap()
        )
    };
    detail["disconnected"]["conversation"]
        .as_array()
        .expect("it has ended")
        .iter()
        .map(line)
        .collect()
}

fn incidents(detail: &Value) -> Vec<String> {
    let kind = |one: &Value| one["kind"].as_str().unwrap().to_owned();
    detail["incidents"].as_array().unwrap().iter().map(kind).collect()
}
