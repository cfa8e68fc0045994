//! "Where is my mail, and why?": what tracking is asked and what it tells. One search for what was delivered, held and
//! refused.

use postern_vocab::events::{Disconnected, Incident, Stage};
use postern_vocab::{
    Classification, Dcid, Decision, Facts, Icid, Mid, Peer, Reply, ReverseName, Rid, Timestamp, TlsFacts,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A search. Every field given must fit; texts fit in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrackQuery {
    /// Envelope sender: address, `@domain`, or any part of it.
    pub from: Option<String>,
    /// An envelope recipient, as `from`.
    pub to: Option<String>,
    /// Words that all occur in the subject.
    pub subject: Option<String>,
    /// Message-ID, with or without angle brackets.
    pub message_id: Option<String>,
    /// The peer's address, or a network in CIDR form.
    pub ip: Option<String>,
    /// Part of an attachment's name.
    pub attachment: Option<String>,
    /// A mail flow policy or a sender group, by its whole name.
    pub policy: Option<String>,
    /// A last state.
    pub state: Option<TrackState>,
    /// Only what was refused.
    pub rejected: bool,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// From the page before.
    pub cursor: Option<String>,
    /// Rows wanted; 0 is 50, and at most `limits::PAGE_ROWS_MAX`.
    pub limit: usize,
}

/// The last state of a message or connection: a closed list. For a message with several recipients, the one that most
/// wants attention, in the order given here (first wins).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackState {
    /// Given up; the sender was told if there was one.
    Bounced,
    /// Tried, and tried again later.
    Deferred,
    /// Waiting for its first attempt.
    Queued,
    /// Held.
    Quarantined,
    /// Accepted, then thrown away by a rule.
    Dropped,
    /// Was held and its time was over.
    Expired,
    /// Was held and a person deleted it.
    Deleted,
    /// Was held, a person released it, and it is on its way.
    Released,
    /// The next hop took it.
    Delivered,
    /// Refused: connection, sender, recipient or data.
    Refused,
    /// The peer went away before the end of data.
    Aborted,
    /// The connection ended with no message and no refusal.
    Empty,
}

impl TrackState {
    /// All, in order.
    pub const ALL: [Self; 12] = [
        Self::Bounced,
        Self::Deferred,
        Self::Queued,
        Self::Quarantined,
        Self::Dropped,
        Self::Expired,
        Self::Deleted,
        Self::Released,
        Self::Delivered,
        Self::Refused,
        Self::Aborted,
        Self::Empty,
    ];

    /// The word in commands, pages and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Deferred => "deferred",
            Self::Queued => "queued",
            Self::Quarantined => "quarantined",
            Self::Dropped => "dropped",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Released => "released",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Aborted => "aborted",
            Self::Empty => "empty",
        }
    }
}

impl fmt::Display for TrackState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TrackState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                let words: Vec<_> = Self::ALL.iter().map(|state| state.as_str()).collect();
                format!("\"{text}\" is not a state; it is one of {}", words.join(", "))
            })
    }
}

/// One message, or one connection that brought none.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrackRow {
    /// When it began: MAIL FROM for a message, accept for a connection.
    pub at: Timestamp,
    /// The connection; `None` for what we made ourselves (bounces, digests).
    pub icid: Option<Icid>,
    /// The message; `None` when the connection ended before MAIL FROM.
    pub mid: Option<Mid>,
    /// The peer's address.
    pub ip: Option<String>,
    /// Its reverse name, verified or not.
    pub reverse: Option<String>,
    /// HELO or EHLO.
    pub helo: Option<String>,
    /// Envelope sender; `None` when none was given, empty for the null sender.
    pub sender: Option<String>,
    /// Envelope recipients, refused ones included.
    pub recipients: Vec<String>,
    /// Decoded, on one line.
    pub subject: String,
    /// Without angle brackets.
    pub message_id: String,
    /// Octets of the message.
    pub bytes: u64,
    /// Spam score, where it was judged.
    pub score: Option<u8>,
    /// Last state.
    pub state: TrackState,
    /// The reason in one line: the reply given or got, the rule, the quarantine.
    pub reason: String,
}

/// What `show` is asked about. Written `ICID 12`, `MID 7`, `DCID 3`, with or without the space; a bare number is a MID.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A connection in.
    Icid(Icid),
    /// A message.
    Mid(Mid),
    /// A connection out.
    Dcid(Dcid),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
        let (label, number) = text.split_at(digits);
        let number = number.parse::<u64>().ok();
        match (
            label.trim().trim_end_matches(':').to_ascii_lowercase().as_str(),
            number,
        ) {
            ("" | "mid", Some(number)) => Ok(Self::Mid(Mid(number))),
            ("icid", Some(number)) => Ok(Self::Icid(Icid(number))),
            ("dcid", Some(number)) => Ok(Self::Dcid(Dcid(number))),
            _ => Err(format!(
                "\"{text}\" is not an id; write MID 1042, ICID 77 or DCID 5"
            )),
        }
    }
}

