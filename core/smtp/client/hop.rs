//! What a next hop offers. RFC 5321 §4.1.1.1 (the EHLO reply); RFC 2920, RFC 1870, RFC 6152, RFC 3030, RFC 6531, RFC 3461,
//! RFC 9422.

use super::reply::HopReply;

/// The extensions that matter to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Hop {
    /// RFC 2920.
    pub(super) pipelining: bool,
    /// RFC 6152.
    pub(super) eight_bit_mime: bool,
    /// BDAT. RFC 3030 §2.
    pub(super) chunking: bool,
    /// RFC 3030 §3; of use only beside CHUNKING.
    pub(super) binary_mime: bool,
    /// RFC 6531.
    pub(super) smtputf8: bool,
    /// RFC 3461.
    pub(super) dsn: bool,
    /// RFC 1870.
    pub(super) size: Size,
    /// RCPTMAX: recipients of one transaction. RFC 9422 §4.2.
    pub(super) recipients_max: Option<usize>,
    /// MAILMAX: transactions of one connection. RFC 9422 §4.1.
    pub(super) messages_max: Option<u32>,
}

/// RFC 1870 §4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Size {
    /// MAIL takes no SIZE.
    #[default]
    NotOffered,
    /// It does, and no limit was named.
    NoLimit,
    /// It does, up to this.
    Limit(u64),
}

impl Hop {
    /// Reads the lines behind the first.
    pub(super) fn from_ehlo(reply: &HopReply) -> Self {
        let mut hop = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => hop.pipelining = true,
                "8BITMIME" => hop.eight_bit_mime = true,
                "CHUNKING" => hop.chunking = true,
                "BINARYMIME" => hop.binary_mime = true,
                "SMTPUTF8" => hop.smtputf8 = true,
                "DSN" => hop.dsn = true,
                "SIZE" => {
                    let limit = words.next().and_then(|digits| digits.parse().ok());
                    hop.size = match limit {
                        None | Some(0) => Size::NoLimit,
                        Some(limit) => Size::Limit(limit),
                    };
                }
                "LIMITS" => words.for_each(|word| hop.read_limit(word)),
                _ => {}
            }
        }
        hop
    }

    /// `RCPTMAX=100`. One that cannot be read, or is no limit (zero), is left aside. RFC 9422 §3.1.
    fn read_limit(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else {
            return;
        };
        let number = value.parse::<u32>().ok().filter(|number| *number > 0);
        match name.to_ascii_uppercase().as_str() {
            "RCPTMAX" => self.recipients_max = number.and_then(|number| usize::try_from(number).ok()),
            "MAILMAX" => self.messages_max = number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_make_no_sense_are_none() {
        let rows = [
            ("LIMITS RCPTMAX=20 MAILMAX=5", (Some(20), Some(5)), "both"),
            ("limits mailmax=5 rcptdomainmax=1", (None, Some(5)), "any case"),
            ("LIMITS RCPTMAX=0 MAILMAX=x", (None, None), "neither counts"),
            ("LIMITS", (None, None), "no value"),
        ];
        for (line, expected, reason) in rows {
            let hop = Hop::from_ehlo(&HopReply {
                code: 250,
                lines: vec!["hop.example".to_owned(), line.to_owned()],
            });
            assert_eq!(
                (hop.recipients_max, hop.messages_max),
                expected,
                "{line}: {reason}"
            );
        }
    }
}
