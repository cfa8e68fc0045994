//! What a reader wants of a message: who, when, what it says, what comes with it.

use super::{html, source};
use crate::when::Moment;
use jiff::tz::TimeZone;
use mail_parser::{Addr, Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use postern_vocab::text::one_line;
use postern_vocab::{Timestamp, limits};

/// Addresses of one header field that are shown.
const ADDRESSES_SHOWN_MAX: usize = 20;
/// Text parts that are shown.
const TEXT_PARTS_MAX: usize = 50;

/// A message, read.
#[derive(Debug, Default)]
pub struct Reading {
    /// From: as written, names and addresses.
    pub from: String,
    /// Reply-To:, if it names another address than From:.
    pub reply_to: Option<String>,
    /// To:, and Cc: after it.
    pub to: String,
    /// Date: in its own zone's time, UTC.
    pub date: Option<Moment>,
    /// What it says.
    pub text: String,
    /// What its formatted version says, if that is a part of its own.
    pub formatted: Option<String>,
    /// Whether `text` was made from HTML.
    pub is_from_html: bool,
    /// Whether some of the text was left out for its length.
    pub is_cut: bool,
    /// Its files, as the parser sees them.
    pub attachments: Vec<Attachment>,
}

/// A file that comes with a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name: a label, never a path.
    pub name: String,
    /// The type the message declares.
    pub declared_type: String,
    /// Octets after decoding.
    pub bytes: u64,
}

/// Reads a message; `None` for what is not one.
pub fn read(content: &[u8]) -> Option<Reading> {
    let message = MessageParser::default().parse(content)?;
    let mut reading = Reading {
        from: addresses(message.from()),
        reply_to: reply_to(&message),
        to: recipients(&message),
        date: date(&message),
        attachments: attachments(&message),
        ..Reading::default()
    };
    let shown: Vec<&MessagePart<'_>> = message.text_bodies().take(TEXT_PARTS_MAX).collect();
    reading.is_from_html = !shown.is_empty() && shown.iter().all(|part| is_html(part));
    (reading.text, reading.is_cut) = joined(&shown);
    if !reading.is_from_html {
        let formatted: Vec<_> = message
            .html_bodies()
            .filter(|part| is_html(part))
            .take(TEXT_PARTS_MAX)
            .collect();
        let (text, is_cut) = joined(&formatted);
        reading.is_cut |= is_cut;
        reading.formatted = (!text.trim().is_empty()).then_some(text);
    }
    Some(reading)
}

fn is_html(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Html(_))
}

/// The parts' texts one after the other, cut.
fn joined(parts: &[&MessagePart<'_>]) -> (String, bool) {
    let (mut whole, mut is_cut) = (String::new(), false);
    for part in parts {
        let (text, part_cut) = match &part.body {
            PartType::Html(markup) => html::to_text(markup),
            PartType::Text(text) => {
                let (text, was_cut) = source::cut(text);
                (text.to_owned(), was_cut)
            }
            _ => continue,
        };
        is_cut |= part_cut;
        if !whole.is_empty() {
            whole.push_str("\n\n");
        }
        whole.push_str(&text);
        if whole.len() > limits::PREVIEW_TEXT_BYTES_MAX {
            break;
        }
    }
    let (text, whole_cut) = source::cut(&whole);
    (source::visible(text).trim_end().to_owned(), is_cut || whole_cut)
}

fn addresses(field: Option<&Address<'_>>) -> String {
    let Some(field) = field else {
        return String::new();
    };
    let all: Vec<String> = field.iter().take(ADDRESSES_SHOWN_MAX + 1).map(written).collect();
    match all.get(..ADDRESSES_SHOWN_MAX) {
        Some(shown) if all.len() > shown.len() => format!("{} and more", shown.join(", ")),
        _ => all.join(", "),
    }
}

fn written(one: &Addr<'_>) -> String {
    let address = one.address().unwrap_or_default();
    let text = match one.name() {
        Some(name) if !name.trim().is_empty() => format!("{name} <{address}>"),
        _ => address.to_owned(),
    };
    one_line(&text, limits::HEADER_FACT_CHARS_MAX)
}

fn recipients(message: &Message<'_>) -> String {
    let fields = [addresses(message.to()), addresses(message.cc())];
    let named: Vec<String> = fields.into_iter().filter(|field| !field.is_empty()).collect();
    named.join(", ")
}

/// Reply-To:, unless every address in it is in From: too.
fn reply_to(message: &Message<'_>) -> Option<String> {
    let field = message.reply_to()?;
    let from: Vec<String> = message
        .from()
        .into_iter()
        .flat_map(Address::iter)
        .filter_map(|one| one.address().map(str::to_lowercase))
        .collect();
    let differs = field
        .iter()
        .filter_map(Addr::address)
        .any(|address| !from.contains(&address.to_lowercase()));
    differs.then(|| addresses(Some(field)))
}

fn date(message: &Message<'_>) -> Option<Moment> {
    let seconds = u64::try_from(message.date()?.to_timestamp()).ok()?;
    let at = Timestamp(seconds.checked_mul(1_000)?);
    Some(Moment::new(at, at, &TimeZone::UTC))
}

fn attachments(message: &Message<'_>) -> Vec<Attachment> {
    let parts = message.attachments().take(limits::ATTACHMENT_FACTS_MAX);
    parts
        .map(|part| {
            let name = part.attachment_name().unwrap_or("(no name)");
            let declared = part.content_type().map(|one| {
                let subtype = one.subtype().unwrap_or("*");
                format!("{}/{subtype}", one.ctype())
            });
            Attachment {
                name: one_line(name, limits::ATTACHMENT_NAME_CHARS_MAX),
                declared_type: one_line(&declared.unwrap_or_default().to_lowercase(), 100),
                bytes: part.len() as u64,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_message_reads_as_it_is() {
        let content = b"From: Ann <ann@example.com>\r\nReply-To: x@evil.example\r\nTo: bob@example.org\r\n\
            Date: Fri, 24 Jul 2026 12:00:00 +0200\r\nSubject: s\r\n\r\nHello\r\nBob\r\n";
        let reading = read(content).expect("a message");
        assert_eq!(reading.from, "Ann <ann@example.com>");
        assert_eq!(reading.reply_to.as_deref(), Some("x@evil.example"));
        assert_eq!(reading.to, "bob@example.org");
        assert_eq!(reading.date.expect("a date").text, "2026-07-24 10:00 UTC");
        assert_eq!(reading.text, "Hello\nBob");
        assert!(!reading.is_from_html && !reading.is_cut);
    }

    #[test]
    fn both_versions_are_shown_and_files_are_named() {
        let content = b"From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
            --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
            --a\r\nContent-Type: text/plain\r\n\r\nharmless\r\n\
            --a\r\nContent-Type: text/html\r\n\r\n<p>pay <a href='http://evil.example/x'>here</a></p>\r\n--a--\r\n\
            --m\r\nContent-Type: application/zip; name=\"../a\xe2\x80\xaegpj.zip\"\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--m--\r\n";
        let reading = read(content).expect("a message");
        assert_eq!(reading.text, "harmless");
        let formatted = reading.formatted.expect("shown too");
        assert!(formatted.contains("here [link to evil.example]"), "{formatted}");
        let file = &reading.attachments[0];
        assert_eq!(file.bytes, 3);
        assert_eq!(file.declared_type, "application/zip");
        assert!(!file.name.contains('\u{202e}'), "{}", file.name);
    }
}
