//! Promise: the tools and log lines that administrators know work here too.

use crate::harness::{Gateway, NextHop, eicar, gtube, message, postern, run_to_end, scratch, soon};
use serde_json::Value;
use std::fs;
use std::time::Duration;

const ALICE: &str = "alice@example.test";

#[test]
fn log_lines_have_the_known_shapes_and_are_found_by_message() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mid = gateway.accepts("carol@partner.example.com", &[ALICE], &message("Minutes"));
    let other = gateway.accepts("dave@partner.example.com", &[ALICE], &message("Something else"));
    gateway.message_is(mid, "delivered");
    gateway.message_is(other, "delivered");
    let finished = format!("Message finished MID {mid} done");
    soon("the log has it", || {
        gateway
            .cli(&["grep", &finished])
            .out
            .contains(&finished)
            .then_some(())
    });
    let lines = gateway.cli(&["findevent", "-i", "-f", "CAROL@"]).ended(0).out;
    let mid = mid.to_string();
    for expected in [
        "Start MID ",
        "From: <carol@partner.example.com>",
        "RID 0 To: <alice@example.test>",
        "Subject 'Minutes'",
    ] {
        assert!(lines.contains(expected), "\"{expected}\" is missing in:\n{lines}");
    }
    gateway.cli(&["grep", "New SMTP ICID [0-9]+ interface "]).ended(0);
    assert!(
        lines.contains(&format!("MID {mid} ")) && !lines.contains("dave@"),
        "{lines}"
    );
    let by_id = gateway.cli(&["findevent", "-m", &mid]).ended(0).out;
    assert!(by_id.contains(&finished), "{by_id}");
    let last = gateway.cli(&["tail", "--no-follow", "-n", "3"]).ended(0).out;
    assert_eq!(last.lines().count(), 3, "{last}");
    assert_eq!(gateway.cli(&["grep", "no such thing anywhere"]).status, 1);
}

#[test]
fn status_counts_what_is_held_and_waiting() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let held = gateway.accepts("deals@pills.example.net", &[ALICE], &gtube("Pills"));
    gateway.message_is(held, "quarantined");
    let status = gateway.cli(&["status", "--json"]).ended(0).json();
    assert_eq!(
        (&status["held"], &status["queued"]),
        (&1.into(), &0.into()),
        "{status}"
    );
    let text = gateway.cli(&["status", "detail"]).ended(0).out;
    assert!(text.contains("held") && text.contains("queue"), "{text}");
    let version = run_to_end(&mut postern(&["version"]), "", Duration::from_secs(30))
        .ended(0)
        .out;
    assert!(
        version.starts_with("postern ") && version.trim().len() > 8,
        "{version}"
    );
}

#[test]
fn files_are_judged_without_a_daemon() {
    let home = scratch();
    let file = |name: &str, octets: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let clean = file("clean.eml", &message("Minutes"));
    let spam = file("spam.eml", &gtube("Pills"));
    let virus = file(
        "virus.eml",
        &[b"Subject: x\r\n\r\n", eicar().as_bytes(), b"\r\n"].concat(),
    );
    let unix = file(
        "unix.eml",
        String::from_utf8(gtube("Pills"))
            .unwrap()
            .replace("\r\n", "\n")
            .as_bytes(),
    );
    let names = format!("{spam}\n{virus}\n{unix}\n");
    for (arguments, input, expected) in [
        (
            &[clean.as_str(), &spam, &virus][..],
            "",
            &["clean", "spam", "virus"][..],
        ),
        (&["-"], names.as_str(), &["spam", "virus", "spam"]),
    ] {
        let mut scan = postern(&["scan", "--jsonl"]);
        let ran = run_to_end(scan.args(arguments), input, Duration::from_secs(30)).ended(0);
        let verdicts: Vec<Value> = ran
            .json_lines()
            .iter()
            .map(|line| line["verdict"].clone())
            .collect();
        assert_eq!(verdicts, expected, "{}", ran.out);
        let scores: Vec<i64> = ran
            .json_lines()
            .iter()
            .map(|line| line["score"].as_i64().unwrap())
            .collect();
        assert!(scores.iter().all(|score| (0..=100).contains(score)), "{scores:?}");
    }
    let missing = home.path().join("missing.eml");
    let ran = run_to_end(postern(&["scan"]).arg(&missing), "", Duration::from_secs(30));
    assert!(
        ran.status == 1 && format!("{}{}", ran.out, ran.err).contains("missing.eml"),
        "{ran:?}"
    );
}
