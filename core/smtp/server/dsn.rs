//! What the sender wants to hear about the delivery. RFC 3461 §4.1 (NOTIFY), §4.2 (ORCPT), §4.3 (RET), §4.4 (ENVID).

use super::xtext;
use postern_vocab::{DsnReturn, Envelope, Notify, RecipientDsn, Refusal, limits, refusals};

/// RET=FULL or HDRS.
pub(super) fn returned(envelope: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    let is = |word: &str| value.is_some_and(|value| value.eq_ignore_ascii_case(word));
    envelope.dsn.returned = Some(match value {
        _ if is("FULL") => DsnReturn::Full,
        _ if is("HDRS") => DsnReturn::Headers,
        _ => return Err(refusals::DSN_SYNTAX),
    });
    Ok(())
}

/// ENVID=xtext.
pub(super) fn envelope_id(envelope: &mut Envelope, value: Option<&str>) -> Result<(), Refusal> {
    let valid = |text: &&str| text.len() <= limits::ENVELOPE_ID_OCTETS_MAX && is_printable_xtext(text);
    let value = value.filter(valid).ok_or(refusals::DSN_SYNTAX)?;
    envelope.dsn.envelope_id = Some(value.to_owned());
    Ok(())
}

/// NOTIFY=NEVER, or a list without doubles of SUCCESS, FAILURE and DELAY.
pub(super) fn notify(recipient: &mut RecipientDsn, value: Option<&str>) -> Result<(), Refusal> {
    let value = value.ok_or(refusals::DSN_SYNTAX)?;
    let mut notify = Notify::default();
    if !value.eq_ignore_ascii_case("NEVER") {
        for word in value.split(',') {
            let wanted = match word {
                _ if word.eq_ignore_ascii_case("SUCCESS") => &mut notify.success,
                _ if word.eq_ignore_ascii_case("FAILURE") => &mut notify.failure,
                _ if word.eq_ignore_ascii_case("DELAY") => &mut notify.delay,
                _ => return Err(refusals::DSN_SYNTAX),
            };
            if std::mem::replace(wanted, true) {
                return Err(refusals::DSN_SYNTAX);
            }
        }
    }
    recipient.notify = Some(notify);
    Ok(())
}

/// ORCPT=type;xtext.
pub(super) fn original(recipient: &mut RecipientDsn, value: Option<&str>) -> Result<(), Refusal> {
    let valid = |text: &&str| {
        let typed = text.split_once(';').filter(|(kind, address)| {
            let is_type = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&c);
            !kind.is_empty()
                && kind.bytes().all(is_type)
                && !address.is_empty()
                && is_printable_xtext(address)
        });
        text.len() <= limits::ORIGINAL_RECIPIENT_OCTETS_MAX && typed.is_some()
    };
    let value = value.filter(valid).ok_or(refusals::DSN_SYNTAX)?;
    recipient.original = Some(value.to_owned());
    Ok(())
}

/// Both are shown in notifications, so what is behind the xtext has no control characters either.
fn is_printable_xtext(text: &str) -> bool {
    xtext::decode_text(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_strictly() {
        let mut envelope = Envelope::default();
        for (value, good) in [("full", true), ("HDRS", true), ("BODY", false)] {
            assert_eq!(returned(&mut envelope, Some(value)).is_ok(), good, "RET={value}");
        }
        assert_eq!(envelope.dsn.returned, Some(DsnReturn::Headers));
        let long = ["x".repeat(100), "x".repeat(101)];
        let ids = [
            ("QQ+2B1", true),
            (&long[0], true),
            (&long[1], false),
            ("a+0Ab", false),
            ("a+g", false),
        ];
        for (value, good) in ids {
            assert_eq!(
                envelope_id(&mut envelope, Some(value)).is_ok(),
                good,
                "ENVID={value}"
            );
        }
        let wanted = [
            ("NEVER", Some((false, false, false)), "nothing"),
            ("success,Failure", Some((true, true, false)), "two, in any case"),
            ("DELAY", Some((false, false, true)), "one"),
            ("NEVER,DELAY", None, "NEVER stands alone"),
            ("DELAY,DELAY", None, "twice"),
            ("SUCCESS,", None, "an empty word"),
            ("ALWAYS", None, "no such word"),
        ];
        for (value, expected, reason) in wanted {
            let mut recipient = RecipientDsn::default();
            let got = notify(&mut recipient, Some(value)).ok().and(recipient.notify);
            let got = got.map(|notify| (notify.success, notify.failure, notify.delay));
            assert_eq!(got, expected, "NOTIFY={value}: {reason}");
        }
        let longest = format!("rfc822;{}", "x".repeat(493));
        let originals = [
            ("rfc822;bob+2Bx@example.test", true),
            (&longest, true),
            (&format!("{longest}x"), false),
            ("utf-8;b\u{f6}b@example.test", true),
            ("bob@example.test", false),
            (";bob@example.test", false),
            ("rfc822;", false),
            ("rfc 822;bob", false),
            ("rfc822;bob+1", false),
        ];
        for (value, good) in originals {
            let mut recipient = RecipientDsn::default();
            assert_eq!(
                original(&mut recipient, Some(value)).is_ok(),
                good,
                "ORCPT={value}"
            );
        }
    }
}
