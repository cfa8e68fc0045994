//! How a refusal's text is written in the configuration. RFC 5321 §4.2 (codes), RFC 3463 (enhanced codes). What clients hear
//! where nothing is written is in `postern_vocab::refusals`.

use postern_vocab::Reply;
use std::borrow::Cow;

/// Octets of a text: with its codes and line end it fits a reply line. RFC 5321 §4.5.3.1.5.
const TEXT_OCTETS_MAX: usize = 480;

/// A refusal as it is written: `550 5.7.1 text`, `550 text`, or the text alone. What is not written is as in `like`.
pub(crate) fn parse(written: &str, like: &Reply) -> Result<Reply, String> {
    let (code, rest) = match code_of(written) {
        Some((code, rest)) if (400..560).contains(&code) && (code / 10) % 10 < 6 => (code, rest),
        Some((code, _)) => return Err(format!("{code} does not refuse: refusals begin with 4 or 5")),
        None => (like.code, written.trim()),
    };
    let (enhanced, text) = match enhanced_of(rest) {
        Some((enhanced, _)) if u16::from(enhanced.as_bytes()[0] - b'0') != code / 100 => {
            return Err(format!(
                "{code} and {enhanced} contradict each other: both begin with the same digit"
            ));
        }
        Some((enhanced, text)) => (enhanced.to_owned(), text),
        None => (in_class(&like.enhanced, code), rest),
    };
    let is_plain = text.bytes().all(|c| (b' '..=b'~').contains(&c));
    if text.is_empty() || !is_plain || text.len() > TEXT_OCTETS_MAX {
        return Err(format!(
            "\"{text}\" is no text of one line: 1 to {TEXT_OCTETS_MAX} printable ASCII characters"
        ));
    }
    Ok(Reply {
        code,
        enhanced: Cow::Owned(enhanced),
        text: Cow::Owned(text.to_owned()),
    })
}

/// Three digits at the beginning, as a word of their own, and what follows.
fn code_of(written: &str) -> Option<(u16, &str)> {
    let (word, rest) = first_word(written);
    let is_code = word.len() == 3 && word.bytes().all(|c| c.is_ascii_digit());
    Some((word.parse().ok().filter(|_| is_code)?, rest))
}

/// `class.subject.detail` at the beginning, and what follows. RFC 3463 §2.
fn enhanced_of(written: &str) -> Option<(&str, &str)> {
    let (word, rest) = first_word(written);
    let numbers: Vec<&str> = word.split('.').collect();
    let is_number = |text: &&str| (1..=3).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    let is_enhanced = numbers.len() == 3 && numbers[0].len() == 1 && numbers.iter().all(is_number);
    is_enhanced.then_some((word, rest))
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(' ')
        .map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// The enhanced code with its class made that of the code.
fn in_class(enhanced: &str, code: u16) -> String {
    enhanced
        .split_once('.')
        .map_or_else(String::new, |(_, rest)| format!("{}.{rest}", code / 100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::refusals;

    #[test]
    fn refusals_are_written_with_or_without_their_codes() {
        let rows = [
            ("554 5.7.9 Go away", "554 5.7.9 Go away", "all of it"),
            (
                "554 Go away",
                "554 5.1.1 Go away",
                "the enhanced code is the usual one",
            ),
            (
                "450 Come again",
                "450 4.1.1 Come again",
                "in the class of the code",
            ),
            ("5.7.9 Go away", "550 5.7.9 Go away", "the code is the usual one"),
            ("Go away", "550 5.1.1 Go away", "a text alone"),
            ("  Go   away ", "550 5.1.1 Go   away", "space around it"),
            ("24 hours", "550 5.1.1 24 hours", "a number that is no code"),
            ("250 Ok", "does not refuse", "no refusal"),
            (
                "599 5.1.1 x",
                "does not refuse",
                "no code of SMTP: its second digit is 0 to 5",
            ),
            ("450 5.1.1 x", "contradict each other", "temporary and permanent"),
            ("4.1.1 x", "contradict each other", "the usual code is permanent"),
            ("550 5.1.1", "is no text", "no text"),
            ("", "is no text", "nothing"),
            ("Ge\u{e9}rgert", "is no text", "replies are ASCII"),
            ("a\r\n250 Ok", "is no text", "two lines"),
        ];
        for (written, expected, reason) in rows {
            match parse(written, &refusals::NO_SUCH_RECIPIENT.reply) {
                Ok(reply) => assert_eq!(reply.to_string(), expected, "{written}: {reason}"),
                Err(why) => assert!(why.contains(expected), "{written}: {reason}: {why}"),
            }
        }
        assert!(
            parse(
                &"x".repeat(TEXT_OCTETS_MAX + 1),
                &refusals::NO_SUCH_RECIPIENT.reply
            )
            .is_err()
        );
    }
}
