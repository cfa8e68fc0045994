use super::*;
use bytes::Bytes;
use postern_journal::BodyAt;
use postern_vocab::{DsnRequest, DsnReturn, Envelope, RecipientDsn, limits};

const BODY: &[u8] = b"Subject: x\r\nFrom: a@example.com\r\n\r\nsecret text\r\n";

fn original(dsn: DsnRequest) -> Content {
    Content {
        mid: Mid(7),
        envelope: Envelope {
            recipients: vec![
                "bob@example.test".parse().expect("an address"),
                "eve@example.test".parse().expect("an address"),
            ],
            dsn,
            ..Envelope::default()
        },
        trace_header: Bytes::new(),
        cuts: Vec::new(),
        body_at: BodyAt::default(),
        accepted_at: Timestamp(1_000_000),
    }
}

fn told(dsn: DsnRequest, action: Action, original_body: &[u8]) -> String {
    let reply = match action {
        Action::Failed => Reply::fixed(450, "4.2.2", "mailbox f\u{fc}ll"),
        Action::Relayed => Reply::fixed(250, "2.0.0", "taken"),
    };
    compose(&Notification {
        hostname: "mx.example.test",
        mid: Mid(8),
        now: Timestamp(2_000_000),
        to: &"sender@example.com".parse().expect("an address"),
        original: &original(dsn),
        action,
        recipients: &[(Rid(0), reply)],
        hop: "192.0.2.1:25",
        original_body,
    })
}

#[test]
fn a_bounce_says_who_what_and_why_in_the_standard_form() {
    let body = b"Subject: caf\xc3\xa9\r\nFrom: a@example.com\r\n\r\nsecret text\r\n";
    let text = told(DsnRequest::default(), Action::Failed, body);
    for expected in [
        "To: <sender@example.com>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "report-type=delivery-status",
        "\r\n\r\nReporting-MTA: dns; mx.example.test\r\n",
        "\r\n\r\nFinal-Recipient: rfc822; bob@example.test\r\nAction: failed\r\nStatus: 5.2.2\r\n",
        "Diagnostic-Code: smtp; 450 4.2.2 mailbox f?ll\r\n",
        "Content-Type: text/rfc822-headers; charset=us-ascii\r\n\r\nSubject: caf??\r\nFrom: a@example.com\r\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    assert!(!text.contains("secret"), "only the header is returned");
    assert!(!text.contains("eve@"), "only who did not get it is told of");
    assert!(
        text.is_ascii() && text.lines().count() == text.matches("\r\n").count(),
        "seven bit, CRLF"
    );
}

#[test]
fn the_senders_own_names_for_it_come_back() {
    let asked = DsnRequest {
        returned: None,
        envelope_id: Some("QQ+2B1".to_owned()),
        recipients: [(
            Rid(0),
            RecipientDsn {
                notify: None,
                original: Some("rfc822;Bob+2Bx@example.org".to_owned()),
            },
        )]
        .into(),
    };
    let text = told(asked, Action::Failed, BODY);
    for expected in [
        "\r\n\r\nOriginal-Envelope-Id: QQ+1\r\nReporting-MTA: dns; ",
        "\r\n\r\nOriginal-Recipient: rfc822; Bob+x@example.org\r\nFinal-Recipient: rfc822; bob@example.test\r\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
}

#[test]
fn a_notice_of_success_says_relayed_and_returns_the_header_only() {
    let asked = DsnRequest {
        returned: Some(DsnReturn::Full),
        ..DsnRequest::default()
    };
    let text = told(asked, Action::Relayed, BODY);
    for expected in [
        "Subject: Your message was passed on\r\n",
        "Action: relayed\r\nStatus: 2.1.9\r\nDiagnostic-Code: smtp; 250 2.0.0 taken\r\n",
        "Content-Type: text/rfc822-headers",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn the_whole_message_comes_back_where_it_was_asked_for_and_can() {
    let long = [BODY, &b"x\r\n".repeat(limits::DSN_RETURNED_WHOLE_BYTES_MAX / 3)].concat();
    let (full, headers) = (Some(DsnReturn::Full), Some(DsnReturn::Headers));
    let rows: [(Option<DsnReturn>, &[u8], bool, &str); 7] = [
        (full, BODY, true, "asked for"),
        (headers, BODY, false, "asked not to"),
        (None, BODY, false, "not asked"),
        (full, b"Subject: x\r\n\r\n\xff\r\n", false, "eight bit"),
        (full, b"Subject: x\r\n\r\na\nb\r\n", false, "binary"),
        (
            full,
            b"Subject: x\r\n\r\n--=_postern-8-2000000--\r\n",
            false,
            "our own boundary",
        ),
        (full, &long, false, "too large"),
    ];
    for (returned, body, expected, reason) in rows {
        let asked = DsnRequest {
            returned,
            ..DsnRequest::default()
        };
        let text = told(asked, Action::Failed, body);
        assert_eq!(
            text.contains("Content-Type: message/rfc822\r\n"),
            expected,
            "{reason}"
        );
        if expected {
            let body = std::str::from_utf8(body).expect("ASCII");
            assert!(
                text.contains(&format!("\r\n\r\n{body}\r\n--=_postern")),
                "{reason}: {text}"
            );
        }
    }
}

#[test]
fn an_explanation_that_is_not_ascii_travels_in_seven_bit() {
    let line = "\u{e9}".repeat(20);
    let encoded = quoted_printable(&format!("a=b {line}\r\n\r\nend\r\n"));
    assert!(
        encoded.is_ascii() && encoded.starts_with("a=3Db =C3=A9"),
        "{encoded}"
    );
    assert!(encoded.lines().all(|line| line.len() <= 76), "{encoded}");
    assert!(encoded.ends_with("=C3=A9\r\n\r\nend\r\n"), "{encoded}");
    assert_eq!(encoded.replace("=\r\n", "").matches("=C3=A9").count(), 20);
}

#[test]
fn addresses_that_are_not_ascii_are_told_in_seven_bit_but_for_the_senders_own() {
    let mut original = original(DsnRequest::default());
    original.envelope.recipients = vec!["b\u{f6}b+x@example.test".parse().expect("an address")];
    let rows = [
        ("sender@example.com", true, "seven bit throughout"),
        ("s\u{e9}nder@example.com", false, "the To field is theirs"),
    ];
    for (to, is_ascii, reason) in rows {
        let text = compose(&Notification {
            hostname: "mx.example.test",
            mid: Mid(8),
            now: Timestamp(2_000_000),
            to: &to.parse().expect("an address"),
            original: &original,
            action: Action::Failed,
            recipients: &[(Rid(0), Reply::fixed(550, "5.1.1", "no"))],
            hop: "192.0.2.1:25",
            original_body: BODY,
        });
        assert_eq!(text.is_ascii(), is_ascii, "{reason}: {text}");
        for expected in [
            format!("To: <{to}>\r\n"),
            "Final-Recipient: utf-8; b\\x{F6}b\\x{2B}x@example.test\r\n".to_owned(),
            "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n".to_owned(),
            "<b=C3=B6b+x@example.test>".to_owned(),
        ] {
            assert!(text.contains(&expected), "{expected} is missing in:\n{text}");
        }
    }
}
