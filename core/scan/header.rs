//! The header view: what the message's own header claims, what is odd about it, and which of its fields may not leave
//! with it because they speak in our name. RFC 5322 §3.6, RFC 8601 §5.
//!
//! It may not know the body, the envelope, or what follows from an oddity.

use crate::fields::{Field, FieldScan};
use crate::oddities::Oddities;
use crate::parser::{self, Mailbox};
use postern_vocab::text::one_line;
use postern_vocab::{HeaderFacts, limits};

/// RFC 5322 §3.6: fields that a message has at most once. A second one is shown by some mail clients and checked by
/// others.
const ONCE_ONLY: [&str; 11] = [
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
];

/// The header of one message.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    /// Fields in order; no more than `limits::HEADER_FIELDS_MAX`.
    fields: Vec<Field<'a>>,
    /// What it claims.
    pub(crate) facts: HeaderFacts,
    /// Octets that may not leave with the message.
    pub(crate) cuts: Vec<(u64, u64)>,
    /// Where the body begins.
    pub(crate) body: usize,
}

impl<'a> Header<'a> {
    /// Reads the header of `message`; `hostname` is ours, in lower case.
    pub(crate) fn read(message: &'a [u8], hostname: &str, oddities: &mut Oddities) -> Self {
        let mut header = Self::default();
        let mut scan = FieldScan::new(message, 0);
        let mut count = 0;
        for field in scan.by_ref() {
            count += 1;
            header.take(field, hostname, oddities);
        }
        header.body = scan.at();
        if count > limits::HEADER_FIELDS_MAX {
            oddities.note_value("limit.header-fields", count);
        }
        if header.body > limits::HEADER_BYTES_MAX {
            oddities.note_value("limit.header-bytes", header.body);
        }
        if memchr::memchr(0, &message[..header.body]).is_some() {
            oddities.note("header.nul");
        }
        header.note_duplicates(oddities);
        header.read_facts(oddities);
        header
    }

    /// The fields of that name, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The first field of that name: what follows its colon.
    pub(crate) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next().map(|field| field.value)
    }

    /// Whether there is a field of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    fn take(&mut self, field: Field<'a>, hostname: &str, oddities: &mut Oddities) {
        let bytes = field.end - field.start;
        if bytes > limits::HEADER_FIELD_BYTES_MAX {
            oddities.note_value("limit.header-field", bytes);
        }
        if self.fields.is_empty() && self.cuts.is_empty() && is_folded_start(&field) {
            // A header that begins with a continuation line would continue the last field that we put in front of it.
            oddities.note("header.folded-start");
            self.cut(&field);
            return;
        }
        if speaks_for_us(&field, hostname) {
            self.cut(&field);
        }
        if field.is("received") {
            self.facts.received_count = self.facts.received_count.saturating_add(1);
        }
        if self.fields.len() < limits::HEADER_FIELDS_MAX {
            self.fields.push(field);
        }
    }

    fn cut(&mut self, field: &Field<'_>) {
        let (start, end) = (field.start as u64, field.end as u64);
        match self.cuts.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => self.cuts.push((start, end)),
        }
    }

    fn note_duplicates(&self, oddities: &mut Oddities) {
        let mut seen = [0u32; ONCE_ONLY.len()];
        for field in &self.fields {
            if let Some(place) = ONCE_ONLY.iter().position(|name| field.is(name)) {
                seen[place] += 1;
                if seen[place] == 2 {
                    oddities.note(&format!("header.duplicate={}", ONCE_ONLY[place]));
                }
            }
        }
    }

    fn read_facts(&mut self, oddities: &mut Oddities) {
        let cut = |text: &str| one_line(text.trim(), limits::HEADER_FACT_CHARS_MAX);
        let from = self.mailboxes("from", oddities);
        self.facts.from_name = from.first().map(|one| cut(&one.name)).unwrap_or_default();
        self.facts.from = addresses(&from);
        self.facts.reply_to = addresses(&self.mailboxes("reply-to", oddities));
        if !self.has("from") {
            oddities.note("header.missing=from");
        } else if self.facts.from.is_empty() {
            let nobody = from
                .iter()
                .all(|one| is_nobody(&one.name) && is_nobody(&one.address));
            oddities.note(if nobody {
                "header.empty=from"
            } else {
                "header.malformed=from"
            });
        }
        let subject = self
            .first("subject")
            .map(|value| parser::unstructured(value, oddities));
        self.facts.subject = cut(&subject.unwrap_or_default());
        let id = self
            .first("message-id")
            .map(|value| parser::message_id(value, oddities));
        self.facts.message_id = cut(&id.unwrap_or_default());
        self.facts.date = self.first("date").and_then(|value| parser::date(value, oddities));
    }

    /// The mailboxes of every field of that name.
    pub(crate) fn mailboxes(&self, name: &str, oddities: &mut Oddities) -> Vec<Mailbox> {
        let mut all = Vec::new();
        for field in self.all(name) {
            if field.value.len() > limits::HEADER_FIELD_PARSED_BYTES_MAX {
                oddities.note_value("limit.field-parsed", field.value.len());
            }
            all.extend(parser::mailboxes(field.value, oddities));
            if all.len() >= limits::HEADER_ADDRESSES_MAX {
                all.truncate(limits::HEADER_ADDRESSES_MAX);
                break;
            }
        }
        all
    }
}

