//! Safelists and blocklists: who may not be taken for spam, and who always is. Entry forms are those administrators
//! know; how entries compete is the policy room's.

use crate::address::{Address, Domain};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which of the two lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListKind {
    /// Skips the spam judgement, and nothing else.
    Safe,
    /// Treated as spam.
    Block,
}

impl ListKind {
    /// `safelist` or `blocklist`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safelist",
            Self::Block => "blocklist",
        }
    }
}

/// Whose list it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListOwner {
    /// Everyone's: an administrator's entry.
    Everyone,
    /// One mailbox's, in its folded form.
    Mailbox(String),
}

impl ListOwner {
    /// The owner for one recipient.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self::Mailbox(address.folded())
    }
}

impl fmt::Display for ListOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Mailbox(address) => f.write_str(address),
        }
    }
}

/// The senders an entry fits, in canonical form: `user@domain`, `domain` or `.domain` (all below it, not itself).
/// `@domain` and `*@domain` are taken for `domain`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ListPattern {
    /// One address, folded.
    Address(String),
    /// Exactly this domain.
    Domain(Domain),
    /// Every domain below this one.
    Subdomains(Domain),
}

impl FromStr for ListPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refuse = |why: &dyn fmt::Display| {
            format!("\"{text}\" is not a sender: {why}; write user@example.com, example.com or .example.com")
        };
        if let Some(parent) = text.strip_prefix('.') {
            return parent.parse().map(Self::Subdomains).map_err(|why| refuse(&why));
        }
        let whole_domain = text.strip_prefix("*@").or_else(|| text.strip_prefix('@'));
        match whole_domain {
            Some(domain) => domain.parse().map(Self::Domain).map_err(|why| refuse(&why)),
            None if text.contains('@') => text
                .parse::<Address>()
                .map(|one| Self::Address(one.folded()))
                .map_err(|why| refuse(&why)),
            None => text.parse().map(Self::Domain).map_err(|why| refuse(&why)),
        }
    }
}

impl fmt::Display for ListPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::Domain(domain) => domain.fmt(f),
            Self::Subdomains(domain) => write!(f, ".{domain}"),
        }
    }
}

impl TryFrom<String> for ListPattern {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ListPattern> for String {
    fn from(pattern: ListPattern) -> Self {
        pattern.to_string()
    }
}

/// One entry of one list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListEntry {
    /// Whose.
    pub owner: ListOwner,
    /// Which list.
    pub kind: ListKind,
    /// Which senders.
    pub pattern: ListPattern,
    /// When it was added.
    pub added_at: Timestamp,
    /// Who added it: a log-in, `digest`, or `operator` for the command line.
    pub added_by: String,
}

/// One change of the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListChange {
    /// An entry was added, or took the place of the one with the same owner, list and pattern.
    Added(ListEntry),
    /// An entry was removed.
    Removed {
        /// Whose.
        owner: ListOwner,
        /// From which list.
        kind: ListKind,
        /// Which senders.
        pattern: ListPattern,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_in_every_form_that_administrators_write() {
        let rows = [
            ("Bob@Example.com", "bob@example.com"),
            ("@example.com", "example.com"),
            ("*@example.com", "example.com"),
            (" example.com ", "example.com"),
            (".example.com", ".example.com"),
        ];
        for (written, canonical) in rows {
            assert_eq!(
                written.parse::<ListPattern>().expect(written).to_string(),
                canonical
            );
        }
        for wrong in ["", "a b", "bob@", "*", "@"] {
            let error = wrong.parse::<ListPattern>().expect_err(wrong);
            assert!(error.contains("user@example.com"), "the remedy is named: {error}");
        }
    }
}
