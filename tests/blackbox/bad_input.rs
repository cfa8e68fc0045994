//! Promise: bad input gets a clear reply and an event, costs nobody else anything, and is never taken for clean.

use crate::harness::{Gateway, Http, Mail, NextHop, Options, Smtp, eicar, message, soon, until};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

const SENDER: &str = "carol@partner.example.com";
const ALICE: &str = "alice@example.test";

/// What a client sends, what it is told line by line, and the incident that is put on record.
type Row = (
    &'static str,
    Vec<u8>,
    &'static [&'static str],
    Option<&'static str>,
);

/// Whoever speaks another protocol is not spoken to any further.
const FOREIGN: Option<&str> = Some("not-smtp");

fn commands() -> Vec<Row> {
    let text = |text: &str| text.as_bytes().to_vec();
    let overlong = text(&format!("NOOP {}\r\n", "x".repeat(20_000)));
    let bare_lf: &[&str] = &["500 5.5.2 Bare <CR> or <LF>"];
    let bad_sender = text("HELO c\r\nMAIL FROM:<;rm -rf /|@>\r\n");
    vec![
        (
            "unknown",
            text("FROBNICATE now\r\n"),
            &["500 5.5.1 "],
            Some("unknown-command"),
        ),
        (
            "overlong",
            overlong,
            &["500 5.5.2 Line too long"],
            Some("line-too-long"),
        ),
        ("NUL", text("NOOP \0\r\n"), &["501 5.5.4 "], Some("control-octet")),
        (
            "bare LF",
            text("NOOP\nEHLO x\r\n"),
            bare_lf,
            Some("bare-line-end"),
        ),
        (
            "HTTP",
            text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            &["500 5.5.2 "],
            FOREIGN,
        ),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01".to_vec(),
            &["500 5.5.2 "],
            FOREIGN,
        ),
        (
            "no address",
            bad_sender,
            &["250 ", "501 5.1.7 "],
            Some("bad-arguments"),
        ),
    ]
}

fn transactions() -> Vec<Row> {
    let begun = "HELO c.example\r\nMAIL FROM:<a@example.com>\r\n";
    let early = format!("{begun}DATA\r\n").into_bytes();
    let twice = format!("{begun}MAIL FROM:<b@example.com>\r\n").into_bytes();
    let data = format!("{begun}RCPT TO:<{ALICE}>\r\nDATA\r\nSubject: x\r\n\r\n");
    let bare = format!("{data}Hello\nAlice\r\n.\r\n").into_bytes();
    let smuggled = format!("{data}Hello\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\n").into_bytes();
    let refused: &[&str] = &[
        "250 mx",
        "250 2.1.0",
        "250 2.1.5",
        "354 ",
        "550 5.5.2 bare <LF> received",
    ];
    vec![
        (
            "DATA without RCPT",
            early,
            &["250 ", "250 2.1.0", "554 5.5.1 "],
            None,
        ),
        ("MAIL twice", twice, &["250 ", "250 2.1.0", "503 5.5.1 "], None),
        ("a bare LF in the data", bare, refused, Some("smuggling")),
        ("a false end of data", smuggled, refused, Some("smuggling")),
    ]
}

#[test]
fn what_is_wrong_on_the_wire_gets_its_reply_and_an_event() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let rows = [commands(), transactions()].concat();
    for (number, (what, sends, told, incident)) in (1..).zip(rows) {
        let source = Ipv4Addr::new(127, 210, 0, number);
        let mut smtp = Smtp::raw_from(source, gateway.smtp());
        smtp.expect(220);
        smtp.send(&sends);
        for beginning in told {
            smtp.expect_text(beginning);
        }
        if incident != FOREIGN {
            smtp.ask("NOOP", 250);
            smtp.ask("QUIT", 221);
        }
        smtp.expect_closed();
        let Some(kind) = incident else { continue };
        let found = gateway.tracked(&["--ip", &source.to_string(), "--limit", "1"]);
        let detail = gateway.connection(&found["icid"]);
        let incidents = detail["incidents"].as_array().expect("a list");
        assert!(
            incidents.iter().any(|one| one["kind"] == kind),
            "{what}: {incidents:?}"
        );
    }
    gateway.accepts(SENDER, &[ALICE], &message("all is well"));
    assert_eq!(hop.wait_for(1).len(), 1, "none of it became mail");
}

