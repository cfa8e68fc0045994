//! Delivery status notifications: what the sender is told when delivery is given up, and of success where they asked and
//! the next hop will not tell. RFC 3464 (format), RFC 3461 (what was asked for), RFC 6522 (multipart/report), RFC 5321
//! §4.5.5 and §6.1 (null sender; a null sender is never told anything).
//!
//! A notification is seven bit, so that every hop takes it, but for the To field of a sender whose address is not ASCII.

mod returned;
mod status;

use super::queue::Content;
use postern_vocab::text::one_line;
use postern_vocab::{Address, Mid, Reply, Rid, Timestamp};
use std::fmt::Write;

/// What is told of the recipients. RFC 3464 §2.3.3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Given up.
    Failed,
    /// Taken by a next hop that does not offer DSN: what becomes of it cannot be told. RFC 3461 §5.2.2.
    Relayed,
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
    /// The message it is about.
    pub original: &'a Content,
    /// What happened.
    pub action: Action,
    /// To whom, and the last answer; never empty.
    pub recipients: &'a [(Rid, Reply)],
    /// The next hop that said so, as the route names it.
    pub hop: &'a str,
    /// The original as it was received.
    pub original_body: &'a [u8],
}

impl Notification<'_> {
    /// The recipients it is about.
    fn recipients(&self) -> impl Iterator<Item = (Rid, &Address, &Reply)> {
        let envelope = &self.original.envelope;
        self.recipients
            .iter()
            .filter_map(|(rid, reply)| Some((*rid, envelope.recipient(*rid)?, reply)))
    }
}

/// The whole notification, with CRLF line ends.
#[must_use]
pub fn compose(about: &Notification<'_>) -> String {
    let boundary = format!("=_postern-{}-{}", about.mid, about.now.0);
    let mut text = header(about, &boundary);
    let explanation = explanation(about);
    match explanation.is_ascii() {
        true => part(
            &mut text,
            &boundary,
            ("text/plain; charset=us-ascii", &explanation),
        ),
        false => part(
            &mut text,
            &boundary,
            (
                "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
                &quoted_printable(&explanation),
            ),
        ),
    }
    let status = status::fields(about);
    part(&mut text, &boundary, ("message/delivery-status", &status));
    match returned::whole(about, &boundary) {
        Some(message) => part(&mut text, &boundary, ("message/rfc822", message)),
        None => part(
            &mut text,
            &boundary,
            (
                "text/rfc822-headers; charset=us-ascii",
                &returned::header(about.original_body),
            ),
        ),
    }
    write!(text, "--{boundary}--\r\n").expect("a String grows");
    text
}

fn header(about: &Notification<'_>, boundary: &str) -> String {
    let (hostname, mid) = (about.hostname, about.mid);
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@{hostname}>\r\n\
         To: <{to}>\r\n\
         Subject: {subject}\r\n\
         Date: {date}\r\n\
         Message-ID: <{mid}.{stamp}@{hostname}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\
         \r\n",
        to = about.to,
        subject = match about.action {
            Action::Failed => "Undelivered mail returned to sender",
            Action::Relayed => "Your message was passed on",
        },
        date = crate::trace_header::date(about.now),
        stamp = about.now.0,
    )
}

fn part(text: &mut String, boundary: &str, (content_type, content): (&str, &str)) {
    write!(
        text,
        "--{boundary}\r\nContent-Type: {content_type}\r\n\r\n{content}\r\n"
    )
    .expect("a String grows");
}

fn explanation(about: &Notification<'_>) -> String {
    let what = match about.action {
        Action::Failed => {
            "Your message could not be delivered to the recipients below, and it will not be\r\n\
             tried again. What the receiving side said is given with each of them.\r\n"
        }
        Action::Relayed => {
            "You asked to be told when your message is delivered. For the recipients below it\r\n\
             was passed on to a mail system that took it and does not say what becomes of it.\r\n"
        }
    };
    let mut text = format!("This is the mail system at {}.\r\n\r\n{what}", about.hostname);
    for (_, recipient, reply) in about.recipients() {
        write!(
            text,
            "\r\n<{recipient}>: {} said:\r\n    {}\r\n",
            about.hop,
            ascii(reply)
        )
        .expect("a String grows");
    }
    text
}

/// A next hop's reply as one line that fits a header field.
fn ascii(reply: &Reply) -> String {
    let line = one_line(&reply.to_string(), 400);
    line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// RFC 2045 §6.7, for lines that end in CRLF and hold no control characters.
fn quoted_printable(text: &str) -> String {
    /// A line with the soft line break behind it has 76 characters at most.
    const LINE_MAX: usize = 75;
    let mut encoded = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive("\r\n") {
        let mut column = 0;
        for octet in line.trim_end_matches("\r\n").bytes() {
            let width = if matches!(octet, b' '..=b'~') && octet != b'=' {
                1
            } else {
                3
            };
            if column + width > LINE_MAX {
                encoded.push_str("=\r\n");
                column = 0;
            }
            match width {
                1 => encoded.push(char::from(octet)),
                _ => write!(encoded, "={octet:02X}").expect("a String grows"),
            }
            column += width;
        }
        encoded.push_str("\r\n");
    }
    encoded
}

#[cfg(test)]
mod tests;
