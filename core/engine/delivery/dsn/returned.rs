//! What a notification gives back of the message: its header, or all of it where the sender asked for that. RFC 3461 §4.3,
//! RFC 6522 §3.

use super::{Action, Notification};
use bytes::Bytes;
use postern_smtp::body_kind;
use postern_vocab::{BodyKind, DsnReturn, limits};

/// The whole message, if RET=FULL asked for it and it can go into a seven bit part as it is. Success gives no more than
/// the header back, whatever was asked (RFC 3461 §4.3).
pub(super) fn whole<'a>(about: &Notification<'a>, boundary: &str) -> Option<&'a str> {
    let body = about.original_body;
    let asked = about.action == Action::Failed
        && about.original.envelope.dsn.returned == Some(DsnReturn::Full)
        && !body.is_empty()
        && body.len() <= limits::DSN_RETURNED_WHOLE_BYTES_MAX;
    if !asked || memchr::memmem::find(body, boundary.as_bytes()).is_some() {
        return None;
    }
    // Called binary, so that only plain lines pass.
    let kind = body_kind(BodyKind::BinaryMime, &[Bytes::copy_from_slice(body)]);
    (kind == BodyKind::SevenBit).then(|| std::str::from_utf8(body).ok())?
}

/// The header fields of the original, whole lines only. A line that looks like a boundary cannot end the part: ours has
/// the notification's own id in it. Octets above 127 have no place in a seven bit part.
pub(super) fn header(body: &[u8]) -> String {
    let end = memchr::memmem::find(body, b"\r\n\r\n").map_or(body.len(), |at| at + 2);
    let header = &body[..end.min(limits::DSN_RETURNED_BYTES_MAX)];
    let whole = memchr::memrchr(b'\n', header).map_or(0, |at| at + 1);
    header[..whole]
        .iter()
        .map(|octet| if octet.is_ascii() { char::from(*octet) } else { '?' })
        .collect()
}
