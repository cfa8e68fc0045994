//! What the sending machine makes of a hop's extensions: BINARYMIME by BDAT, SMTPUTF8, DSN, LIMITS. Transcripts as in
//! `client.rs`.

use crate::client::{message, play};
use bytes::Bytes;
use postern_smtp::{Outgoing, body_kind};
use postern_vocab::{BodyKind, DsnRequest, DsnReturn, Notify, RecipientDsn, Rid};

/// A message that came as BODY=BINARYMIME.
fn binary(recipients: &[&str], body: &[u8]) -> Outgoing {
    Outgoing {
        body: body_kind(BodyKind::BinaryMime, &[Bytes::copy_from_slice(body)]),
        ..message(recipients, body)
    }
}

/// A message that came with SMTPUTF8.
fn utf8(recipients: &[&str], body: &[u8]) -> Outgoing {
    Outgoing {
        smtputf8: true,
        ..message(recipients, body)
    }
}

/// The greeting of a hop that offers these.
fn greeting(extensions: &[&str]) -> String {
    let offered: String = extensions.iter().map(|one| format!("S: 250-{one}\n")).collect();
    format!("S: 220 hop.example ESMTP\nC: EHLO mx.example.test\nS: 250-hop.example\n{offered}S: 250 HELP\n")
}

#[test]
fn binary_mail_leaves_as_one_chunk_octet_for_octet() {
    let text = format!(
        "{}
C* MAIL FROM:<alice@example.com> BODY=BINARYMIME\\r\\nRCPT TO:<a@example.test>\\r\\nRCPT TO:<b@example.test>\\r\\n
S: 250 ok
S: 250 ok
S: 550 5.1.1 no
C* BDAT 8 LAST\\r\\n.\\n\\x00\\r\\n.\\r\\n
S: 250 2.0.0 stored
C: MAIL FROM:<alice@example.com> BODY=BINARYMIME
C: RCPT TO:<a@example.test>
S: 250 ok
S: 250 ok
C* BDAT 1 LAST\\r\\n\\x00
S: 452 4.3.1 full
C: RSET
C: MAIL FROM:<alice@example.com>
C: RCPT TO:<a@example.test>
S: 250 ok
S: 250 ok
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 2.0.0 stored
C: QUIT
S.
C.",
        greeting(&["PIPELINING", "8BITMIME", "CHUNKING", "BINARYMIME"])
    );
    let messages = vec![
        binary(&["a@example.test", "b@example.test"], b".\n\0\r\n.\r\n"),
        binary(&["a@example.test"], b"\0"),
        binary(&["a@example.test"], b"x\r\n"),
    ];
    let expected = [
        "0 250 2.0.0 stored",
        "1 550 5.1.1 no",
        "0 452 4.3.1 full",
        "0 250 2.0.0 stored",
    ];
    assert_eq!(play(messages, &text), expected);
}

#[test]
fn binary_mail_is_not_sent_to_who_does_not_offer_both_extensions() {
    let reply = "0 554 5.6.3 message has binary content, next hop does not offer CHUNKING and BINARYMIME";
    for extensions in [
        &["8BITMIME", "CHUNKING"][..],
        &["8BITMIME", "BINARYMIME"],
        &["8BITMIME"],
    ] {
        let text = format!("{}C: QUIT\nS: 221 bye\nC.", greeting(extensions));
        let outcome = play(vec![binary(&["a@example.test"], b"\0")], &text);
        assert_eq!(outcome, [reply], "{extensions:?}");
    }
}

#[test]
fn smtputf8_is_said_where_it_is_needed_and_offered() {
    let utf8_hop = greeting(&["8BITMIME", "SMTPUTF8"]);
    let plain_hop = greeting(&["8BITMIME"]);
    let ascii = b"Subject: x\r\n\r\nx\r\n";
    let header = "Subject: \u{e9}\r\n\r\nx\r\n".as_bytes();
    let body = "Subject: x\r\n\r\n\u{e9}\r\n".as_bytes();
    let no_header = "0 553 5.6.7 the header is not ASCII, next hop does not offer SMTPUTF8";
    let rows = [
        (utf8(&["a@example.test"], ascii), &utf8_hop, "", "", "not needed"),
        (
            utf8(&["a@example.test"], header),
            &utf8_hop,
            " BODY=8BITMIME SMTPUTF8",
            "",
            "header",
        ),
        (
            utf8(&["a@example.test"], body),
            &utf8_hop,
            " BODY=8BITMIME SMTPUTF8",
            "",
            "a part's header may",
        ),
        (
            utf8(&["a@example.test"], body),
            &plain_hop,
            " BODY=8BITMIME",
            "",
            "but is not known to",
        ),
        (
            utf8(&["a@example.test"], header),
            &plain_hop,
            "",
            no_header,
            "needed, not offered",
        ),
        (
            message(&["a@example.test"], header),
            &plain_hop,
            " BODY=8BITMIME",
            "",
            "came without, leaves without",
        ),
    ];
    for (outgoing, hop, parameters, refused, reason) in rows {
        let sent = std::str::from_utf8(&outgoing.pieces[0])
            .expect("UTF-8")
            .replace("\r\n", "\\r\\n")
            .replace('\u{e9}', "\\xc3\\xa9");
        let text = match refused.is_empty() {
            true => format!(
                "{hop}C: MAIL FROM:<alice@example.com>{parameters}\nS: 250 ok\nC: RCPT TO:<a@example.test>\nS: 250 ok\n\
                 C: DATA\nS: 354 go\nC* {sent}.\\r\\n\nS: 250 ok\nC: QUIT\nS: 221 bye\nC."
            ),
            false => format!("{hop}C: QUIT\nS: 221 bye\nC."),
        };
        let expected = if refused.is_empty() { "0 250 ok" } else { refused };
        assert_eq!(play(vec![outgoing], &text), [expected], "{reason}");
    }
}

