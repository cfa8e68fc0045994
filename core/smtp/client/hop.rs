//! What a next hop offers. RFC 5321 §4.1.1.1 (the EHLO reply); RFC 2920, RFC 1870, RFC 6152.

use super::reply::HopReply;

/// The extensions that matter to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Hop {
    /// RFC 2920.
    pub(super) pipelining: bool,
    /// RFC 6152.
    pub(super) eight_bit_mime: bool,
    /// RFC 1870.
    pub(super) size: Size,
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
                "SIZE" => {
                    let limit = words.next().and_then(|digits| digits.parse().ok());
                    hop.size = match limit {
                        None | Some(0) => Size::NoLimit,
                        Some(limit) => Size::Limit(limit),
                    };
                }
                _ => {}
            }
        }
        hop
    }
}
