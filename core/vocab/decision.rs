//! The outcome of the rules: one disposition per recipient on one stored copy, with the trail that led there.

use crate::ids::Rid;
use crate::reply::Reply;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happens to the message for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Queued for the recipient's route.
    Deliver,
    /// Held in the quarantine of this name until released, deleted or expired.
    Quarantine(String),
    /// Accepted and thrown away.
    Drop,
    /// Not accepted at end of data. Only when it is the disposition of every recipient: SMTP has one reply there, so a
    /// mixed outcome accepts the message and holds it for those who would have refused.
    Refuse(Reply),
}

impl Disposition {
    /// The word in logs, pages and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Quarantine(_) => "quarantine",
            Self::Drop => "drop",
            Self::Refuse(_) => "refuse",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarantine(name) => write!(f, "quarantine \"{name}\""),
            Self::Refuse(reply) => write!(f, "refuse with {reply}"),
            Self::Deliver | Self::Drop => f.write_str(self.as_str()),
        }
    }
}

/// One rule that was consulted: what it looked at, what it saw, what came of it. In the order of consultation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrailStep {
    /// The rule, as the configuration or the portal calls it: `safelist of alice@example.com`, `antispam threshold`.
    pub rule: String,
    /// The value it saw, for a person.
    pub saw: String,
    /// What came of it, for a person: `no entry fits`, `quarantine "spam"`.
    pub outcome: String,
    /// The recipients it was consulted for; empty means the message as a whole.
    pub rids: Vec<Rid>,
    /// The recipients whose disposition it decided.
    pub decided: Vec<Rid>,
}

/// One recipient's outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecipientDecision {
    /// Whose.
    pub rid: Rid,
    /// What happens.
    pub disposition: Disposition,
    /// The reason in a few words for the person who waits for the mail: `spam, score 93`.
    pub reason: String,
}

/// The whole decision about one message.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Decision {
    /// One entry a recipient, in order of their ids.
    pub recipients: Vec<RecipientDecision>,
    /// Every rule that was consulted.
    pub trail: Vec<TrailStep>,
    /// Spam score from 0 to 100.
    pub score: u8,
    /// One word for the findings.
    pub verdict: Verdict,
}

impl Decision {
    /// The recipients for whom `wanted` holds.
    pub fn rids(&self, wanted: impl Fn(&Disposition) -> bool) -> Vec<Rid> {
        self.recipients
            .iter()
            .filter(|one| wanted(&one.disposition))
            .map(|one| one.rid)
            .collect()
    }
}
