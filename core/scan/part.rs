//! One MIME part: what its header declares and where its body lies. RFC 2045 §5, §6; RFC 2183.

use crate::fields::Field;
use crate::oddities::Oddities;
use crate::parser;
use postern_vocab::limits;

/// How a part is read on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Shape {
    /// Its body is its content.
    #[default]
    Leaf,
    /// Its body is parts.
    Multipart,
    /// Its body is a message.
    Message,
}

/// The transfer encoding. RFC 2045 §6.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Encoding {
    /// None declared, or 7bit.
    #[default]
    SevenBit,
    /// 8bit or binary.
    Binary,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
    /// A word that no standard knows, or several that differ: every decoding is tried.
    Unknown,
}

/// What a part's header says of its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartHeader {
    /// The declared type in lower case, or what stands for none.
    pub(crate) kind: String,
    /// The declared character set.
    pub(crate) charset: Option<String>,
    /// The file name: of the disposition, else of the type.
    pub(crate) name: Option<String>,
    /// Whether the disposition is `attachment`.
    pub(crate) attached: bool,
    pub(crate) encoding: Encoding,
    pub(crate) shape: Shape,
    pub(crate) boundary: Option<Vec<u8>>,
    types: usize,
    encodings: usize,
}

/// A leaf or a nested message: `body..end` are its octets, still encoded.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) header: PartHeader,
    pub(crate) body: usize,
    pub(crate) end: usize,
    /// Its nesting; a plain message's only part has 1.
    pub(crate) depth: usize,
}