#[test]
fn what_comes_before_the_banner_is_noticed_and_what_follows_a_greeting_there_is_not_obeyed() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    // Whoever stands still cannot send a banner first.
    gateway.freeze();
    let mut smtp = Smtp::raw(gateway.smtp());
    smtp.send(
        format!("EHLO c.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<{ALICE}>\r\nDATA\r\n").as_bytes(),
    );
    gateway.thaw();
    smtp.expect(220);
    smtp.expect(250);
    for _ in 0..3 {
        smtp.expect_text("503 5.5.0 ");
    }
    // From here on it is a client like any other.
    smtp.accepted(SENDER, &[ALICE], &message("patient now"));
    smtp.ask("QUIT", 221);
    let row = gateway.tracked(&["--subject", "patient now"]);
    let detail = gateway.connection(&row["icid"]);
    assert!(
        detail["incidents"].to_string().contains("early-talker"),
        "{}",
        detail["incidents"]
    );
}

#[test]
fn a_body_that_is_cut_off_is_no_mail() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    for ending in ["", "\r\n", "\r\n.", "\r\n.\r"] {
        let mut smtp = Smtp::greeted(gateway.smtp());
        smtp.envelope("cut@partner.example.com", &[ALICE]);
        smtp.send(format!("Subject: cut off\r\n\r\nthe end is missing{ending}").as_bytes());
        smtp.close();
        smtp.expect_closed();
    }
    let rows = soon("all four are on record", || {
        Some(gateway.track(&["--from", "cut@partner.example.com"])).filter(|rows| rows.len() == 4)
    });
    assert!(rows.iter().all(|row| row["state"] == "aborted"), "{rows:#?}");
    gateway.accepts(SENDER, &[ALICE], &message("whole"));
    assert_eq!(hop.wait_for(1).len(), 1);
}

#[test]
fn a_body_over_the_limit_is_read_to_its_end_in_bounded_memory_and_refused() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.line(&format!("MAIL FROM:<{SENDER}> SIZE=104857600"));
    smtp.expect_text("552 5.3.4 ");
    smtp.envelope("large@partner.example.com", &[ALICE]);
    smtp.send(b"Subject: large\r\n\r\n");
    let line = [b"x".repeat(1022), b"\r\n".to_vec()].concat();
    let piece = line.repeat(256);
    for _ in 0..400 {
        smtp.send(&piece);
    }
    smtp.send(b".\r\n");
    smtp.expect_text("552 5.3.4 ");
    smtp.expect_closed();
    let high = gateway.memory_high_mib();
    assert!(high < 300, "{high} MiB for one connection");
    let row = gateway.tracked(&["--rejected", "--from", "large@partner.example.com", "--to", ALICE]);
    assert!(row["reason"].as_str().expect("a text").contains("552"), "{row}");
    gateway.accepts(SENDER, &[ALICE], &message("small"));
    assert_eq!(hop.wait_for(1).len(), 1);
}

#[test]
fn a_mime_bomb_is_held_and_nobody_waits_for_it() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let bombs = [
        ("nested multiparts", nested(5_000)),
        ("many parts", many_parts(100_000)),
        ("parts without an end", unclosed(2_000)),
        (
            "nested messages",
            Mail::about("nested messages")
                .field("Content-Type: message/rfc822")
                .body(&nested_messages(3_000))
                .whole(),
        ),
    ];
    for (what, bomb) in bombs {
        let begun = Instant::now();
        let mid = gateway.accepts(SENDER, &[ALICE], &bomb);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{what}: {took:?}");
        let detail = gateway.message_is(mid, "quarantined");
        let state = &detail["recipients"][0]["state"]["quarantined"];
        assert_eq!(
            state["quarantine"], "unscannable",
            "{what}: {}",
            detail["decision"]
        );
        assert!(
            detail["facts"]["mime"]["oddities"].to_string().contains("limit."),
            "{what}: {}",
            detail["facts"]["mime"]
        );
    }
    let high = gateway.memory_high_mib();
    assert!(high < 300, "{high} MiB");
    gateway.accepts(SENDER, &[ALICE], &message("harmless"));
    hop.wait_for_text("Subject: harmless");
}