#[test]
fn dsn_wishes_are_passed_on_to_who_offers_dsn_and_to_nobody_else() {
    let wishes = |outgoing: Outgoing| Outgoing {
        dsn: DsnRequest {
            returned: Some(DsnReturn::Headers),
            envelope_id: Some("QQ314159".to_owned()),
            recipients: [(
                Rid(0),
                RecipientDsn {
                    notify: Some(Notify {
                        success: true,
                        failure: true,
                        delay: false,
                    }),
                    original: Some("rfc822;Ann+2Bx@example.org".to_owned()),
                },
            )]
            .into(),
        },
        ..outgoing
    };
    for (extensions, mail, rcpt) in [
        (
            &["PIPELINING", "DSN"][..],
            " RET=HDRS ENVID=QQ314159",
            " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Ann+2Bx@example.org",
        ),
        (&["PIPELINING"], "", ""),
    ] {
        let text = format!(
            "{}
C: MAIL FROM:<alice@example.com>{mail}
C: RCPT TO:<a@example.test>{rcpt}
C: RCPT TO:<b@example.test>
S: 250 ok
S: 250 ok
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 ok
C: QUIT
S: 221 bye
C.",
            greeting(extensions)
        );
        let outgoing = wishes(message(&["a@example.test", "b@example.test"], b"x\r\n"));
        assert_eq!(play(vec![outgoing], &text), ["0 250 ok", "1 250 ok"]);
    }
}

#[test]
fn a_hop_with_limits_gets_the_recipients_in_several_transactions() {
    let text = format!(
        "{}
C: MAIL FROM:<alice@example.com>
C: RCPT TO:<a@example.test>
C: RCPT TO:<b@example.test>
S: 250 ok
S: 250 ok
S: 550 no
C: DATA
S: 354 go
C: x
C: .
S: 250 first
C: MAIL FROM:<alice@example.com>
C: RCPT TO:<c@example.test>
C: RCPT TO:<d@example.test>
S: 250 ok
S: 250 ok
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 second
C: QUIT
S: 221 bye
C.",
        greeting(&["PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=2"])
    );
    let to = ["a", "b", "c", "d", "e"].map(|name| format!("{name}@example.test"));
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let expected = [
        "0 250 first",
        "1 550 no",
        "2 250 second",
        "3 250 second",
        "4 451 4.5.3 next hop takes no more messages over this connection",
    ];
    assert_eq!(play(vec![message(&to, b"x\r\n")], &text), expected);
}

#[test]
fn a_hop_that_goes_away_between_two_transactions_leaves_the_rest_waiting() {
    let text = format!(
        "{}
C: MAIL FROM:<alice@example.com>
C: RCPT TO:<a@example.test>
S: 250 ok
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 first
C: MAIL FROM:<alice@example.com>
C: RCPT TO:<b@example.test>
S.
C.",
        greeting(&["PIPELINING", "LIMITS RCPTMAX=1"])
    );
    let expected = ["0 250 first", "1 451 4.4.2 next hop closed the connection"];
    let outgoing = message(&["a@example.test", "b@example.test"], b"x\r\n");
    assert_eq!(play(vec![outgoing], &text), expected);
}

#[test]
fn an_address_that_is_not_ascii_needs_smtputf8_and_keeps_nobody_else_from_the_mail() {
    let to = ["a@example.test", "b\u{f6}b@example.test"];
    let text = format!(
        "{}
C: MAIL FROM:<alice@example.com>
S: 250 ok
C: RCPT TO:<a@example.test>
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 ok
C: QUIT
S: 221 bye
C.",
        greeting(&["8BITMIME"])
    );
    let refused = "1 553 5.6.7 the recipient's address is not ASCII, next hop does not offer SMTPUTF8";
    assert_eq!(play(vec![utf8(&to, b"x\r\n")], &text), ["0 250 ok", refused]);

    let text = format!("{}C: QUIT\nS: 221 bye\nC.", greeting(&["8BITMIME"]));
    assert_eq!(
        play(vec![utf8(&to[1..], b"x\r\n")], &text),
        [refused.replacen('1', "0", 1)]
    );
    let from = Outgoing {
        sender: postern_vocab::ReversePath::Mailbox("\u{e4}nn@example.com".parse().expect("an address")),
        ..utf8(&to[..1], b"x\r\n")
    };
    let refused = "0 553 5.6.7 the sender's address is not ASCII, next hop does not offer SMTPUTF8";
    assert_eq!(play(vec![from], &text), [refused]);

    let text = format!(
        "{}
C: MAIL FROM:<alice@example.com> SMTPUTF8
S: 250 ok
C: RCPT TO:<a@example.test>
S: 250 ok
C: RCPT TO:<b\u{f6}b@example.test>
S: 250 ok
C: DATA
S: 354 go
C: x
C: .
S: 250 ok
C: QUIT
S: 221 bye
C.",
        greeting(&["8BITMIME", "SMTPUTF8"])
    );
    assert_eq!(play(vec![utf8(&to, b"x\r\n")], &text), ["0 250 ok", "1 250 ok"]);
}
