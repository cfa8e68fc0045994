//! Promise: what is held waits for its own recipient, is released once, and whose sender a list names is treated so from
//! the next message on.

use crate::harness::{Gateway, Mail, NextHop, Options, eicar, gtube, message, soon, trace_and_rest};
use serde_json::Value;

const SENDER: &str = "deals@pills.example.net";
const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

#[test]
fn spam_is_held_and_released_exactly_once_to_its_recipient_only() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let sent = gtube("for Alice");
    let mid = gateway.accepts(SENDER, &[ALICE], &sent);
    let other = gateway.accepts(SENDER, &[BOB], &gtube("for Bob"));
    gateway.message_is(mid, "quarantined");
    gateway.message_is(other, "quarantined");

    let held = gateway.held(&["--rcpt", ALICE]);
    assert_eq!(held.len(), 1, "{held:#?}");
    let row = &held[0];
    assert_eq!(
        (&row["mid"], &row["recipient"], &row["quarantine"]),
        (&mid.into(), &ALICE.into(), &"spam".into())
    );
    assert_eq!(
        (&row["subject"], &row["status"]),
        (&"for Alice".into(), &"held".into())
    );
    let shown = gateway.cli(&["quarantine", "show", &mid.to_string()]).ended(0);
    assert!(shown.out.contains("GTUBE-STANDARD"), "{}", shown.out);

    let mid_text = mid.to_string();
    let released = gateway
        .cli(&["quarantine", "release", &mid_text, "--json"])
        .ended(0)
        .json_lines();
    assert_eq!(released[0]["done"], true, "{released:?}");
    let came = hop.wait_for(1).pop().unwrap();
    assert_eq!(
        (came.from.as_str(), came.to.as_slice()),
        (SENDER, [ALICE.to_owned()].as_slice())
    );
    assert!(
        trace_and_rest(&came.octets).1 == sent,
        "released as it came:\n{}",
        came.text()
    );
    let detail = gateway.message_is(mid, "delivered");
    let timeline = detail["timeline"].to_string();
    assert!(
        timeline.contains("released from the quarantine by operator"),
        "{timeline}"
    );

    assert_eq!(gateway.cli(&["quarantine", "release", &mid_text]).status, 1);
    let again = gateway
        .cli(&["quarantine", "release", &format!("{mid}-0"), "--json"])
        .ended(1)
        .json_lines();
    assert_eq!(again[0]["done"], false, "{again:?}");
    assert!(
        again[0]["text"]
            .as_str()
            .unwrap()
            .starts_with("already released at "),
        "{again:?}"
    );
    // Whatever a second release had set in motion would have come before this.
    let last = gateway.accepts(SENDER, &[ALICE], &message("afterwards"));
    gateway.message_is(last, "delivered");
    assert_eq!(hop.wait_for(2).len(), 2, "no second copy");
    assert!(gateway.held(&["--rcpt", ALICE]).is_empty() && gateway.held(&["--rcpt", BOB]).len() == 1);
}

#[test]
fn a_held_message_survives_a_crash_and_a_deleted_one_stays_deleted() {
    let hop = NextHop::start();
    let mut gateway = Gateway::start(&hop);
    let kept = gateway.accepts(SENDER, &[ALICE], &gtube("kept"));
    let thrown = gateway.accepts(SENDER, &[ALICE], &gtube("thrown away"));
    gateway.message_is(thrown, "quarantined");
    gateway
        .cli(&["quarantine", "delete", &thrown.to_string()])
        .ended(0);
    gateway.kill9();
    gateway.again();
    let rows = soon("the held one is back", || {
        Some(gateway.held(&[])).filter(|rows| !rows.is_empty())
    });
    assert_eq!((rows.len(), &rows[0]["mid"]), (1, &kept.into()), "{rows:#?}");
    assert_eq!(
        gateway
            .cli(&["quarantine", "release", &thrown.to_string()])
            .status,
        1
    );
    gateway
        .cli(&["quarantine", "release", &kept.to_string()])
        .ended(0);
    hop.wait_for_text("Subject: kept");
    hop.wait_for(1);
}

