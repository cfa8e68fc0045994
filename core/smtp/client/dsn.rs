//! What the sender asked to be told, as parameters of MAIL and RCPT for a hop that offers DSN: passed on as they came.
//! RFC 3461 §4, §5.2.1; RFC 6533 §3 (addresses that are not ASCII).

use postern_vocab::{DsnRequest, DsnReturn, Notify, RecipientDsn};
use std::fmt::Write;

/// ` RET=HDRS ENVID=abc`, or nothing.
pub(super) fn of_mail(request: &DsnRequest) -> String {
    let mut text = match request.returned {
        Some(DsnReturn::Full) => " RET=FULL".to_owned(),
        Some(DsnReturn::Headers) => " RET=HDRS".to_owned(),
        None => String::new(),
    };
    if let Some(id) = &request.envelope_id {
        write!(text, " ENVID={id}").expect("a String grows");
    }
    text
}

/// ` NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@example.com`, or nothing. In a transaction without SMTPUTF8 the original
/// recipient has to be ASCII.
pub(super) fn of_recipient(asked: &RecipientDsn, smtputf8: bool) -> String {
    let mut text = asked.notify.map(notify).unwrap_or_default();
    match &asked.original {
        Some(original) if smtputf8 || original.is_ascii() => write!(text, " ORCPT={original}"),
        Some(original) => write!(text, " ORCPT={}", embedded(original)),
        None => Ok(()),
    }
    .expect("a String grows");
    text
}

fn notify(notify: Notify) -> String {
    let wishes = [
        (notify.success, "SUCCESS"),
        (notify.failure, "FAILURE"),
        (notify.delay, "DELAY"),
    ];
    let wanted: Vec<&str> = wishes
        .into_iter()
        .filter_map(|(wanted, word)| wanted.then_some(word))
        .collect();
    match wanted.is_empty() {
        true => " NOTIFY=NEVER".to_owned(),
        false => format!(" NOTIFY={}", wanted.join(",")),
    }
}

/// Each character that is not ASCII as `\x{E9}`. RFC 6533 §3, `EmbeddedUnicodeChar`.
fn embedded(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() {
            true => ascii.push(c),
            false => write!(ascii, "\\x{{{:X}}}", u32::from(c)).expect("a String grows"),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_said_again() {
        let wish = |success, failure, delay| {
            Some(Notify {
                success,
                failure,
                delay,
            })
        };
        let rows = [
            (None, None, true, ""),
            (wish(false, false, false), None, true, " NOTIFY=NEVER"),
            (wish(true, false, true), None, true, " NOTIFY=SUCCESS,DELAY"),
            (None, Some("rfc822;a+2Bb@x"), false, " ORCPT=rfc822;a+2Bb@x"),
            (None, Some("utf-8;é@x"), true, " ORCPT=utf-8;é@x"),
            (
                wish(false, true, false),
                Some("utf-8;é@x"),
                false,
                " NOTIFY=FAILURE ORCPT=utf-8;\\x{E9}@x",
            ),
        ];
        for (notify, original, smtputf8, expected) in rows {
            let asked = RecipientDsn {
                notify,
                original: original.map(str::to_owned),
            };
            assert_eq!(of_recipient(&asked, smtputf8), expected);
        }
    }
}
