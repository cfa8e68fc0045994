//! The part of a notification that programs read. RFC 3464 §2.2 (per-message fields), §2.3 (per-recipient fields); RFC
//! 3461 §4.2, §4.4 (xtext), §6.3; RFC 6533 §3 (addresses that are not ASCII, in seven bit).

use super::{Action, Notification, ascii};
use postern_vocab::{Address, Reply};
use std::borrow::Cow;
use std::fmt::Write;

/// All fields, in groups that an empty line separates.
pub(super) fn fields(about: &Notification<'_>) -> String {
    let asked = &about.original.envelope.dsn;
    let mut text = String::new();
    if let Some(id) = &asked.envelope_id {
        field(&mut text, "Original-Envelope-Id", &xtext(id));
    }
    field(&mut text, "Reporting-MTA", &format!("dns; {}", about.hostname));
    field(&mut text, "X-Postern-MID", &about.original.mid.to_string());
    let arrived = crate::trace_header::date(about.original.accepted_at);
    field(&mut text, "Arrival-Date", &arrived);
    for (rid, recipient, reply) in about.recipients() {
        text.push_str("\r\n");
        let original = asked
            .recipients
            .get(&rid)
            .and_then(|asked| asked.original.as_deref());
        if let Some(original) = original.and_then(original_recipient) {
            field(&mut text, "Original-Recipient", &original);
        }
        field(&mut text, "Final-Recipient", &final_recipient(recipient));
        let (action, status) = match about.action {
            Action::Failed => ("failed", failed_status(reply)),
            // RFC 5248, 2.1.9: relayed to a system that does not speak the protocol of notifications.
            Action::Relayed => ("relayed", "2.1.9".to_owned()),
        };
        field(&mut text, "Action", action);
        field(&mut text, "Status", &status);
        field(&mut text, "Diagnostic-Code", &format!("smtp; {}", ascii(reply)));
    }
    text
}

fn field(text: &mut String, name: &str, value: &str) {
    write!(text, "{name}: {value}\r\n").expect("a String grows");
}

/// A delivery that is given up has failed for good, whatever the last answer was. RFC 3464 §2.3.4.
fn failed_status(reply: &Reply) -> String {
    match reply.enhanced.as_ref() {
        "" => "5.0.0".to_owned(),
        enhanced => enhanced.replacen('4', "5", usize::from(enhanced.starts_with('4'))),
    }
}

/// RFC 6533 §3: `utf-8` with the address in its seven bit form, where it is not ASCII.
fn final_recipient(recipient: &Address) -> String {
    let address = recipient.to_string();
    if address.is_ascii() {
        return format!("rfc822; {address}");
    }
    let is_plain = |c: char| matches!(c, '!'..='~') && !matches!(c, '+' | '=' | '\\');
    format!("utf-8; {}", embedded(&address, is_plain))
}

/// ORCPT as the field has it: xtext taken off, and what came as UTF-8 in its seven bit form.
fn original_recipient(parameter: &str) -> Option<String> {
    let (kind, address) = parameter.split_once(';')?;
    let address = match kind.eq_ignore_ascii_case("utf-8") {
        true => Cow::Owned(embedded(address, |c| c.is_ascii())),
        false => xtext(address),
    };
    (kind.is_ascii() && address.is_ascii()).then(|| format!("{kind}; {address}"))
}

/// Every other character as `\x{E9}`.
fn embedded(text: &str, is_plain: impl Fn(char) -> bool) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match is_plain(c) {
            true => ascii.push(c),
            false => write!(ascii, "\\x{{{:X}}}", u32::from(c)).expect("a String grows"),
        }
    }
    ascii
}

/// xtext decoded (RFC 3461 §4); as it came if that would not be printable ASCII, which is all that a field may hold.
fn xtext(text: &str) -> Cow<'_, str> {
    let mut pieces = text.split('+');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let octet = piece
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match octet {
            Some(octet @ b' '..=b'~') => decoded.push(char::from(octet)),
            _ => return Cow::Borrowed(text),
        }
        decoded.push_str(&piece[2..]);
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn original_recipients_are_told_as_the_sender_wrote_them() {
        let rows = [
            ("rfc822;ann@example.com", Some("rfc822; ann@example.com")),
            ("rfc822;a+2Bb+3D@example.com", Some("rfc822; a+b=@example.com")),
            (
                "rfc822;a+0D+0Ab@example.com",
                Some("rfc822; a+0D+0Ab@example.com"),
            ),
            ("rfc822;a+zz@example.com", Some("rfc822; a+zz@example.com")),
            ("x400;/c=us/", Some("x400; /c=us/")),
            ("UTF-8;\u{e9}@example.com", Some("UTF-8; \\x{E9}@example.com")),
            ("utf-8;\\x{E9}@example.com", Some("utf-8; \\x{E9}@example.com")),
            ("rfc822;\u{e9}@example.com", None),
            ("nonsense", None),
        ];
        for (parameter, expected) in rows {
            assert_eq!(original_recipient(parameter).as_deref(), expected, "{parameter}");
        }
    }
}
