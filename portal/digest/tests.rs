//! Digests made, then read back as a mail program would.

use super::*;
use mail_parser::{MessageParser, MimeHeaders};
use postern_quarantine_api::{HeldRow, HeldStatus};
use postern_vocab::{Mid, Rid, Verdict};

const NOW: Timestamp = Timestamp(1_784_894_587_250);
const URL: &str = "https://mail.example.org";

fn row(mid: u64, score: u8, subject: &str) -> DigestRow {
    DigestRow {
        held: HeldRow {
            mid: Mid(mid),
            rid: Rid(0),
            recipient: "ana@example.org".to_owned(),
            sender: "bounce@shop.example".to_owned(),
            from_name: "Shop".to_owned(),
            from: "news@shop.example".to_owned(),
            subject: subject.to_owned(),
            received_at: NOW.minus(Duration::from_secs(mid)),
            expires_at: NOW.plus(Duration::from_secs(86_400)),
            quarantine: "spam".to_owned(),
            reason: format!("spam, score {score}"),
            verdict: Verdict::Spam,
            score,
            bytes: 1_000,
            status: HeldStatus::Held,
        },
        token: format!("token-{mid}"),
    }
}

fn content(rows: Vec<DigestRow>, more: usize) -> DigestContent {
    DigestContent {
        mailbox: "ana@example.org".to_owned(),
        rows,
        more,
    }
}

fn composed(content: &DigestContent) -> Vec<u8> {
    let from = "quarantine@example.org".parse().expect("valid");
    compose(content, &from, URL, NOW).expect("it can be written")
}

#[test]
fn a_digest_reads_back_as_it_was_meant() {
    let mail = composed(&content(
        vec![row(1, 93, "Gr\u{fc}\u{df}e aus K\u{f6}ln"), row(2, 55, "Offer")],
        73,
    ));
    let read = MessageParser::default().parse(&mail).expect("a mail");
    assert_eq!(read.subject(), Some("75 messages held for ana@example.org"));
    let address = |field: Option<&mail_parser::Address<'_>>| {
        field
            .and_then(|one| one.first())
            .and_then(|one| one.address().map(str::to_owned))
    };
    assert_eq!(address(read.from()).as_deref(), Some("quarantine@example.org"));
    assert_eq!(address(read.to()).as_deref(), Some("ana@example.org"));
    assert_eq!(
        read.header_raw("Auto-Submitted").map(str::trim),
        Some("auto-generated")
    );
    assert!(
        read.header_raw("List-Id")
            .is_some_and(|id| id.contains("<quarantine-digest.example.org>"))
    );
    assert!(read.message_id().is_some_and(|id| id.ends_with("@example.org")));
    assert_eq!(
        read.date().map(mail_parser::DateTime::to_timestamp),
        Some(NOW.seconds())
    );
    assert!(
        read.content_type()
            .is_some_and(|kind| kind.subtype() == Some("alternative"))
    );

    let text = read.body_text(0).expect("a text part");
    for part in [
        "Gr\u{fc}\u{df}e aus K\u{f6}ln",
        "Shop <news@shop.example>",
        "spam, score 55",
        "https://mail.example.org/digest/token-1",
        "and 73 more: https://mail.example.org/",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let html = read.body_html(0).expect("an HTML part");
    assert!(
        html.contains("href=\"https://mail.example.org/digest/token-2\""),
        "{html}"
    );
    for never in ["<img", "<script", "http-equiv", "<form", "url("] {
        assert!(!html.contains(never), "{never}");
    }
    assert!(
        text.find("token-2") < text.find("token-1"),
        "what is most likely wanted comes first"
    );
}

#[test]
fn what_is_mailed_is_seven_bit_with_whole_line_ends() {
    let mail = composed(&content(vec![row(1, 93, &"\u{1f4a9} long ".repeat(120))], 0));
    assert!(mail.is_ascii());
    let text = String::from_utf8(mail).expect("ASCII");
    assert!(
        !text.replace("\r\n", "").contains(['\r', '\n']),
        "a bare line end"
    );
    assert!(
        text.lines().all(|line| line.len() <= 998),
        "RFC 5322 section 2.1.1"
    );
    assert_eq!(
        text.matches("Content-Transfer-Encoding: quoted-printable")
            .count(),
        2
    );
    assert_eq!(
        text,
        String::from_utf8(composed(&content(
            vec![row(1, 93, &"\u{1f4a9} long ".repeat(120))],
            0
        )))
        .expect("ASCII")
    );
}

#[test]
fn the_subject_counts_as_people_do() {
    let rows = [
        (
            content(vec![row(1, 1, "s")], 0),
            "1 message held for ana@example.org",
        ),
        (
            content(vec![row(1, 1, "s")], 1),
            "2 messages held for ana@example.org",
        ),
        (content(vec![], 0), "0 messages held for ana@example.org"),
    ];
    for (content, expected) in rows {
        assert_eq!(subject(&content), expected);
        let mail = composed(&content);
        assert_eq!(
            MessageParser::default().parse(&mail).expect("a mail").subject(),
            Some(expected)
        );
    }
    assert!(text(&content(vec![row(1, 1, "s")], 0), URL, NOW).starts_with("1 message is held for"));
}

#[test]
fn hostile_rows_stay_text() {
    let mut hostile = row(
        1,
        99,
        "<script>alert(1)</script> see https://evil.example/ and www.evil.example",
    );
    hostile.held.from_name = "boss@example.org\u{202e}\r\nBcc: x@evil.example".to_owned();
    hostile.held.reason = "</td><a href=\"https://evil.example\">x</a>".to_owned();
    let mail = composed(&content(vec![hostile], 0));
    let read = MessageParser::default().parse(&mail).expect("a mail");
    assert!(read.bcc().is_none());
    let (text, html) = (read.body_text(0).expect("text"), read.body_html(0).expect("HTML"));
    assert!(
        !html.contains("<script") && !html.contains("href=\"https://evil"),
        "{html}"
    );
    assert!(
        !text.contains("https://evil") && !text.contains("www.evil"),
        "{text}"
    );
    assert!(!text.contains('\u{202e}'));
    assert!(text.contains("Careful:"), "{text}");
    let links = html.matches("href=\"").count();
    assert_eq!(
        links,
        html.matches(&format!("href=\"{URL}/")).count(),
        "every link is ours"
    );
}

#[test]
fn a_mailbox_that_no_header_takes_is_an_error_that_names_it() {
    let mut bad = content(vec![], 0);
    bad.mailbox = "ana@example.org\r\nBcc: x@evil.example".to_owned();
    let from = "quarantine@example.org".parse().expect("valid");
    let error = compose(&bad, &from, URL, NOW).expect_err("not an address");
    assert!(matches!(error, DigestError::Address(_)), "{error}");
    for odd in ["\"a b\"@example.org", "o'brien+x@example.org", "a@[192.0.2.1]"] {
        bad.mailbox = odd.to_owned();
        let made = compose(&bad, &from, URL, NOW).expect(odd);
        let made = String::from_utf8(made).expect("ASCII");
        assert!(made.contains(&format!("\r\nTo: {odd}\r\n")), "{made}");
    }
}
