//! Held mail as the door shows it.

use postern_vocab::{Decision, Facts, Mid, Rid, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One message held for one recipient. Written `MID-RID`: `1042-0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct HeldKey {
    /// The message.
    pub mid: Mid,
    /// The recipient.
    pub rid: Rid,
}

impl fmt::Display for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.mid, self.rid)
    }
}

impl FromStr for HeldKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('-')
            .and_then(|(mid, rid)| Some((mid.parse().ok()?, rid.parse().ok()?)));
        let (mid, rid) =
            parts.ok_or_else(|| format!("\"{text}\" is not a held message; write MID-RID, as in 1042-0"))?;
        Ok(Self { mid, rid })
    }
}

/// Where a held message stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldStatus {
    /// Held.
    #[default]
    Held,
    /// On its way to the recipient, or there.
    Released,
    /// Deleted by a person.
    Deleted,
    /// Its time was over.
    Expired,
}

/// One row of a quarantine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HeldRow {
    /// The message.
    pub mid: Mid,
    /// The recipient it is held for.
    pub rid: Rid,
    /// That recipient, as in the envelope.
    pub recipient: String,
    /// Envelope sender; empty for the null sender.
    pub sender: String,
    /// The From: field's display name, decoded, on one line; may be empty.
    pub from_name: String,
    /// The From: field's first address; may be empty.
    pub from: String,
    /// Decoded, on one line.
    pub subject: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// `spam`, `virus`, ...
    pub quarantine: String,
    /// Why, in plain words.
    pub reason: String,
    /// One word for the findings.
    pub verdict: Verdict,
    /// Spam score, 0 to 100.
    pub score: u8,
    /// Octets.
    pub bytes: u64,
    /// Where it stands.
    pub status: HeldStatus,
}

impl HeldRow {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> HeldKey {
        HeldKey {
            mid: self.mid,
            rid: self.rid,
        }
    }
}

/// One held message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HeldMessage {
    /// Its row.
    pub row: HeldRow,
    /// The message as received, cut at `limits::DOOR_CONTENT_BYTES_MAX`; `row.bytes` tells its whole size.
    pub content: Vec<u8>,
    /// What was known when it was judged.
    pub facts: Option<Facts>,
    /// What followed.
    pub decision: Decision,
}

/// Which held messages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HeldFilter {
    /// Words that all begin a word of sender, From: or subject, in any order and case.
    pub words: String,
    /// Held for this mailbox, folded; a user's own is implied.
    pub recipient: Option<String>,
    /// Held in this quarantine.
    pub quarantine: Option<String>,
    /// What was released, deleted or expired is shown too.
    pub all: bool,
}

/// What can be done with a held message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldAction {
    /// Deliver it to the recipient it was held for, by the normal delivery path.
    Release,
    /// Release, and safelist the sender for that recipient.
    ReleaseAndSafelist,
    /// Throw it away.
    Delete,
    /// Delete, and blocklist the sender for that recipient.
    DeleteAndBlocklist,
}

impl HeldAction {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 4] = [
        Self::Release,
        Self::ReleaseAndSafelist,
        Self::Delete,
        Self::DeleteAndBlocklist,
    ];

    /// The word in forms and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::ReleaseAndSafelist => "release-and-safelist",
            Self::Delete => "delete",
            Self::DeleteAndBlocklist => "delete-and-blocklist",
        }
    }
}

impl FromStr for HeldAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not an action"))
    }
}

/// What came of an action on one message. Doing it twice does it once: the second outcome tells of the first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldOutcome {
    /// Which.
    pub key: HeldKey,
    /// Whether this request did it.
    pub done: bool,
    /// In words: `released`, `already released at ... by ...`, `there is no such message`.
    pub text: String,
}