fn nested(depth: usize) -> Vec<u8> {
    let mut body = String::new();
    for level in 1..depth {
        body.push_str(&format!(
            "--b{}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n",
            level - 1
        ));
    }
    Mail::about("nested multiparts")
        .field("Content-Type: multipart/mixed; boundary=b0")
        .body(body.as_bytes())
        .whole()
}

fn many_parts(count: usize) -> Vec<u8> {
    let body = "--b\r\n\r\nx\r\n".repeat(count) + "--b--\r\n";
    Mail::about("many parts")
        .field("Content-Type: multipart/mixed; boundary=b")
        .body(body.as_bytes())
        .whole()
}

/// Every part announces a boundary of its own that never comes.
fn unclosed(count: usize) -> Vec<u8> {
    let part = |number: usize| {
        format!("--b\r\nContent-Type: multipart/mixed; boundary=never{number}\r\n\r\ntext\r\n")
    };
    let body: String = (0..count).map(part).collect();
    Mail::about("parts without an end")
        .field("Content-Type: multipart/mixed; boundary=b")
        .body(body.as_bytes())
        .whole()
}

fn nested_messages(depth: usize) -> Vec<u8> {
    ("Content-Type: message/rfc822\r\n\r\n".repeat(depth) + "end\r\n").into_bytes()
}

#[test]
fn what_can_be_read_two_ways_or_lies_elsewhere_is_held() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let nobody = b"Subject: from nobody\r\n\r\nHello\r\n".to_vec();
    let rows = [
        (
            Mail::about("x").field("From: eve@evil.example.net").whole(),
            "ambiguous: two From fields",
        ),
        (
            Mail::about("x").field("Subject: another").whole(),
            "ambiguous: two Subject fields",
        ),
        (
            [b"From: \"A Bank\" <>\r\n", nobody.as_slice()].concat(),
            "ambiguous: no address in the From field",
        ),
        (
            Mail::about("x")
                .field("Content-Type: text/plain\r\nContent-Type: text/html")
                .whole(),
            "ambiguous: its parts can be taken apart in two ways",
        ),
        (
            Mail::about("x")
                .field("Content-Type: message/external-body; access-type=anon-ftp; name=a.exe")
                .body(b"Content-Type: application/octet-stream\r\n\r\n")
                .whole(),
            "it could not be scanned in full: mime.external-body",
        ),
    ];
    for (mail, reason) in rows {
        let mid = gateway.accepts(SENDER, &[ALICE], &mail);
        let detail = gateway.message_is(mid, "quarantined");
        let state = &detail["recipients"][0]["state"]["quarantined"];
        assert_eq!(state["quarantine"], "unscannable", "{}", detail["decision"]);
        assert_eq!(detail["decision"]["verdict"], "unscannable", "{reason}");
        assert_eq!(detail["decision"]["recipients"][0]["reason"], reason);
    }
    let bounce = [b"From: MAILER-DAEMON <>\r\n", nobody.as_slice()].concat();
    gateway.accepts("", &[ALICE], &bounce);
    hop.wait_for_text("From: MAILER-DAEMON <>");
    assert_eq!(hop.delivered().len(), 1, "only the bounce");
}

#[test]
fn a_fragment_is_refused_with_the_remedy() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let fragment = Mail::about("fragment")
        .field("Content-Type: message/partial; id=1; number=1; total=2")
        .whole();
    let reply = Smtp::greeted(gateway.smtp()).message(SENDER, &[ALICE], &fragment);
    assert_eq!(
        reply.text(),
        "554 5.6.0 Fragmented message (message/partial) cannot be scanned; send it whole"
    );
    assert!(hop.delivered().is_empty());
}

#[test]
fn a_first_line_that_continues_nothing_is_cut() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mail = [b" folded: x\r\n\tand on\r\n", message("unfolded").as_slice()].concat();
    gateway.accepts(SENDER, &[ALICE], &mail);
    hop.wait_for_text("Subject: unfolded");
    let delivered = hop.delivered()[0].text();
    assert!(!delivered.contains("folded: x"), "{delivered}");
    assert!(delivered.contains("\r\nFrom: Carol"), "{delivered}");
}

