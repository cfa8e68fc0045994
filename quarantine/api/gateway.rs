//! What is asked of the receiving side through the door: how it is, and who waits by greylisting.

use postern_vocab::Timestamp;
use serde::{Deserialize, Serialize};

/// How something is that receiving depends on: a DNS list, the directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceHealth {
    /// What: `dns list zen.example.org`, `directory ldap://10.0.0.9`.
    pub name: String,
    /// Whether it is used.
    pub healthy: bool,
    /// Why not, for a person; empty while it is.
    pub detail: String,
}

/// A client, a sender and a recipient that greylisting has told to come again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Greylisted {
    /// The client's network, in CIDR form.
    pub network: String,
    /// The envelope sender, folded; empty for the null sender.
    pub sender: String,
    /// The recipient, folded.
    pub recipient: String,
    /// When it came first.
    pub since: Timestamp,
    /// From when on it is let in.
    pub until: Timestamp,
}

/// Which of them; what is `None` may be anything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GreylistFilter {
    /// The client's address or network.
    pub network: Option<String>,
    /// The envelope sender: an address, or a domain.
    pub sender: Option<String>,
    /// The recipient: an address, or a domain.
    pub recipient: Option<String>,
}
