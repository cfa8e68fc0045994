//! The other end of an incoming connection, as far as the network tells.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What the reverse name look-up of a peer's address came to. A look-up that is late is a fact, not a delay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum ReverseName {
    /// Not asked, by configuration.
    #[default]
    NotAsked,
    /// The name, and it resolves back to the address.
    Verified(String),
    /// A name that does not resolve back to the address: a claim only.
    Unverified(String),
    /// There is no PTR record.
    None,
    /// No answer in time, or a server failure.
    Unknown,
}

impl ReverseName {
    /// The name, verified or not.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Verified(name) | Self::Unverified(name) => Some(name),
            Self::NotAsked | Self::None | Self::Unknown => None,
        }
    }

    /// Whether the name is forward-confirmed.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }
}

/// Whether the domain of a sender's address exists, which is whether it could take a reply. RFC 5321 §5.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum SenderDomain {
    /// Not asked, by configuration.
    #[default]
    NotAsked,
    /// It has a mail exchanger or an address, or is an address literal.
    Exists,
    /// It has neither, or says that it takes no mail (RFC 7505).
    Missing,
    /// No answer in time, or a server failure.
    Unavailable,
}

/// One incoming connection's two ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Peer {
    /// The client's address and port.
    pub remote: SocketAddr,
    /// Our address and port it came to.
    pub local: SocketAddr,
    /// The listener's name in the configuration.
    pub listener: String,
}
