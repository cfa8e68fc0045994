//! Parameters of MAIL and RCPT, one row each. RFC 5321 §4.1.1.11 (unknown: 555), §4.1.2 (esmtp-param), RFC 1870 (SIZE),
//! RFC 6152 (BODY).

use crate::replies;
use postern_vocab::{BodyKind, Envelope, Reply};

/// One row: the keyword, and what its value does to the envelope.
pub(super) struct Parameter {
    keyword: &'static str,
    apply: fn(&mut Envelope, &str) -> Result<(), Reply>,
}

/// What MAIL takes.
pub(super) const MAIL: &[Parameter] = &[
    Parameter {
        keyword: "SIZE",
        apply: size,
    },
    Parameter {
        keyword: "BODY",
        apply: body,
    },
];

/// What RCPT takes: nothing, until delivery status notifications are offered (RFC 3461).
pub(super) const RCPT: &[Parameter] = &[];

/// Applies every parameter in `text` to the envelope, or says what is wrong with the first bad one.
pub(super) fn apply(rows: &[Parameter], text: &str, envelope: &mut Envelope) -> Result<(), Reply> {
    let mut given = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = word.split_once('=').unwrap_or((word, ""));
        if !is_keyword(keyword) || value.contains('=') {
            return Err(replies::PARAMETER_SYNTAX);
        }
        let row = rows.iter().find(|row| row.keyword.eq_ignore_ascii_case(keyword));
        let Some(row) = row else {
            return Err(replies::PARAMETER_UNKNOWN);
        };
        if given.contains(&row.keyword) {
            return Err(replies::PARAMETER_TWICE);
        }
        given.push(row.keyword);
        (row.apply)(envelope, value)?;
    }
    Ok(())
}

fn is_keyword(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// RFC 1870 §3: one to twenty digits. A number that needs more than 64 bits is over every limit.
fn size(envelope: &mut Envelope, value: &str) -> Result<(), Reply> {
    let digits = (1..=20).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_digit());
    if !digits {
        return Err(replies::SIZE_SYNTAX);
    }
    envelope.declared_bytes = Some(value.parse().unwrap_or(u64::MAX));
    Ok(())
}

/// RFC 6152 §2. BINARYMIME needs BDAT (RFC 3030), which is not offered.
fn body(envelope: &mut Envelope, value: &str) -> Result<(), Reply> {
    envelope.body = match value {
        _ if value.eq_ignore_ascii_case("7BIT") => BodyKind::SevenBit,
        _ if value.eq_ignore_ascii_case("8BITMIME") => BodyKind::EightBitMime,
        _ => return Err(replies::BODY_UNKNOWN),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_has_its_answer() {
        let rows = [
            ("", Ok(()), "none"),
            ("SIZE=10 body=8bitmime", Ok(()), "keywords and values in any case"),
            (
                "SIZE=18446744073709551616",
                Ok(()),
                "twenty digits, over 64 bits: over the limit later",
            ),
            ("SIZE=", Err(replies::SIZE_SYNTAX), "no digits"),
            ("SIZE=1e3", Err(replies::SIZE_SYNTAX), "not a number"),
            (
                "SIZE=000000000000000000001",
                Err(replies::SIZE_SYNTAX),
                "21 digits",
            ),
            ("SIZE=1 SIZE=1", Err(replies::PARAMETER_TWICE), "doubled"),
            ("BODY=BINARYMIME", Err(replies::BODY_UNKNOWN), "not offered"),
            ("RET=HDRS", Err(replies::PARAMETER_UNKNOWN), "DSN is not offered"),
            ("=1", Err(replies::PARAMETER_SYNTAX), "no keyword"),
            ("SIZE=1=2", Err(replies::PARAMETER_SYNTAX), "two values"),
        ];
        for (text, expected, reason) in rows {
            assert_eq!(
                apply(MAIL, text, &mut Envelope::default()),
                expected,
                "{text}: {reason}"
            );
        }
        assert_eq!(
            apply(RCPT, "NOTIFY=NEVER", &mut Envelope::default()),
            Err(replies::PARAMETER_UNKNOWN)
        );
    }
}
