//! A reply as the wire carries it. RFC 5321 §4.2 (codes), RFC 2034 and RFC 3463 (enhanced status codes).

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// One reply, single line. The text is ours or a next hop's; it never holds a line end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// `class.subject.detail` (RFC 3463 §2), or empty where none belongs (banner, EHLO, 354) or none was given.
    pub enhanced: Cow<'static, str>,
    /// What a person reads: the cause and, where there is one, the remedy.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// A reply whose texts are known when the program is built.
    #[must_use]
    pub const fn fixed(code: u16, enhanced: &'static str, text: &'static str) -> Self {
        Self {
            code,
            enhanced: Cow::Borrowed(enhanced),
            text: Cow::Borrowed(text),
        }
    }

    /// A reply whose text is made at run time. Line ends and other control characters in it become spaces, so that
    /// nothing learnt from a peer can forge a second reply line.
    #[must_use]
    pub fn made(code: u16, enhanced: &'static str, text: &str) -> Self {
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Self {
            code,
            enhanced: Cow::Borrowed(enhanced),
            text: Cow::Owned(text),
        }
    }

    /// 2yz: done.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 4yz: try again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: do not try again.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

/// As on the wire, without the line end: `550 5.7.1 Relaying denied`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enhanced.is_empty() {
            true => write!(f, "{} {}", self.code, self.text),
            false => write!(f, "{} {} {}", self.code, self.enhanced, self.text),
        }
    }
}