/// Names that mail systems give themselves in their bounces, in lower case.
const MAIL_SYSTEMS: [&str; 4] = [
    "mailer-daemon",
    "postmaster",
    "mail delivery subsystem",
    "mail delivery system",
];

/// Whether a name, or what stands for an address, names nobody who could be mistaken for a sender.
fn is_nobody(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || MAIL_SYSTEMS.iter().any(|name| text.eq_ignore_ascii_case(name))
}

fn addresses(mailboxes: &[Mailbox]) -> Vec<String> {
    let shown = |one: &Mailbox| one_line(one.address.trim(), limits::HEADER_FACT_CHARS_MAX).to_lowercase();
    mailboxes
        .iter()
        .filter(|one| one.address.contains('@'))
        .map(shown)
        .collect()
}

/// The first line of the message begins with a blank: it continues nothing.
fn is_folded_start(field: &Field<'_>) -> bool {
    let no_colon = field.value.len() == field.end - field.start;
    field.start == 0 && no_colon && matches!(field.value.first(), Some(b' ' | b'\t'))
}

/// Whether the field says what only we may say. RFC 8601 §5: an Authentication-Results with our authserv-id that came
/// from outside is forged.
fn speaks_for_us(field: &Field<'_>, hostname: &str) -> bool {
    const OURS: &[u8] = b"x-postern-";
    if field
        .name
        .get(..OURS.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(OURS))
    {
        return true;
    }
    field.is("authentication-results") && authserv_id(field.value).eq_ignore_ascii_case(hostname.as_bytes())
}

/// The authserv-id: the first word after blanks, folds and comments, or what stands in quotes. RFC 8601 §2.2.
fn authserv_id(value: &[u8]) -> &[u8] {
    let mut rest = value;
    loop {
        rest = rest.trim_ascii_start();
        if rest.first() != Some(&b'(') {
            break;
        }
        rest = after_comment(rest);
    }
    let id = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|c| *c == b'"').next().unwrap_or_default(),
        None => rest
            .split(|c| matches!(c, b';' | b'(') || c.is_ascii_whitespace())
            .next()
            .unwrap_or_default(),
    };
    id.strip_suffix(b".").unwrap_or(id)
}