#[test]
fn a_content_type_that_lies_hides_nothing() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    // The test string for virus scanners in base64, so that only who decodes it sees it.
    let hidden =
        "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=\r\n";
    let part = |header: &str| {
        let body = format!("--b\r\n\r\nSee the picture.\r\n--b\r\n{header}\r\n\r\n{hidden}--b--\r\n");
        Mail::about("lies")
            .field("MIME-Version: 1.0")
            .field("Content-Type: multipart/mixed; boundary=b")
            .body(body.as_bytes())
    };
    let base64 = "Content-Transfer-Encoding: base64";
    let rows = [
        (
            "a virus as a picture",
            part(&format!("Content-Type: image/jpeg; name=photo.jpg\r\n{base64}")),
        ),
        (
            "a virus as plain text",
            part(&format!("Content-Type: text/plain; charset=nonsense\r\n{base64}")),
        ),
        (
            "a type that is none",
            part(&format!("Content-Type: ;;;=\"\r\n{base64}")),
        ),
        (
            "two types",
            part(&format!(
                "Content-Type: text/plain\r\nContent-Type: image/png\r\n{base64}"
            )),
        ),
        (
            "a message that is no multipart",
            Mail::about("lies")
                .field("Content-Type: text/plain")
                .field(base64)
                .body(hidden.as_bytes()),
        ),
        (
            "a boundary of no multipart",
            Mail::about("lies")
                .field("Content-Type: text/plain; boundary=b")
                .body(
                    format!("--b\r\nContent-Type: image/png\r\n{base64}\r\n\r\n{hidden}--b--\r\n").as_bytes(),
                ),
        ),
        (
            "in plain sight under a picture's type",
            part("Content-Type: image/png")
                .body(format!("--b\r\nContent-Type: image/png\r\n\r\n{}\r\n--b--\r\n", eicar()).as_bytes()),
        ),
    ];
    for (what, mail) in rows {
        let mid = gateway.accepts(SENDER, &[ALICE], &mail.whole());
        let detail = gateway.message_is(mid, "quarantined");
        assert_eq!(
            detail["decision"]["verdict"], "virus",
            "{what}: {}",
            detail["decision"]
        );
    }
    assert!(hop.delivered().is_empty());
}

#[test]
fn clients_that_only_hang_around_are_shown_the_door() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop)
        .tables("[limits]\ncommand_timeout = \"1s\"\nconnections = 3")
        .start();
    // Those who looked whether it is ready may still be on their way out.
    let mut silent = until("there is a place", Duration::from_secs(20), || {
        let mut smtp = Smtp::raw(gateway.smtp());
        (smtp.reply().code == 220).then_some(smtp)
    });
    silent.expect_text("421 4.4.2 ");
    silent.expect_closed();

    // Each of the shards takes three; so many at once are too many for any of them.
    let mut crowd: Vec<Smtp> = (0..40).map(|_| Smtp::raw(gateway.smtp())).collect();
    let codes: Vec<u16> = crowd.iter_mut().map(|one| one.reply().code).collect();
    assert!(codes.contains(&220) && codes.contains(&421), "{codes:?}");
    drop(crowd);
    until("it recovers by itself", Duration::from_secs(20), || {
        let mut smtp = Smtp::raw(gateway.smtp());
        (smtp.reply().code == 220).then_some(())
    });
    gateway.accepts(SENDER, &[ALICE], &message("after the crowd"));
    hop.wait_for(1);
}

#[test]
fn nonsense_at_the_portal_is_answered_in_kind() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mut visitor = gateway.visitor();
    visitor.get("/%00/../../etc/passwd").is(404);
    for token in ["not-a-token", &"a".repeat(3_000)] {
        visitor
            .get(&format!("/digest/{token}"))
            .is(400)
            .says("not a link of ours");
    }
    visitor
        .post("/login", &[("login", &"x".repeat(300_000)), ("password", "y")])
        .is(413);
    let status = |http: &Http, cookie: &str| {
        let answer = http
            .try_request(("GET", "/"), &[("Cookie", cookie)], "")
            .expect("an answer");
        answer.status
    };
    assert_eq!(status(&visitor, "postern_session=forged"), 303);
    let health: Value = serde_json::from_str(&visitor.get("/healthz").is(200).body).expect("JSON");
    assert_eq!(health["status"], "ok");
}
