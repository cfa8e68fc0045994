//! Promise: "where is my mail, and why?" has an answer, whatever is known of the mail.

use crate::harness::{Answer, Gateway, Mail, NextHop, gtube, message, soon};
use serde_json::Value;

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

/// Four messages with four fates.
fn busy_gateway(hop: &NextHop) -> Gateway {
    let gateway = Gateway::start(hop);
    let part = "--b\r\nContent-Type: application/pdf; name=\"Rechnung 7.pdf\"\r\n\
                Content-Disposition: attachment; filename=\"Rechnung 7.pdf\"\r\n\r\nnothing\r\n--b--\r\n";
    let invoice = Mail::about("Invoice 7")
        .field("Content-Type: multipart/mixed; boundary=b")
        .body(part.as_bytes());
    let delivered = gateway.accepts("accounts@supplier.example.com", &[ALICE, BOB], &invoice.whole());
    gateway.message_is(delivered, "delivered");
    let held = gateway.accepts("deals@pills.example.net", &[BOB], &gtube("Cheap pills"));
    gateway.message_is(held, "quarantined");
    hop.answer_next(Answer::Say("550 5.7.1 No"));
    let bounced = gateway.accepts(
        "dave@partner.example.com",
        &[ALICE],
        &message("Unwanted greetings"),
    );
    gateway.message_is(bounced, "bounced");
    hop.answer_next(Answer::Say("451 4.2.0 Later"));
    let deferred = gateway.accepts("erin@partner.example.com", &[BOB], &message("Slow greetings"));
    gateway.message_is(deferred, "deferred");
    gateway
}

#[test]
fn mail_is_found_by_anything_that_is_known_of_it() {
    let hop = NextHop::start();
    let gateway = busy_gateway(&hop);
    let rows: [(&[&str], &[&str]); 20] = [
        (&["--from", "accounts@supplier.example.com"], &["Invoice 7"]),
        (&["--from", "ACCOUNTS@Supplier.Example.COM"], &["Invoice 7"]),
        (
            &["--from", "@partner.example.com"],
            &["Slow greetings", "Unwanted greetings"],
        ),
        (&["--from", "pills"], &["Cheap pills"]),
        (&["--to", ALICE], &["Unwanted greetings", "Invoice 7"]),
        (&["--to", BOB, "--from", "pills"], &["Cheap pills"]),
        (
            &["--subject", "greetings"],
            &["Slow greetings", "Unwanted greetings"],
        ),
        (&["--subject", "greetings slow"], &["Slow greetings"]),
        (
            &["--message-id", "<Invoice.7@partner.example.com>"],
            &["Invoice 7"],
        ),
        (&["--message-id", "Invoice.7@partner.example.com"], &["Invoice 7"]),
        (&["--attachment", "rechnung"], &["Invoice 7"]),
        (
            &["--state", "delivered", "--from", "@supplier.example.com"],
            &["Invoice 7"],
        ),
        (&["--state", "quarantined"], &["Cheap pills"]),
        (&["--state", "bounced"], &["Unwanted greetings"]),
        (&["--state", "deferred"], &["Slow greetings"]),
        (&["--since", "-1h", "--subject", "invoice"], &["Invoice 7"]),
        (&["--until", "-1h"], &[]),
        (&["--since", "now", "--subject", "invoice"], &[]),
        (&["--subject", "nothing of the kind"], &[]),
        (&["--limit", "1", "--subject", "greetings"], &["Slow greetings"]),
    ];
    for (arguments, expected) in rows {
        let found = gateway.track(arguments);
        let subjects: Vec<&str> = found.iter().map(|row| row["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, expected, "track {arguments:?}");
    }
    assert_eq!(gateway.cli(&["track", "--state", "vanished"]).status, 2);
}

#[test]
fn a_message_is_explained_from_first_packet_to_last() {
    let hop = NextHop::start();
    let gateway = busy_gateway(&hop);
    let row = gateway.tracked(&["--subject", "invoice"]);
    let detail = gateway.show("MID", &row["mid"]);
    assert_eq!(
        detail["facts"]["mime"]["attachments"][0]["name"], "Rechnung 7.pdf",
        "{}",
        detail["facts"]
    );
    assert!(!detail["decision"]["trail"].as_array().unwrap().is_empty());
    let texts: Vec<&str> = detail["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert!(
        texts.len() >= 4 && texts.iter().any(|text| text.contains("250")),
        "{texts:#?}"
    );
    let times: Vec<&str> = detail["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let dcid = &detail["recipients"][0]["state"]["delivered"]["dcid"];
    let out = gateway.show("DCID", dcid);
    assert!(out["messages"].as_array().unwrap().contains(&row["mid"]), "{out}");

    let shown = gateway
        .cli(&["show", "MID", &row["mid"].to_string()])
        .ended(0)
        .out;
    for expected in [
        "Invoice 7",
        "delivered",
        ALICE,
        BOB,
        "Timeline",
        "Conversation",
        "250 2.0.0 Taken",
    ] {
        assert!(shown.contains(expected), "\"{expected}\" is missing in:\n{shown}");
    }
    let bounce = soon("the bounce is tracked", || bounce_row(&gateway));
    assert_eq!(
        (&bounce["sender"], &bounce["icid"]),
        (&"".into(), &Value::Null),
        "{bounce}"
    );
}

fn bounce_row(gateway: &Gateway) -> Option<Value> {
    let rows = gateway.track(&["--to", "dave@partner.example.com"]);
    rows.into_iter().find(|row| row["state"] == "delivered")
}

#[test]
fn tracking_survives_a_crash() {
    let hop = NextHop::start();
    let mut gateway = busy_gateway(&hop);
    let before: Vec<Value> = gateway
        .track(&["--subject", "greetings"])
        .iter()
        .map(|row| row["mid"].clone())
        .collect();
    gateway.kill9();
    gateway.again();
    let same = || {
        gateway
            .track(&["--subject", "greetings"])
            .iter()
            .map(|row| row["mid"].clone())
            .collect::<Vec<_>>()
    };
    soon("the same is found after a crash", || {
        (same() == before).then_some(())
    });
}