/// What follows the comment that `text` begins with. RFC 5322 §3.2.2: comments nest.
fn after_comment(text: &[u8]) -> &[u8] {
    let (mut depth, mut escaped) = (0usize, false);
    for (at, octet) in text.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return &text[at + 1..];
                }
            }
            _ => {}
        }
    }
    b""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> (HeaderFacts, Vec<String>, String) {
        let mut oddities = Oddities::default();
        let header = Header::read(message.as_bytes(), "mx.example.net", &mut oddities);
        let mut left = String::new();
        let mut at = 0;
        for (start, end) in &header.cuts {
            left.push_str(&message[at..*start as usize]);
            at = *end as usize;
        }
        left.push_str(&message[at..]);
        (header.facts, oddities.into_words(), left)
    }

    /// A message, what is left of it, and why.
    #[rustfmt::skip]
    const CUT_ROWS: &[(&str, &str, &str)] = &[
        (
            "A: 1\r\nX-Postern-Mid: 7\r\nB: 2\r\n\r\nbody",
            "A: 1\r\nB: 2\r\n\r\nbody",
            "in the middle",
        ),
        (
            "X-POSTERN-a: 7\r\nB: 2\r\n\r\n",
            "B: 2\r\n\r\n",
            "first, any case",
        ),
        (
            "A: 1\r\nx-postern-a: 7\r\n\r\nbody",
            "A: 1\r\n\r\nbody",
            "last of the header",
        ),
        ("A: 1\r\nX-Postern-A: 7", "A: 1\r\n", "no line end, no body"),
        ("A: 1\r\nX-Postern-A: 7\r\n", "A: 1\r\n", "no body"),
        (
            "A: 1\r\nX-Postern-A  \t:\r\n 7\r\n\t8\r\nB: 2\r\n\r\n",
            "A: 1\r\nB: 2\r\n\r\n",
            "folded, blanks before the colon",
        ),
        (
            "X-Postern-A: 1\r\nX-Postern-B: 2\r\nC: 3\r\n\r\n",
            "C: 3\r\n\r\n",
            "two in a row",
        ),
        ("X-PosternA: 1\r\n\r\n", "X-PosternA: 1\r\n\r\n", "another name"),
        (
            "A: 1\r\n\r\nX-Postern-A: 1\r\n",
            "A: 1\r\n\r\nX-Postern-A: 1\r\n",
            "in the body",
        ),
        (
            "Authentication-Results: mx.example.net; spf=pass\r\nA: 1\r\n\r\n",
            "A: 1\r\n\r\n",
            "our id",
        ),
        (
            "authentication-results:\r\n (a (b\\)) c) MX.example.NET. 1; spf=pass\r\n\r\n",
            "\r\n",
            "comments, case, dot, version",
        ),
        (
            "Authentication-Results: \"mx.example.net\"; none\r\n\r\n",
            "\r\n",
            "quoted",
        ),
        (
            "Authentication-Results: mx.example.net\r\n\r\n",
            "\r\n",
            "nothing but the id",
        ),
        (
            "Authentication-Results: mx.example.net(c); x\r\n\r\n",
            "\r\n",
            "comment at once",
        ),
        (
            "Authentication-Results: other.example.net; spf=pass\r\n\r\n",
            "Authentication-Results: other.example.net; spf=pass\r\n\r\n",
            "another id",
        ),
        (
            " X: y\r\n\tz\r\nA: 1\r\n\r\n",
            "A: 1\r\n\r\n",
            "would continue our own last field",
        ),
        (
            "\tfolded: x\r\n more: y\r\nFrom: a@example.com\r\n\r\n",
            "From: a@example.com\r\n\r\n",
            "with a colon and a tab",
        ),
        (" \r\nA: 1\r\n\r\n", "A: 1\r\n\r\n", "blank first line"),
        (": 1\r\nA: 1\r\n\r\n", ": 1\r\nA: 1\r\n\r\n", "no name, but no continuation"),
        ("", "", "empty"),
        ("\r\nbody", "\r\nbody", "no header"),
    ];

    #[test]
    fn what_speaks_in_our_name_is_cut_exactly() {
        for (message, expected, reason) in CUT_ROWS {
            assert_eq!(read(message).2, *expected, "{reason}");
        }
    }

    #[test]
    fn oddities_of_the_header() {
        let rows = [
            ("From: a@example.com\r\n\r\n", vec![], "in order"),
            ("Subject: x\r\n\r\n", vec!["header.missing=from"], "no From"),
            ("From: <>\r\n\r\n", vec!["header.empty=from"], "empty From"),
            ("From:\r\n\r\n", vec!["header.empty=from"], "nothing in From"),
            (
                "From: MAILER-DAEMON <>\r\n\r\n",
                vec!["header.empty=from"],
                "a bounce",
            ),
            (
                "From: \"A Bank\" <>\r\n\r\n",
                vec!["header.malformed=from"],
                "a name without an address",
            ),
            (
                "From: A Bank,(<a@example.com>)\r\n\r\n",
                vec!["header.malformed=from"],
                "an address that only some readers see",
            ),
            (
                "From: a@example.com\r\nFrom : b@example.com\r\n\r\n",
                vec!["header.duplicate=from"],
                "two From",
            ),
            (
                "From: a@example.com\r\nSubject: x\r\nSUBJECT: y\r\nTo: a\r\nTo: b\r\n\r\n",
                vec!["header.duplicate=subject", "header.duplicate=to"],
                "two of others",
            ),
            (
                "From: a@example.com\r\nReceived: x\r\nReceived: y\r\n\r\n",
                vec![],
                "Received may repeat",
            ),
            (
                "From: a@example.com\r\nX: a\0b\r\n\r\n",
                vec!["header.nul"],
                "NUL",
            ),
            (
                "From: a@example.com\r\n\r\n\0",
                vec![],
                "a NUL in the body is not the header's",
            ),
            (
                " x\r\nFrom: a@example.com\r\n\r\n",
                vec!["header.folded-start"],
                "continues nothing",
            ),
            (
                "\tfolded: x\r\nFrom: a@example.com\r\n\r\n",
                vec!["header.folded-start"],
                "nor with a colon",
            ),
        ];
        for (message, expected, reason) in rows {
            assert_eq!(read(message).1, expected, "{reason}");
        }
    }

    #[test]
    fn limits_are_told_with_their_value() {
        let long = format!("From: a@example.com\r\nX: {}\r\n\r\n", "x".repeat(300 * 1024));
        assert_eq!(read(&long).1, ["limit.header-field=307205"]);
        let many = format!(
            "From: a@example.com\r\n{}\r\nX-Postern-A: 1\r\n",
            "X: 1\r\n".repeat(5_000)
        );
        let (_, odd, _) = read(&many);
        assert_eq!(odd, ["limit.header-fields=5001"]);
        let many = format!(
            "From: a@example.com\r\n{}X-Postern-A: 1\r\n",
            "X: 1\r\n".repeat(5_000)
        );
        assert!(!read(&many).2.contains("X-Postern"), "cut beyond the limit too");
        let large = format!(
            "From: a@example.com\r\n{}\r\n",
            format!("X: {}\r\n", "x".repeat(1_000)).repeat(1_100)
        );
        assert_eq!(read(&large).1, ["limit.header-bytes=1105523"]);
    }

    #[test]
    fn facts_are_decoded_and_cut() {
        let (facts, ..) = read(
            "Received: a\r\nreceived: b\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <Jurgen@Example.COM>, b@example.com\r\n\
             Reply-To: C@example.org\r\nSubject: =?utf-8?b?4oKs?=\r\n  folded\r\nMessage-ID: <1@example.com>\r\n\
             Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n\r\n",
        );
        assert_eq!(facts.from, ["jurgen@example.com", "b@example.com"]);
        assert_eq!(facts.from_name, "J\u{fc}rgen");
        assert_eq!(facts.reply_to, ["c@example.org"]);
        assert_eq!(facts.subject, "\u{20ac} folded");
        assert_eq!(facts.message_id, "1@example.com");
        assert_eq!(facts.date.map(|date| date.0), Some(1_000));
        assert_eq!(facts.received_count, 2);
        let (facts, ..) = read(&format!("Subject: {}\r\n\r\n", "x".repeat(5_000)));
        assert_eq!(facts.subject.len(), limits::HEADER_FACT_CHARS_MAX);
    }
}
