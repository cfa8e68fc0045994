//! Parameters of MAIL and RCPT, one row each. RFC 5321 §4.1.1.11 (unknown: 555), §4.1.2 (esmtp-param), RFC 1870 (SIZE),
//! RFC 6152 and RFC 3030 (BODY), RFC 6531 (SMTPUTF8), RFC 4954 §5 (AUTH), RFC 3461 (the rest, in `dsn.rs`).

use super::dsn;
use super::question::{Offer, ServerSettings};
use super::xtext;
use postern_vocab::{Address, BodyKind, Envelope, RecipientDsn, Refusal, refusals};

/// One row: the keyword, whether EHLO offers it, and what its value does.
pub(super) struct Parameter<T> {
    keyword: &'static str,
    offered: fn(&ServerSettings) -> bool,
    apply: Apply<T>,
}

/// `None` is a keyword without `=`.
type Apply<T> = fn(&mut T, Option<&str>) -> Result<(), Refusal>;

/// What MAIL takes.
pub(super) const MAIL: &[Parameter<Envelope>] = &[
    always("SIZE", size),
    always("BODY", body),
    always("SMTPUTF8", smtputf8),
    always("RET", dsn::returned),
    always("ENVID", dsn::envelope_id),
    Parameter {
        keyword: "AUTH",
        offered: |settings| !matches!(settings.auth, Offer::No),
        apply: auth,
    },
];

/// What RCPT takes.
pub(super) const RCPT: &[Parameter<RecipientDsn>] =
    &[always("NOTIFY", dsn::notify), always("ORCPT", dsn::original)];

const fn always<T>(keyword: &'static str, apply: Apply<T>) -> Parameter<T> {
    Parameter {
        keyword,
        offered: |_| true,
        apply,
    }
}

/// Applies every parameter in `text`, or says what is wrong with the first bad one.
pub(super) fn apply<T>(
    rows: &[Parameter<T>],
    text: &str,
    settings: &ServerSettings,
    target: &mut T,
) -> Result<(), Refusal> {
    let mut given = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        if !is_keyword(keyword) || value.is_some_and(|value| value.is_empty() || value.contains('=')) {
            return Err(refusals::PARAMETER_SYNTAX);
        }
        let row = rows
            .iter()
            .find(|row| row.keyword.eq_ignore_ascii_case(keyword) && (row.offered)(settings));
        let Some(row) = row else {
            return Err(refusals::PARAMETER_UNKNOWN);
        };
        if given.contains(&row.keyword) {
            return Err(refusals::PARAMETER_TWICE);
        }
        given.push(row.keyword);
        (row.apply)(target, value)?;
    }
    Ok(())
}

fn is_keyword(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// RFC 1870 §3: one to twenty digits. A number that needs more than 64 bits is over every limit.
fn size(envelope: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    let is_number =
        |digits: &&str| (1..=20).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    let digits = value.filter(is_number).ok_or(refusals::SIZE_SYNTAX)?;
    envelope.declared_bytes = Some(digits.parse().unwrap_or(u64::MAX));
    Ok(())
}

/// RFC 6152 §2, RFC 3030 §3.
fn body(envelope: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    let is = |word: &str| value.is_some_and(|value| value.eq_ignore_ascii_case(word));
    envelope.body = match value {
        _ if is("7BIT") => BodyKind::SevenBit,
        _ if is("8BITMIME") => BodyKind::EightBitMime,
        _ if is("BINARYMIME") => BodyKind::BinaryMime,
        _ => return Err(refusals::BODY_UNKNOWN),
    };
    Ok(())
}

/// RFC 6531 §3.1.
fn smtputf8(envelope: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    if value.is_some() {
        return Err(refusals::NO_VALUE_ALLOWED);
    }
    envelope.smtputf8 = true;
    Ok(())
}

/// RFC 4954 §5: who first sent the message, as a client says that we have no reason to believe. It is read and goes no
/// further, which the section allows.
fn auth(_: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    let decoded = value.and_then(xtext::decode_text);
    match decoded.as_deref() {
        Some("<>") => Ok(()),
        Some(mailbox) if mailbox.parse::<Address>().is_ok() => Ok(()),
        _ => Err(refusals::AUTH_PARAMETER_SYNTAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(auth: Offer) -> ServerSettings {
        let postmaster = "postmaster@example.test".parse().expect("an address");
        ServerSettings {
            auth,
            ..ServerSettings::new("mx.example.test", postmaster)
        }
    }

    #[test]
    fn each_parameter_of_mail_has_its_answer() {
        let rows = [
            ("", None, "none"),
            ("SIZE=10 body=8bitmime", None, "keywords and values in any case"),
            ("BODY=BINARYMIME", None, "for BDAT"),
            (
                "SIZE=18446744073709551616",
                None,
                "twenty digits, over 64 bits: over the limit later",
            ),
            ("SIZE=", Some(refusals::PARAMETER_SYNTAX), "an empty value"),
            ("SIZE", Some(refusals::SIZE_SYNTAX), "no value"),
            ("SIZE=1e3", Some(refusals::SIZE_SYNTAX), "not a number"),
            (
                "SIZE=000000000000000000001",
                Some(refusals::SIZE_SYNTAX),
                "21 digits",
            ),
            ("SIZE=1 SIZE=1", Some(refusals::PARAMETER_TWICE), "doubled"),
            ("BODY", Some(refusals::BODY_UNKNOWN), "no kind"),
            ("SMTPUTF8", None, "a keyword alone"),
            ("SMTPUTF8=yes", Some(refusals::NO_VALUE_ALLOWED), "with a value"),
            ("NOTIFY=NEVER", Some(refusals::PARAMETER_UNKNOWN), "it is RCPT's"),
            ("=1", Some(refusals::PARAMETER_SYNTAX), "no keyword"),
            ("SIZE=1=2", Some(refusals::PARAMETER_SYNTAX), "two values"),
            (
                "AUTH=<>",
                Some(refusals::PARAMETER_UNKNOWN),
                "AUTH is not offered",
            ),
        ];
        for (text, expected, reason) in rows {
            let applied = apply(MAIL, text, &settings(Offer::No), &mut Envelope::default());
            assert_eq!(applied.err(), expected, "{text}: {reason}");
        }
    }

    #[test]
    fn who_sent_it_first_is_read_where_auth_is_offered() {
        let rows = [
            ("AUTH=<>", None, "nobody"),
            ("AUTH=e+3Dmc2@example.com", None, "xtext"),
            ("AUTH=nobody", Some(refusals::AUTH_PARAMETER_SYNTAX), "no mailbox"),
            (
                "AUTH=a+3@example.com",
                Some(refusals::AUTH_PARAMETER_SYNTAX),
                "no xtext",
            ),
        ];
        for (text, expected, reason) in rows {
            let applied = apply(MAIL, text, &settings(Offer::Yes), &mut Envelope::default());
            assert_eq!(applied.err(), expected, "{text}: {reason}");
        }
    }
}
