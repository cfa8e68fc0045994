//! What a part holds once its transfer encoding is taken off.

use crate::part::{Encoding, Part, PartHeader};
use crate::transfer;
use std::borrow::Cow;

/// A leaf's content: as declared, and, where the declaration can be read two ways, as it may be read too.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) header: PartHeader,
    /// The octets as declared.
    pub(crate) octets: Cow<'a, [u8]>,
    /// The octets as other readers may see them.
    pub(crate) others: Vec<Vec<u8>>,
    /// Whether octets above 127 came undeclared. RFC 2045 §6.2.
    pub(crate) undeclared_8bit: bool,
    pub(crate) depth: usize,
}

impl<'a> Content<'a> {
    /// The content of `part`, which lies in `data`.
    pub(crate) fn of(part: &Part, data: &'a [u8]) -> Self {
        let raw = data.get(part.body..part.end).unwrap_or_default();
        let (octets, others) = match part.header.encoding {
            Encoding::SevenBit | Encoding::Binary => (Cow::Borrowed(raw), Vec::new()),
            Encoding::Base64 => (Cow::Owned(transfer::base64(raw)), Vec::new()),
            Encoding::QuotedPrintable => (Cow::Owned(transfer::quoted_printable(raw)), Vec::new()),
            Encoding::Unknown => (
                Cow::Borrowed(raw),
                vec![transfer::base64(raw), transfer::quoted_printable(raw)],
            ),
        };
        let undeclared_8bit = part.header.encoding != Encoding::Binary && !raw.is_ascii();
        Self {
            header: part.header.clone(),
            octets,
            others,
            undeclared_8bit,
            depth: part.depth,
        }
    }

    /// The reading that is text: where the encoding is unknown, base64 if the octets look it, else quoted-printable,
    /// which leaves plain text as it is.
    pub(crate) fn readable(&self) -> &[u8] {
        let base64 = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
        match self.others.as_slice() {
            [decoded, _] if self.octets.iter().all(base64) => decoded,
            [_, decoded] => decoded,
            _ => &self.octets,
        }
    }

    /// The same, independent of the octets it was found in.
    pub(crate) fn into_owned(self) -> Content<'static> {
        Content {
            header: self.header,
            octets: Cow::Owned(self.octets.into_owned()),
            others: self.others,
            undeclared_8bit: self.undeclared_8bit,
            depth: self.depth,
        }
    }
}
