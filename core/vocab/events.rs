//! What happened, as past facts. Every event is a journal record first; tracking, mail logs and reports are made from
//! them and from nothing else, so no two of them can disagree.

use crate::address::{Address, ReversePath};
use crate::connection::{Classification, TlsFacts};
use crate::decision::Decision;
use crate::envelope::Envelope;
use crate::facts::Facts;
use crate::ids::{Dcid, Icid, Mid, Rid};
use crate::peer::{Peer, ReverseName};
use crate::reply::Reply;
use crate::time::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// An event with its time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Everything that can happen to a connection, a message, a recipient or a delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A connection came in and got its banner, or was turned away at it (see `refused`). A second one for the same
    /// connection replaces the first: a trusted proxy has named the client (XCLIENT).
    Connected(Connected),
    /// Sender, recipient, data or the connection itself was refused.
    Refused(Refused),
    /// Something a well-behaved client does not do.
    Incident(Incident),
    /// A message was taken into our care: 250 follows once this record is on stable storage. The record's body is the
    /// message as received.
    Accepted(Accepted),
    /// A connection ended.
    Disconnected(Disconnected),
    /// A connection to a next hop was made.
    DeliveryConnected(DeliveryConnected),
    /// An attempt to deliver ended, for some recipients of one message.
    Attempted(Attempted),
    /// Nothing more will happen to the message outside the quarantine: every recipient is delivered, bounced, dropped
    /// or held.
    Finished {
        /// The message.
        mid: Mid,
    },
    /// A connection to a next hop ended.
    DeliveryDisconnected {
        /// The connection.
        dcid: Dcid,
    },
}

/// See [`Event::Connected`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connected {
    /// The connection.
    pub icid: Icid,
    /// Its two ends.
    pub peer: Peer,
    /// The reverse look-up, as far as it had come when the banner was due.
    pub reverse: ReverseName,
    /// How the sender group table classified it.
    #[serde(default)]
    pub classification: Classification,
    /// The trusted proxy that named the client (PROXY protocol, XCLIENT), where one did.
    #[serde(default)]
    pub proxy: Option<IpAddr>,
}

/// Where in the conversation a refusal happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Instead of the banner.
    Connect,
    /// At HELO or EHLO.
    Hello,
    /// At MAIL FROM.
    Sender,
    /// At RCPT TO.
    Recipient,
    /// At DATA or the end of data.
    Data,
}

impl Stage {
    /// The word in logs, pages and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Hello => "hello",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
        }
    }
}

/// See [`Event::Refused`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The connection.
    pub icid: Icid,
    /// The message, once MAIL FROM was taken.
    pub mid: Option<Mid>,
    /// Where.
    pub stage: Stage,
    /// The sender, once one was given.
    pub sender: Option<ReversePath>,
    /// The recipient it is about; at stage `data`, `None` means all of them.
    pub recipient: Option<Address>,
    /// Recipients taken so far (at stage `data`: of the whole message).
    pub accepted_recipients: Vec<Address>,
    /// What the client was told.
    pub reply: Reply,
    /// The rule behind it: `relaying denied`, `recipient table`, `bare line feed`.
    pub rule: String,
    /// Facts and decision, where the message had been judged.
    pub judged: Option<Box<Judged>>,
}

/// Facts and what was decided on them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// What was known.
    pub facts: Facts,
    /// What followed.
    pub decision: Decision,
}

/// What kind of misbehaviour an incident is. The words are stable: reports and reputation count them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
    /// Bytes came before the banner. RFC 5321 §3.1.
    EarlyTalker,
    /// The first line is another protocol's.
    NotSmtp,
    /// A command line over the limit.
    LineTooLong,
    /// A bare CR or LF in a command. RFC 5321 §2.3.8.
    BareLineEnd,
    /// A NUL or control octet in a command.
    ControlOctet,
    /// An octet above 127 where none is allowed.
    NonAscii,
    /// A verb that does not exist here.
    UnknownCommand,
    /// Arguments that do not parse.
    BadArguments,
    /// A command out of order.
    BadSequence,
    /// A bare CR or LF in the data, or a false end of data: SMTP smuggling.
    Smuggling,
    /// The body is over the message limit.
    TooLarge,
    /// An attempt to relay.
    RelayAttempt,
    /// The connection ended in the middle of the data: nothing is stored.
    Aborted,
    /// The peer was silent for too long.
    TimedOut,
    /// Too many errors; we closed.
    TooManyErrors,
    /// A limit of ours was reached; the detail names it.
    OverLimit,
    /// Commands came in the clear behind STARTTLS; they were thrown away. RFC 3207 §4.2, CVE-2011-0411.
    StarttlsInjection,
    /// A TLS handshake failed; the detail has the reason.
    TlsFailed,
    /// A log-in failed.
    AuthFailed,
    /// Too many invalid recipients: somebody guesses addresses.
    HarvestAttack,
    /// A rate of the mail flow policy was reached.
    RateExceeded,
    /// A PROXY header or XCLIENT from a peer who is not trusted with it.
    UntrustedProxy,
    /// A mistake of ours; the connection was dropped with 421.
    InternalError,
}

