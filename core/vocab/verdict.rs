//! What the judgement calls a message. A verdict is not a disposition: policy turns one into the other.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One word for what the scanners found, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that counts.
    #[default]
    Clean,
    /// Score at or above the suspect threshold.
    Suspect,
    /// Score at or above the positive threshold.
    Spam,
    /// It could not be looked into fully: not clean, and not proven bad.
    Unscannable,
    /// A virus or a virus test string.
    Virus,
}

impl Verdict {
    /// The word in logs, headers, pages and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Suspect => "suspect",
            Self::Spam => "spam",
            Self::Unscannable => "unscannable",
            Self::Virus => "virus",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