/// Where one recipient of a message stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecipientFate {
    /// Which; `None` for one that was refused in the conversation and so has no id.
    pub rid: Option<Rid>,
    /// As in the envelope.
    pub recipient: String,
    /// Where it stands.
    pub state: RecipientState,
}

/// A recipient's state with what belongs to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    /// Refused in the conversation.
    Refused {
        /// Where.
        stage: Stage,
        /// What the client was told.
        reply: Reply,
        /// The rule behind it.
        rule: String,
    },
    /// Waiting for its first attempt.
    Queued,
    /// Tried, and tried again.
    Deferred {
        /// When.
        next_at: Timestamp,
        /// The last answer.
        reply: Reply,
        /// Attempts so far.
        attempts: u32,
    },
    /// The next hop took it.
    Delivered {
        /// Which.
        hop: String,
        /// What it said.
        reply: Reply,
        /// By which connection.
        dcid: Option<Dcid>,
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Bounced {
        /// The last answer.
        reply: Reply,
        /// The bounce that went to the sender.
        dsn: Option<Mid>,
    },
    /// Thrown away by a rule.
    Dropped {
        /// Which.
        reason: String,
    },
    /// Held.
    Quarantined {
        /// Where.
        quarantine: String,
        /// Why.
        reason: String,
        /// Until.
        until: Timestamp,
    },
    /// Released and on its way.
    Released {
        /// Who released it.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Deleted from the quarantine.
    Deleted {
        /// Who deleted it.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Its time in the quarantine was over.
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl RecipientState {
    /// The state without what belongs to it.
    #[must_use]
    pub fn word(&self) -> TrackState {
        match self {
            Self::Refused { .. } => TrackState::Refused,
            Self::Queued => TrackState::Queued,
            Self::Deferred { .. } => TrackState::Deferred,
            Self::Delivered { .. } => TrackState::Delivered,
            Self::Bounced { .. } => TrackState::Bounced,
            Self::Dropped { .. } => TrackState::Dropped,
            Self::Quarantined { .. } => TrackState::Quarantined,
            Self::Released { .. } => TrackState::Released,
            Self::Deleted { .. } => TrackState::Deleted,
            Self::Expired { .. } => TrackState::Expired,
        }
    }
}

/// One thing that happened, in plain words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What: `connected from 192.0.2.7 (mx.example.com)`, `RID 0 delivered to 10.0.0.5:25: 250 2.0.0 Ok`.
    pub text: String,
}

/// Everything about one connection, message or delivery connection.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Detail {
    /// The row that a search shows; for a connection with several messages, the connection's own.
    pub row: TrackRow,
    /// The two ends of the incoming connection.
    pub peer: Option<Peer>,
    /// Its reverse look-up.
    pub reverse: ReverseName,
    /// How the sender group table classified it.
    #[serde(default)]
    pub classification: Classification,
    /// The trusted proxy that named the client, where one did.
    #[serde(default)]
    pub proxy: Option<IpAddr>,
    /// What TLS came to, where it was used.
    #[serde(default)]
    pub tls: Option<TlsFacts>,
    /// Who logged in.
    #[serde(default)]
    pub user: Option<String>,
    /// What was known when the message was judged.
    pub facts: Option<Facts>,
    /// What followed, with the trail.
    pub decision: Option<Decision>,
    /// Recipient by recipient.
    pub recipients: Vec<RecipientFate>,
    /// From the first packet to the last click, in order.
    pub timeline: Vec<TimelineEntry>,
    /// Misbehaviour of the connection.
    pub incidents: Vec<Incident>,
    /// How the connection ended, with what was said.
    pub disconnected: Option<Disconnected>,
    /// The messages of the connection, or of the delivery connection.
    pub messages: Vec<Mid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_as_people_write_them() {
        for text in ["MID 7", "mid7", "7", "MID: 7"] {
            assert_eq!(text.parse(), Ok(Subject::Mid(Mid(7))), "{text}");
        }
        assert_eq!("ICID 12".parse(), Ok(Subject::Icid(Icid(12))));
        assert_eq!("dcid 3".parse(), Ok(Subject::Dcid(Dcid(3))));
        for text in ["", "MID", "rid 4", "7 apples"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }

    #[test]
    fn states_read_back_by_their_words() {
        for state in TrackState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).expect("a word"), state.as_str());
        }
    }
}