/// See [`Event::Incident`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Incident {
    /// The connection.
    pub icid: Icid,
    /// What kind.
    pub kind: IncidentKind,
    /// The offending octets, escaped and cut, or the limit and the value.
    pub detail: String,
}

/// How a message came to be in our care.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Origin {
    /// By SMTP.
    Smtp,
    /// We made it: a bounce for that message.
    Dsn {
        /// The message that could not be delivered.
        of: Mid,
    },
    /// We made it: the notice its sender asked for, that this message was passed on. RFC 3461 §5.2.2.
    Receipt {
        /// The message that was delivered.
        of: Mid,
    },
    /// We made it: a digest.
    Digest,
    /// It was held, and a person released it. It keeps its MID; the record's decision names only the recipients it
    /// was released for.
    Release {
        /// Who: a log-in, `digest link`, or `operator`.
        by: String,
    },
}

/// See [`Event::Accepted`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The message.
    pub mid: Mid,
    /// How it came.
    pub origin: Origin,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// What was known when it was judged; `None` for what we made ourselves.
    pub facts: Option<Box<Facts>>,
    /// What happens, recipient by recipient.
    pub decision: Decision,
    /// The header fields that go in front of the message when it is delivered, each ending in CRLF.
    pub trace_header: Bytes,
    /// Octet ranges of the body that are left out when it is delivered: header fields in our name that came from
    /// outside (RFC 8601 §5). Ascending, not overlapping, `[start, end)`.
    pub cuts: Vec<(u64, u64)>,
    /// Octets of the body.
    pub body_bytes: u64,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// QUIT.
    Quit,
    /// The peer closed or reset it without QUIT.
    Lost,
    /// We closed it after a reply that said so.
    Closed,
    /// We closed it because the peer was silent.
    TimedOut,
    /// We closed it because the daemon stops.
    Shutdown,
}

/// See [`Event::Disconnected`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Disconnected {
    /// The connection.
    pub icid: Icid,
    /// How.
    pub ending: Ending,
    /// What TLS came to, where it was used.
    #[serde(default)]
    pub tls: Option<TlsFacts>,
    /// Who logged in.
    #[serde(default)]
    pub user: Option<String>,
    /// Octets received, bodies included.
    pub received_bytes: u64,
    /// Messages that got 250 at the end of data.
    pub accepted_messages: u32,
    /// What was said, in order.
    pub conversation: Vec<Line>,
    /// Lines that were said after the limit was reached.
    pub lines_left_out: u32,
}

/// Who spoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The client.
    Client,
    /// Us.
    Server,
}

/// One line of a conversation, as it was on the wire without its line end; a body is one line that tells its size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds after the connection was accepted.
    pub after_ms: u32,
    /// Who.
    pub speaker: Speaker,
    /// The octets, cut at `limits::CONVERSATION_LINE_OCTETS_MAX`.
    pub octets: Bytes,
}

/// See [`Event::DeliveryConnected`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryConnected {
    /// The connection.
    pub dcid: Dcid,
    /// The next hop as the route names it.
    pub hop: String,
    /// Where it was reached.
    pub remote: SocketAddr,
    /// From where.
    pub local: SocketAddr,
}

/// What came of an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The next hop took it.
    Delivered,
    /// It stays queued.
    Deferred {
        /// When it is tried again.
        next_at: Timestamp,
    },
    /// Given up.
    Bounced {
        /// The bounce to the sender; `None` when there is no one to tell (null sender).
        dsn: Option<Mid>,
    },
}

/// See [`Event::Attempted`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempted {
    /// The message.
    pub mid: Mid,
    /// The recipients.
    pub rids: Vec<Rid>,
    /// The connection; `None` when none could be made.
    pub dcid: Option<Dcid>,
    /// The next hop as the route names it.
    pub hop: String,
    /// The next hop's own reply, or ours when it gave none (`451 4.4.1 no answer from ...`).
    pub reply: Reply,
    /// What came of it.
    pub outcome: Outcome,
    /// Which attempt this was, counted from 1.
    pub attempt: u32,
}
