//! Replies of a next hop out of octets. RFC 5321 §4.2 (codes), §4.2.1 (several lines); RFC 2034 §4, RFC 3463 §2 (enhanced
//! codes).

use bytes::BytesMut;
use memchr::memchr;
use postern_vocab::{Reply, limits};
use std::borrow::Cow;

/// A reply as it came.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct HopReply {
    pub(super) code: u16,
    /// The text of each line, without the code.
    pub(super) lines: Vec<String>,
}

/// What came is no reply, or none that ends in time. We are out of step with the hop, and stay so.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Nonsense;

/// Puts replies together from reads in any split.
#[derive(Default)]
pub(super) struct ReplyReader {
    input: BytesMut,
    /// Lines of the reply under way, and their octets.
    lines: Vec<String>,
    octets: usize,
    code: Option<u16>,
}

impl ReplyReader {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
    }

    /// The next reply, when it is there in full.
    pub(super) fn next(&mut self) -> Result<Option<HopReply>, Nonsense> {
        while let Some(length) = memchr(b'\n', &self.input) {
            // A bare LF is borne here (it bends RFC 5321 §2.3.8): nothing that we send depends on where it ends.
            let line = self.input.split_to(length + 1);
            let line = &line[..length];
            if let Some(reply) = self.line(line.strip_suffix(b"\r").unwrap_or(line))? {
                return Ok(Some(reply));
            }
        }
        if self.octets + self.input.len() > limits::DELIVERY_REPLY_OCTETS_MAX {
            return Err(Nonsense);
        }
        Ok(None)
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<HopReply>, Nonsense> {
        let (code, last, text) = split(line).ok_or(Nonsense)?;
        self.octets += line.len();
        if self.code.is_some_and(|first| first != code) || self.octets > limits::DELIVERY_REPLY_OCTETS_MAX {
            return Err(Nonsense);
        }
        self.code = Some(code);
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if !last {
            return Ok(None);
        }
        (self.code, self.octets) = (None, 0);
        Ok(Some(HopReply {
            code,
            lines: std::mem::take(&mut self.lines),
        }))
    }
}

/// Code, whether it is the last line, and text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let last = match rest.first() {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    (200..600)
        .contains(&code)
        .then(|| (code, last, rest.get(1..).unwrap_or_default()))
}

impl HopReply {
    /// On one line, with the hop's own enhanced code if its class agrees with the code (RFC 3463 §2).
    pub(super) fn joined(&self) -> Reply {
        let first = self.lines.first().map(String::as_str).unwrap_or_default();
        let enhanced = first
            .split(' ')
            .next()
            .filter(|word| is_enhanced(word, self.code))
            .unwrap_or_default();
        let texts = self
            .lines
            .iter()
            .map(|line| line.strip_prefix(enhanced).unwrap_or(line).trim());
        let text = texts
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        Reply {
            enhanced: Cow::Owned(enhanced.to_owned()),
            ..Reply::made(self.code, "", &text)
        }
    }
}

fn is_enhanced(word: &str, code: u16) -> bool {
    let numbers: Vec<_> = word.split('.').collect();
    let number = |text: &&str| (1..=3).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(number) && numbers[0] == (code / 100).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_replies_of_every_shape() {
        let rows = [
            ("250 2.1.0 Ok\r\n", Some("250 2.1.0 Ok"), "one line"),
            ("250-mx\r\n250 SIZE 10\r\n", Some("250 mx SIZE 10"), "two lines"),
            (
                "550-5.1.1 No such user\r\n550 5.1.1 here\r\n",
                Some("550 5.1.1 No such user here"),
                "code on each",
            ),
            (
                "550 4.1.1 Odd\r\n",
                Some("550 4.1.1 Odd"),
                "a class that disagrees is text",
            ),
            ("250\r\n", Some("250 "), "no text"),
            ("250 Ok\n", Some("250 Ok"), "bare LF"),
            ("550 a\x1b[2Jb\r\n", Some("550 a [2Jb"), "nothing for a terminal"),
            ("hello\r\n", None, "no code"),
            ("250-a\r\n251 b\r\n", None, "two codes"),
            ("199 a\r\n", None, "no such class"),
            ("250+a\r\n", None, "neither space nor hyphen"),
        ];
        for (octets, expected, reason) in rows {
            for split in [1, usize::MAX] {
                let mut reader = ReplyReader::default();
                let mut got = Ok(None);
                for chunk in octets.as_bytes().chunks(split) {
                    reader.push(chunk);
                    got = reader.next();
                    if got != Ok(None) {
                        break;
                    }
                }
                let got = got.map(|reply| reply.expect("complete").joined().to_string());
                assert_eq!(got.ok().as_deref(), expected, "{octets:?}: {reason}");
            }
        }
    }

    #[test]
    fn an_endless_reply_is_nonsense() {
        let mut reader = ReplyReader::default();
        reader.push(&vec![b'2'; limits::DELIVERY_REPLY_OCTETS_MAX + 1]);
        assert_eq!(reader.next(), Err(Nonsense));
        let mut reader = ReplyReader::default();
        reader.push("250-x\r\n".repeat(20_000).as_bytes());
        assert_eq!(reader.next(), Err(Nonsense));
    }
}
