//! What is known about a connection beside its two ends: how the sender group table classified it, what TLS came to,
//! who logged in. Kept with the facts of each message and with the connection's own record.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// What a mail flow policy does with a connection. The verbs are those of the host access table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Mail for our own recipients is taken.
    #[default]
    Accept,
    /// Mail to anywhere is taken: the recipient access table is not asked.
    Relay,
    /// Nothing is taken; the client is told so, by default at each recipient.
    Reject,
    /// The connection is closed without a word.
    Refuse,
    /// No policy: the next sender group is asked.
    Continue,
}

impl Access {
    /// All of them, in the order in which pages list them.
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Relay,
        Self::Reject,
        Self::Refuse,
        Self::Continue,
    ];

    /// The word in the configuration, logs and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Relay => "relay",
            Self::Reject => "reject",
            Self::Refuse => "refuse",
            Self::Continue => "continue",
        }
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the world to our recipients.
    #[default]
    Inbound,
    /// From a host or user that may relay.
    Outbound,
}

/// A sender's reputation, from -10.0 (worst) to 10.0, in tenths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Reputation(pub i16);

impl Reputation {
    /// The worst there is.
    pub const WORST: Self = Self(-100);
    /// The best there is.
    pub const BEST: Self = Self(100);
}

/// `-3.4`.
impl fmt::Display for Reputation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let tenths = self.0.unsigned_abs();
        write!(f, "{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

/// What one DNS list says of the client's address. RFC 5782.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DnsListing {
    /// The list's zone.
    pub zone: String,
    /// Its answer.
    pub answer: DnsListAnswer,
}

/// See [`DnsListing`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsListAnswer {
    /// The address is on it, with these codes.
    Listed(Vec<Ipv4Addr>),
    /// It is not.
    NotListed,
    /// The list gave no answer that counts; why, for a person. Never a listing.
    Unavailable(String),
}

/// How the sender group table classified a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Classification {
    /// The group that matched; empty when none did and the last line, ALL, holds.
    pub sender_group: String,
    /// What in it matched, as it is written: `192.0.2.0/24`, `sbrs[-10.0:-3.0]`, `ALL`.
    pub matched: String,
    /// The mail flow policy that follows.
    pub flow_policy: String,
    /// What that policy does.
    pub access: Access,
    /// The client's reputation; `None` when nothing is known, or it was not asked.
    pub reputation: Option<Reputation>,
    /// The DNS lists that were asked.
    pub dns_lists: Vec<DnsListing>,
    /// The client's country as two letters, where a database tells.
    pub country: Option<String>,
}

/// What a TLS handshake came to. RFC 3207, RFC 8446.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1.3`.
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`: the name of the IANA registry.
    pub cipher: String,
    /// The name that the client asked for (SNI). RFC 6066 §3.
    pub server_name: Option<String>,
    /// The certificate that the client showed, where it was asked for one and had one.
    pub client_certificate: Option<ClientCertificate>,
}

/// See [`TlsFacts`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// Its subject, cut and on one line.
    pub subject: String,
    /// Whether it leads to an authority that the configuration trusts.
    pub verified: bool,
}
