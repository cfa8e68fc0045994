//! The values the columns hold. `MessagePack` maps with named fields, so that a field added later reads back as its
//! default from an older record.

use bytes::Bytes;
use postern_quarantine_api::{
    HeldAction, HeldRow, HeldStatus, RecipientFate, Role, TimelineEntry, TrackRow, TrackState,
};
use postern_vocab::events::{Disconnected, Incident};
use postern_vocab::{
    Classification, Dcid, Decision, Envelope, Facts, Icid, Mid, Peer, ReverseName, Timestamp,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Entries of one timeline that are kept; over it those in the middle go, and are counted.
const TIMELINE_ENTRIES_MAX: usize = 1_000;

/// A value as octets.
pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("a record has string keys and a vector takes any length")
}

/// Octets as a value.
pub(crate) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(octets)
}

/// What a search looks at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    /// What it shows.
    pub row: TrackRow,
    /// Names of attachments.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// Whether anything of it was refused.
    #[serde(default)]
    pub refused: bool,
    /// The sender group and the mail flow policy of its connection.
    #[serde(default)]
    pub policies: [String; 2],
}

impl Found {
    /// It came by a connection that was classified so.
    pub(crate) fn classify(&mut self, by: &Classification) {
        self.policies = [by.sender_group.clone(), by.flow_policy.clone()];
    }

    /// A row of which only the time is known.
    pub(crate) fn new(at: Timestamp) -> Self {
        Self {
            row: TrackRow {
                at,
                icid: None,
                mid: None,
                ip: None,
                reverse: None,
                helo: None,
                sender: None,
                recipients: Vec::new(),
                subject: String::new(),
                message_id: String::new(),
                bytes: 0,
                score: None,
                state: TrackState::Empty,
                reason: String::new(),
            },
            attachments: Vec::new(),
            refused: false,
            policies: Default::default(),
        }
    }
}

/// What happened, bounded.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Timeline {
    entries: Vec<TimelineEntry>,
    #[serde(default)]
    left_out: u64,
}

impl Timeline {
    /// Adds what happened.
    pub(crate) fn tell(&mut self, at: Timestamp, text: String) {
        if self.entries.len() >= TIMELINE_ENTRIES_MAX {
            self.entries.remove(TIMELINE_ENTRIES_MAX / 2);
            self.left_out += 1;
        }
        self.entries.push(TimelineEntry { at, text });
    }

    /// All that is kept, and a line for what is not.
    pub(crate) fn told(mut self) -> Vec<TimelineEntry> {
        if self.left_out > 0 {
            let middle = TIMELINE_ENTRIES_MAX / 2;
            let entry = TimelineEntry {
                at: self.entries[middle].at,
                text: format!("({} entries are left out here)", self.left_out),
            };
            self.entries.insert(middle, entry);
        }
        self.entries
    }
}

/// A message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct MessageRecord {
    pub found: Found,
    pub recipients: Vec<RecipientFate>,
    pub timeline: Timeline,
}

/// A connection in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ConnectionRecord {
    pub found: Found,
    /// Whether a search shows it: something was refused before a message existed, or it brought no message.
    pub listed: bool,
    pub peer: Option<Peer>,
    pub reverse: ReverseName,
    #[serde(default)]
    pub classification: Classification,
    #[serde(default)]
    pub proxy: Option<IpAddr>,
    pub timeline: Timeline,
    pub incidents: Vec<Incident>,
    pub disconnected: Option<Disconnected>,
    pub messages: Vec<Mid>,
}

/// A connection out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryRecord {
    pub row: TrackRow,
    pub timeline: Timeline,
    pub messages: Vec<Mid>,
}

/// What was known and decided about a message. Written once, so it is not read again with every event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct JudgedRecord {
    pub facts: Option<Facts>,
    pub decision: Decision,
}

/// One message held for one recipient.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct HeldRecord {
    pub row: HeldRow,
    /// The how many-th held row of the appliance this is: what a digest told of is a number.
    pub number: u64,
    /// What was done with it.
    pub done: Option<Done>,
}

impl HeldRecord {
    /// Whether its content may still be wanted: held, or released and not yet expired.
    pub(crate) fn wants_content(&self, now: Timestamp) -> bool {
        match self.row.status {
            HeldStatus::Held => true,
            HeldStatus::Released => self.row.expires_at > now,
            HeldStatus::Deleted | HeldStatus::Expired => false,
        }
    }
}

/// What a person did with a held message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    pub action: HeldAction,
    pub by: String,
    pub at: Timestamp,
}

/// What a release needs of a held message, once for all its recipients.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ContentRecord {
    pub envelope: Envelope,
    pub trace_header: Bytes,
    pub cuts: Vec<(u64, u64)>,
    pub body: Bytes,
}

/// A release that the mail side has not confirmed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct PendingRecord {
    pub by: String,
}

/// How far a shard is fed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct FedRecord {
    pub sequence: u64,
    pub position: Bytes,
}

/// A log-in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub login: String,
    pub role: Role,
    pub salt: Bytes,
    pub hash: Bytes,
}

/// A portal session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub login: String,
    pub used_at: Timestamp,
}

/// Numbers over everything, kept in memory and written with every batch.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub icid: Icid,
    pub mid: Mid,
    pub dcid: Dcid,
    /// Rows held now.
    pub held: u64,
    /// Messages with a recipient not yet delivered, bounced, dropped or held.
    pub queued: u64,
    pub counts: BTreeMap<String, u64>,
}

impl Totals {
    /// Adds to a count.
    pub(crate) fn count(&mut self, name: &str, by: usize) {
        if by > 0 {
            *self.counts.entry(name.to_owned()).or_default() += by as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_keeps_its_ends_and_says_what_it_left_out() {
        let mut timeline = Timeline::default();
        for n in 0..TIMELINE_ENTRIES_MAX + 5 {
            timeline.tell(Timestamp(n as u64), n.to_string());
        }
        let told = timeline.told();
        assert_eq!(told.len(), TIMELINE_ENTRIES_MAX + 1);
        assert_eq!(told[0].text, "0");
        assert_eq!(
            told.last().expect("not empty").text,
            (TIMELINE_ENTRIES_MAX + 4).to_string()
        );
        assert!(
            told.iter()
                .any(|entry| entry.text == "(5 entries are left out here)")
        );
    }
}