impl PartHeader {
    /// An empty header; in a digest, what declares no type is a message. RFC 2046 §5.1.5.
    pub(crate) fn new(in_digest: bool) -> Self {
        let kind = if in_digest { "message/rfc822" } else { "text/plain" };
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// Reads one field of it.
    pub(crate) fn take(&mut self, field: &Field<'_>, oddities: &mut Oddities) {
        if field.name.len() < 12 || !field.name[..8].eq_ignore_ascii_case(b"content-") {
            return;
        }
        if field.value.len() > limits::HEADER_FIELD_PARSED_BYTES_MAX {
            oddities.note_value("limit.field-parsed", field.value.len());
        }
        if field.value.contains(&0) {
            oddities.note("mime.ambiguous");
        }
        if field.is("content-type") {
            self.take_type(field.value, oddities);
        } else if field.is("content-disposition") {
            self.take_disposition(field.value, oddities);
        } else if field.is("content-transfer-encoding") {
            self.take_encoding(field.value, oddities);
        }
    }

    fn take_type(&mut self, value: &[u8], oddities: &mut Oddities) {
        self.types += 1;
        let Some(content) = parser::content_field(value, oddities) else {
            return;
        };
        match content.kind.as_str() {
            "message/partial" => oddities.note("mime.partial"),
            "message/external-body" => oddities.note("mime.external-body"),
            _ => {}
        }
        if self.types > 1 {
            oddities.note("mime.ambiguous");
            // The reading that opens more parts is the one that hides less.
            let opens = self.kind.starts_with("multipart/") && self.boundary.is_some();
            if !content.kind.starts_with("multipart/") || opens {
                return;
            }
        }
        let boundaries = content
            .parameters
            .iter()
            .filter(|(name, _)| name == "boundary")
            .count();
        if boundaries > 1 && content.kind.starts_with("multipart/") {
            oddities.note("mime.ambiguous");
        }
        self.charset = content.parameter("charset").map(str::to_owned);
        self.boundary = content
            .parameter("boundary")
            .map(|text| text.trim_end().as_bytes().to_vec());
        self.boundary.take_if(|boundary| boundary.is_empty());
        if self.name.is_none() {
            self.name = content.parameter("name").map(|name| decoded_name(name, oddities));
        }
        self.kind = content.kind;
    }

    fn take_disposition(&mut self, value: &[u8], oddities: &mut Oddities) {
        let Some(content) = parser::content_field(value, oddities) else {
            return;
        };
        self.attached |= content.kind == "attachment";
        if let Some(name) = content.parameter("filename") {
            self.name = Some(decoded_name(name, oddities));
        }
    }

    fn take_encoding(&mut self, value: &[u8], oddities: &mut Oddities) {
        self.encodings += 1;
        let word = value
            .split(|c| *c == b';' || *c == b'(')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let encoding = match word.to_ascii_lowercase().as_slice() {
            b"7bit" | b"" => Encoding::SevenBit,
            b"8bit" | b"binary" => Encoding::Binary,
            b"base64" => Encoding::Base64,
            b"quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::Unknown,
        };
        if encoding == Encoding::Unknown {
            oddities.note("mime.unknown-encoding");
        }
        let differs = self.encodings > 1 && encoding != self.encoding;
        if differs {
            oddities.note("mime.ambiguous");
        }
        self.encoding = if differs { Encoding::Unknown } else { encoding };
    }

    /// Draws the conclusions once all fields are read.
    pub(crate) fn settle(&mut self, oddities: &mut Oddities) {
        let plain = matches!(self.encoding, Encoding::SevenBit | Encoding::Binary);
        self.shape = match self.kind.as_str() {
            kind if kind.starts_with("multipart/") => match self.boundary {
                Some(_) => Shape::Multipart,
                None => {
                    oddities.note("mime.no-boundary");
                    Shape::Leaf
                }
            },
            // RFC 2046 §5.2.1 forbids to encode a message; one that is encoded is decoded first, then walked.
            "message/rfc822" | "message/global" | "message/news" if plain => Shape::Message,
            _ => Shape::Leaf,
        };
    }

    /// The boundary that some readers take for one although the type is no multipart's.
    pub(crate) fn hidden_boundary(&self) -> Option<&[u8]> {
        let leaf = self.shape == Shape::Leaf && !self.kind.starts_with("multipart/");
        self.boundary.as_deref().filter(|_| leaf)
    }

    /// Whether it is a multipart that names no boundary, or, among the leaves, one whose boundary never came.
    pub(crate) fn is_multipart(&self) -> bool {
        self.kind.starts_with("multipart/")
    }

    /// Whether this is an encoded message: a leaf to the walk, a message once decoded.
    pub(crate) fn is_encoded_message(&self) -> bool {
        self.shape == Shape::Leaf
            && matches!(
                self.kind.as_str(),
                "message/rfc822" | "message/global" | "message/news"
            )
    }

    /// Whether the type is text, or what mail clients show as text.
    pub(crate) fn is_text(&self) -> bool {
        self.kind.starts_with("text/") || self.kind == "text" || self.kind.starts_with("multipart/")
    }

    /// Whether a mail client would show the part as a file.
    pub(crate) fn is_file(&self) -> bool {
        self.attached || self.name.is_some() || !self.is_text()
    }
}

/// A name that may hold encoded words, which RFC 2047 §5 forbids there and every mail client reads.
fn decoded_name(name: &str, oddities: &mut Oddities) -> String {
    let name = if name.contains("=?") {
        parser::unstructured(name.as_bytes(), oddities)
    } else {
        name.to_owned()
    };
    postern_vocab::text::one_line(name.trim(), limits::ATTACHMENT_NAME_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::FieldScan;

    fn header(text: &str) -> (PartHeader, Vec<String>) {
        let mut oddities = Oddities::default();
        let mut header = PartHeader::new(false);
        FieldScan::new(text.as_bytes(), 0).for_each(|field| header.take(&field, &mut oddities));
        header.settle(&mut oddities);
        (header, oddities.into_words())
    }

    #[test]
    fn what_a_header_declares() {
        let (one, odd) = header(
            "Content-Type: Text/HTML; charset=\"UTF-8\"; name=a.html\r\nContent-Transfer-Encoding: BASE64\r\n\
             Content-Disposition: attachment; filename*0*=utf-8''%e2%82%ac; filename*1=\"b.html\"\r\n",
        );
        assert_eq!(
            (one.kind.as_str(), one.charset.as_deref()),
            ("text/html", Some("UTF-8"))
        );
        assert_eq!(one.name.as_deref(), Some("\u{20ac}b.html"));
        assert_eq!(
            (one.encoding, one.attached, one.shape),
            (Encoding::Base64, true, Shape::Leaf)
        );
        assert!(odd.is_empty());
    }

    #[test]
    fn of_two_types_the_one_that_opens_parts_is_read() {
        let (one, _) =
            header("Content-Type: text/plain; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n");
        assert_eq!(
            (one.shape, one.boundary.as_deref()),
            (Shape::Multipart, Some(&b"b"[..]))
        );
    }

    #[test]
    fn what_can_be_read_two_ways_says_so() {
        let rows = [
            (
                "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=x\r\n",
                "mime.ambiguous",
            ),
            (
                "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
                "mime.ambiguous",
            ),
            (
                "Content-Type: multipart/mixed; boundary=x; boundary=y\r\n",
                "mime.ambiguous",
            ),
            ("Content-Type: text/plain\0; name=x\r\n", "mime.ambiguous"),
            (
                "Content-Type: Message/Partial; number=1; total=2; id=a\r\n",
                "mime.partial",
            ),
            (
                "Content-Type: message/external-body; access-type=URL\r\n",
                "mime.external-body",
            ),
            ("Content-Transfer-Encoding: base65\r\n", "mime.unknown-encoding"),
            ("Content-Type: multipart/mixed\r\n", "mime.no-boundary"),
        ];
        for (text, expected) in rows {
            assert_eq!(header(text).1, [expected], "{text}");
        }
    }
}
