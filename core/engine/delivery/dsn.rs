//! Delivery status notifications: what the sender is told when delivery is given up. RFC 3464 (format), RFC 6522
//! (multipart/report), RFC 5321 §4.5.5 and §6.1 (null sender; a null sender is never told anything).

use super::queue::Content;
use postern_vocab::text::one_line;
use postern_vocab::{Address, Mid, Reply, Timestamp, limits};

/// One recipient that was given up.
pub struct Failed {
    /// Whom it was for.
    pub recipient: Address,
    /// The last answer.
    pub reply: Reply,
}

/// What a notification is made of.
pub struct Notification<'a> {
    /// Our name.
    pub hostname: &'a str,
    /// The notification's own id.
    pub mid: Mid,
    /// When it is made.
    pub now: Timestamp,
    /// Whom it goes to.
    pub to: &'a Address,
    /// The message that could not be delivered.
    pub original: &'a Content,
    /// Who did not get it; never empty.
    pub failed: &'a [Failed],
    /// The next hop that said so, as the route names it.
    pub hop: &'a str,
    /// The original's first octets: its header is returned, cut at `limits::DSN_RETURNED_BYTES_MAX`.
    pub original_body: &'a [u8],
}

/// The whole notification, CRLF line ends, seven bit.
#[must_use]
pub fn compose(about: &Notification<'_>) -> String {
    let boundary = format!("=_postern-{}-{}", about.mid, about.now.0);
    let mut text = header(about, &boundary);
    part(
        &mut text,
        &boundary,
        "text/plain; charset=us-ascii",
        &explanation(about),
    );
    part(&mut text, &boundary, "message/delivery-status", &status(about));
    part(
        &mut text,
        &boundary,
        "text/rfc822-headers; charset=us-ascii",
        &returned_header(about.original_body),
    );
    text.push_str(&format!("--{boundary}--\r\n"));
    text
}

fn header(about: &Notification<'_>, boundary: &str) -> String {
    let (hostname, mid) = (about.hostname, about.mid);
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@{hostname}>\r\n\
         To: <{to}>\r\n\
         Subject: Undelivered mail returned to sender\r\n\
         Date: {date}\r\n\
         Message-ID: <{mid}.{stamp}@{hostname}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\
         \r\n",
        to = about.to,
        date = crate::trace_header::date(about.now),
        stamp = about.now.0,
    )
}

fn part(text: &mut String, boundary: &str, content_type: &str, content: &str) {
    text.push_str(&format!(
        "--{boundary}\r\nContent-Type: {content_type}\r\n\r\n{content}\r\n"
    ));
}

fn explanation(about: &Notification<'_>) -> String {
    let mut text = format!(
        "This is the mail system at {}.\r\n\r\n\
         Your message could not be delivered to the recipients below, and it will not be\r\n\
         tried again. What the receiving side said is given with each of them.\r\n",
        about.hostname
    );
    for one in about.failed {
        text.push_str(&format!(
            "\r\n<{}>: {} said:\r\n    {}\r\n",
            one.recipient,
            about.hop,
            ascii(&one.reply)
        ));
    }
    text
}

/// RFC 3464 §2.2 (per-message fields), §2.3 (per-recipient fields).
fn status(about: &Notification<'_>) -> String {
    let mut text = format!(
        "Reporting-MTA: dns; {}\r\nX-Postern-MID: {}\r\nArrival-Date: {}\r\n",
        about.hostname,
        about.original.mid,
        crate::trace_header::date(about.original.accepted_at),
    );
    for one in about.failed {
        let status = if one.reply.enhanced.is_empty() {
            "5.0.0"
        } else {
            &one.reply.enhanced
        };
        // A delivery that is given up has failed for good, whatever the last answer was. RFC 3464 §2.3.4.
        let status = status.replacen('4', "5", usize::from(status.starts_with('4')));
        text.push_str(&format!(
            "\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {}\r\n",
            one.recipient,
            ascii(&one.reply),
        ));
    }
    text
}

/// A next hop's reply as one line that fits a header field.
fn ascii(reply: &Reply) -> String {
    let line = one_line(&reply.to_string(), 400);
    line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// The header fields of the original, whole lines only. A line that looks like a boundary cannot end the part: ours has
/// the notification's own id in it. Octets above 127 have no place in a seven bit part.
fn returned_header(body: &[u8]) -> String {
    let end = memchr::memmem::find(body, b"\r\n\r\n").map_or(body.len(), |at| at + 2);
    let header = &body[..end.min(limits::DSN_RETURNED_BYTES_MAX)];
    let whole = memchr::memrchr(b'\n', header).map_or(0, |at| at + 1);
    header[..whole]
        .iter()
        .map(|octet| if octet.is_ascii() { char::from(*octet) } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use postern_journal::BodyAt;
    use postern_vocab::Envelope;

    #[test]
    fn a_bounce_says_who_what_and_why_in_the_standard_form() {
        let original = Content {
            mid: Mid(7),
            envelope: Envelope::default(),
            trace_header: Bytes::new(),
            cuts: Vec::new(),
            body_at: BodyAt::default(),
            accepted_at: Timestamp(1_000_000),
        };
        let to = "sender@example.com".parse().expect("an address");
        let failed = [Failed {
            recipient: "bob@example.test".parse().expect("an address"),
            reply: Reply::fixed(450, "4.2.2", "mailbox f\u{fc}ll"),
        }];
        let text = compose(&Notification {
            hostname: "mx.example.test",
            mid: Mid(8),
            now: Timestamp(2_000_000),
            to: &to,
            original: &original,
            failed: &failed,
            hop: "192.0.2.1:25",
            original_body: b"Subject: caf\xc3\xa9\r\nFrom: a@example.com\r\n\r\nsecret text\r\n",
        });
        for expected in [
            "To: <sender@example.com>\r\n",
            "Auto-Submitted: auto-replied\r\n",
            "report-type=delivery-status",
            "Final-Recipient: rfc822; bob@example.test\r\nAction: failed\r\nStatus: 5.2.2\r\n",
            "Diagnostic-Code: smtp; 450 4.2.2 mailbox f?ll\r\n",
            "Subject: caf??\r\nFrom: a@example.com\r\n",
        ] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
        assert!(!text.contains("secret"), "only the header is returned");
        assert!(
            text.is_ascii() && text.lines().count() == text.matches("\r\n").count(),
            "seven bit, CRLF"
        );
    }
}