#[test]
fn what_a_person_did_is_done_even_if_the_daemon_dies_the_moment_it_has_said_so() {
    let mut hop = NextHop::absent();
    let quick = "[limits]\nretry_first = \"1s\"\nretry_max = \"2s\"";
    let mut gateway = Options::new(&hop).tables(quick).start();
    for round in 0..3 {
        let subject = format!("released in round {round}");
        let mid = gateway.accepts(SENDER, &[ALICE], &gtube(&subject));
        gateway.message_is(mid, "quarantined");
        gateway
            .cli(&["lists", "add", "block", &format!("round{round}.example.net")])
            .ended(0);
        gateway.add_user(&format!("user{round}@example.test"), "a long enough password");
        gateway.cli(&["quarantine", "release", &mid.to_string()]).ended(0);
        gateway.kill9();
        gateway.again();
        hop.up();
        hop.wait_for_text(&subject);
        gateway.message_is(mid, "delivered");
        assert!(gateway.held(&["--rcpt", ALICE]).is_empty());
        hop.down();
    }
    assert_eq!(gateway.cli(&["lists", "--json"]).ended(0).json_lines().len(), 3);
    assert_eq!(
        gateway
            .cli(&["user", "list", "--json"])
            .ended(0)
            .json_lines()
            .len(),
        3
    );
    assert_eq!(hop.delivered().len(), 3, "each was released once");
}

#[test]
fn a_virus_is_held_apart_whatever_the_safelist_says() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    gateway
        .cli(&["lists", "add", "safe", SENDER, "--owner", ALICE])
        .ended(0);
    let mid = gateway.accepts(
        SENDER,
        &[ALICE],
        &Mail::about("a virus").body(eicar().as_bytes()).crlf().whole(),
    );
    let detail = gateway.message_is(mid, "quarantined");
    assert_eq!(detail["decision"]["verdict"], "virus", "{}", detail["decision"]);
    let held = gateway.held(&["--quarantine", "virus"]);
    assert_eq!((held.len(), &held[0]["mid"]), (1, &mid.into()), "{held:#?}");
    assert!(gateway.held(&["--quarantine", "spam"]).is_empty());
}

#[test]
fn list_entries_act_on_the_very_next_message() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let state = |mid: u64, state: &str| {
        gateway.message_is(mid, state);
    };
    state(gateway.accepts(SENDER, &[ALICE], &message("before")), "delivered");
    gateway
        .cli(&["lists", "add", "block", "pills.example.net", "--owner", ALICE])
        .ended(0);
    state(
        gateway.accepts(SENDER, &[ALICE], &message("blocked")),
        "quarantined",
    );
    gateway
        .cli(&["lists", "remove", "block", "pills.example.net", "--owner", ALICE])
        .ended(0);
    state(
        gateway.accepts(SENDER, &[ALICE], &message("no longer")),
        "delivered",
    );

    state(
        gateway.accepts(SENDER, &[ALICE], &gtube("spam before")),
        "quarantined",
    );
    gateway.cli(&["lists", "add", "safe", SENDER]).ended(0);
    state(
        gateway.accepts(SENDER, &[BOB], &gtube("safe for everyone")),
        "delivered",
    );
    let entries = gateway.cli(&["lists", "show", "--json"]).ended(0).json_lines();
    assert_eq!(entries.len(), 1, "{entries:?}");
}

#[test]
fn two_recipients_with_different_lists_get_different_dispositions_under_one_id() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    gateway
        .cli(&["lists", "add", "block", SENDER, "--owner", BOB])
        .ended(0);
    let mid = gateway.accepts(SENDER, &[ALICE, BOB], &message("one for both"));
    assert_eq!(hop.wait_for(1)[0].to, [ALICE]);
    let detail = soon("both fates are known", || {
        let detail = gateway.show("MID", &mid.into());
        detail["recipients"][0]["state"]["delivered"]
            .is_object()
            .then_some(detail)
    });
    let fates = detail["recipients"].as_array().unwrap();
    let fate = |at: usize| {
        (
            &fates[at]["recipient"],
            fates[at]["state"].as_object().unwrap().keys().next().unwrap(),
        )
    };
    assert_eq!(fate(0), (&Value::from(ALICE), &"delivered".to_owned()));
    assert_eq!(fate(1), (&Value::from(BOB), &"quarantined".to_owned()));
    let trail = detail["decision"]["trail"].to_string();
    assert!(
        trail.contains("bob@example.test"),
        "the trail names the list: {trail}"
    );

    gateway
        .cli(&["quarantine", "release", &mid.to_string(), "--rcpt", BOB])
        .ended(0);
    assert_eq!(hop.wait_for(2)[1].to, [BOB]);
    assert_eq!(
        gateway
            .cli(&["quarantine", "release", &mid.to_string(), "--rcpt", ALICE])
            .status,
        1
    );
    gateway.message_is(mid, "delivered");
    hop.wait_for(2);
}
