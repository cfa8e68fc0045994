//! The one file that knows mail-parser. Each call is walled: the octets are cut to a bound first, and a panic inside
//! becomes the oddity `mime.panic`.

use crate::oddities::Oddities;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderName, HeaderValue, Message, MessageParser, PartType};
use postern_vocab::{Timestamp, limits};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A mailbox as a header names it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Mailbox {
    /// The display name, decoded.
    pub(crate) name: String,
    /// The address as written; empty if there is none.
    pub(crate) address: String,
}

/// Content-Type or Content-Disposition, in lower case where case does not matter. RFC 2045 §5.1, RFC 2183, RFC 2231.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ContentField {
    /// `text/html`, `attachment`.
    pub(crate) kind: String,
    /// Parameters in order, names in lower case, values decoded.
    pub(crate) parameters: Vec<(String, String)>,
}

impl ContentField {
    /// The first parameter of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One leaf part as mail-parser sees it: `[header, body, end)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Leaf {
    pub(crate) header: usize,
    pub(crate) body: usize,
    pub(crate) end: usize,
}

fn walled<T: Default>(oddities: &mut Oddities, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        oddities.note("mime.panic");
        T::default()
    })
}

/// The value with the line end that mail-parser's field readers stop at, cut to what they may see.
fn terminated(value: &[u8]) -> Cow<'_, [u8]> {
    let cut = &value[..value.len().min(limits::HEADER_FIELD_PARSED_BYTES_MAX)];
    if cut.ends_with(b"\n") {
        Cow::Borrowed(cut)
    } else {
        Cow::Owned([cut, b"\r\n"].concat())
    }
}

/// An unstructured field's text, encoded words decoded. RFC 2047.
pub(crate) fn unstructured(value: &[u8], oddities: &mut Oddities) -> String {
    let value = terminated(value);
    walled(oddities, || {
        match MessageStream::new(&value).parse_unstructured() {
            HeaderValue::Text(text) => text.into_owned(),
            _ => String::new(),
        }
    })
}

/// The mailboxes of an address field, groups opened. RFC 5322 §3.4.
pub(crate) fn mailboxes(value: &[u8], oddities: &mut Oddities) -> Vec<Mailbox> {
    let value = terminated(value);
    walled(oddities, || {
        let parsed = MessageStream::new(&value).parse_address();
        let HeaderValue::Address(parsed) = parsed else {
            return Vec::new();
        };
        let all: Vec<_> = match parsed {
            Address::List(list) => list,
            Address::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
        };
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned).unwrap_or_default();
        all.into_iter()
            .map(|one| Mailbox {
                name: owned(one.name),
                address: owned(one.address),
            })
            .collect()
    })
}

/// A message identifier without its brackets. RFC 5322 §3.6.4.
pub(crate) fn message_id(value: &[u8], oddities: &mut Oddities) -> String {
    let value = terminated(value);
    walled(oddities, || match MessageStream::new(&value).parse_id() {
        HeaderValue::Text(text) => text.into_owned(),
        HeaderValue::TextList(list) => list.into_iter().next().map(Cow::into_owned).unwrap_or_default(),
        _ => String::new(),
    })
}

/// A date that exists, from 1970 on. RFC 5322 §3.3.
pub(crate) fn date(value: &[u8], oddities: &mut Oddities) -> Option<Timestamp> {
    let value = terminated(value);
    walled(oddities, || match MessageStream::new(&value).parse_date() {
        HeaderValue::DateTime(date) if date.is_valid() => u64::try_from(date.to_timestamp())
            .ok()
            .map(|seconds| Timestamp(seconds.saturating_mul(1000))),
        _ => None,
    })
}

/// A content field; `None` if there is no type in it.
pub(crate) fn content_field(value: &[u8], oddities: &mut Oddities) -> Option<ContentField> {
    let value = terminated(value);
    walled(oddities, || {
        let parsed = MessageStream::new(&value).parse_content_type();
        let HeaderValue::ContentType(parsed) = parsed else {
            return None;
        };
        let main = parsed.ctype().to_ascii_lowercase();
        let kind = match parsed.subtype() {
            Some(subtype) => format!("{main}/{}", subtype.to_ascii_lowercase()),
            None => main,
        };
        let parameters = parsed.attributes().unwrap_or_default().iter();
        let parameters = parameters.map(|one| (one.name.to_ascii_lowercase(), one.value.to_string()));
        Some(ContentField {
            kind,
            parameters: parameters.collect(),
        })
    })
}

/// The octets as text in the named character set. The second value is whether that name is known.
pub(crate) fn text(octets: &[u8], charset: Option<&str>, oddities: &mut Oddities) -> (String, bool) {
    let Some(charset) = charset.map(str::trim).filter(|name| !name.is_empty()) else {
        return (String::from_utf8_lossy(octets).into_owned(), true);
    };
    match charset_decoder(charset.as_bytes()) {
        Some(decode) if !is_utf8(charset) => (walled(oddities, || decode(octets)), true),
        decoder => (
            String::from_utf8_lossy(octets).into_owned(),
            decoder.is_some() || is_utf8(charset),
        ),
    }
}

fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}

/// The structure of a whole message: every leaf part, in order. The caller has made sure that the message is within
/// bounds (`second_view`).
///
/// Transfer encodings are kept from mail-parser by having it read that field as an address: it decodes parts on its
/// own stack, one call a level, only where it finds the field as text. What is left is a loop.
pub(crate) fn leaves(message: &[u8], oddities: &mut Oddities) -> Vec<Leaf> {
    let mut found = Vec::new();
    walled(oddities, || {
        let parser = MessageParser::new()
            .header_content_type(HeaderName::ContentType)
            .header_content_type(HeaderName::ContentDisposition)
            .header_address(HeaderName::ContentTransferEncoding)
            .default_header_ignore();
        found = parser.parse(message).map(flattened).unwrap_or_default();
    });
    found
}

/// Takes a message apart without recursion: dropping deeply nested ones whole would use a stack frame a level.
fn flattened(message: Message<'_>) -> Vec<Leaf> {
    let (mut leaves, mut waiting) = (Vec::new(), vec![message]);
    while let Some(message) = waiting.pop() {
        for part in message.parts {
            let (header, body, end) = (part.offset_header, part.offset_body, part.offset_end);
            match part.body {
                PartType::Message(nested) => waiting.push(nested),
                PartType::Multipart(_) => {}
                _ => leaves.push(Leaf {
                    header: header as usize,
                    body: body as usize,
                    end: end as usize,
                }),
            }
        }
    }
    leaves.sort_unstable();
    leaves
}
