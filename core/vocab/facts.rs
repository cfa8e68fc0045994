//! Everything learnt about one message, gathered into one value before anything is decided (DESIGN §1.2). Facts are
//! kept with the tracking record: "explain", "what if" and replay read them again.

use crate::connection::{Classification, Direction, TlsFacts};
use crate::envelope::Envelope;
use crate::ids::{Icid, Mid};
use crate::peer::{Peer, ReverseName};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// All facts of one message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The message.
    pub mid: Mid,
    /// The connection it came by.
    pub icid: Icid,
    /// When its end of data was seen.
    pub received_at: Timestamp,
    /// Both ends of that connection.
    pub peer: Peer,
    /// What the reverse look-up came to.
    pub reverse: ReverseName,
    /// The argument of HELO or EHLO, as sent.
    pub helo: String,
    /// Whether `helo` is a valid domain or address literal. RFC 5321 §4.1.1.1.
    pub helo_valid: bool,
    /// How the sender group table classified that connection.
    #[serde(default)]
    pub classification: Classification,
    /// What TLS came to, where it was used.
    #[serde(default)]
    pub tls: Option<TlsFacts>,
    /// Who logged in. RFC 4954.
    #[serde(default)]
    pub user: Option<String>,
    /// Which way the message goes.
    #[serde(default)]
    pub direction: Direction,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// Octets of the message as received: dot-unstuffed, without the end-of-data line.
    pub body_bytes: u64,
    /// What the header says.
    pub header: HeaderFacts,
    /// How it is built.
    pub mime: MimeFacts,
    /// What the engines found, in the order they ran.
    pub findings: Vec<Finding>,
}

/// What the message's own header claims. Texts are decoded (RFC 2047) and cut at `limits::HEADER_FACT_CHARS_MAX`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HeaderFacts {
    /// Addresses in From:, in lower case; several are a fact, and every one counts.
    pub from: Vec<String>,
    /// The display name of the first From: mailbox.
    pub from_name: String,
    /// Addresses in Reply-To:, in lower case.
    pub reply_to: Vec<String>,
    /// Subject:.
    pub subject: String,
    /// Message-ID: without the angle brackets.
    pub message_id: String,
    /// Date:, if it can be read.
    pub date: Option<Timestamp>,
    /// How many Received: fields there are: the loop detector's count. RFC 5321 §6.3.
    pub received_count: u32,
}

/// How the message is built. RFC 2045, RFC 2046.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MimeFacts {
    /// Leaf and container parts, nested messages included.
    pub parts: u32,
    /// Deepest nesting; a plain message is 1.
    pub depth: u32,
    /// Parts that a mail client would show as files.
    pub attachments: Vec<AttachmentFacts>,
    /// What is odd, missing or over a limit, each a stable word such as `header.duplicate=from`, `mime.ambiguous`,
    /// `limit.parts`, with the value after an `=` where there is one. Sorted, each once.
    pub oddities: Vec<String>,
}

/// One attachment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AttachmentFacts {
    /// The name the message gives it: a label, never a path.
    pub name: String,
    /// The type the message declares, in lower case.
    pub declared_type: String,
    /// Octets after decoding.
    pub bytes: u64,
}

/// One thing that an engine found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The engine: `antispam`, `antivirus`, `mime`.
    pub engine: String,
    /// The rule's name, stable over versions: `SUBJECT_ALL_CAPS`.
    pub rule: String,
    /// Points it adds to the spam score; negative ones speak for the message. Zero for what does not score.
    pub points: i32,
    /// The value seen, for a person, cut at `limits::FINDING_DETAIL_CHARS_MAX`.
    pub detail: String,
}
