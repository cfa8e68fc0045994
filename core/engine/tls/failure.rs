//! Why a handshake came to nothing, in words for an incident.

use postern_vocab::{limits, text};
use rustls::{Error, PeerIncompatible};
use std::io;

/// Why there is no TLS. The connection cannot go back to plaintext.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// It went away, or its network did.
    #[error("peer closed during the handshake")]
    Closed,
    /// The connection broke.
    #[error("connection lost during the handshake: {0}")]
    Lost(io::Error),
    /// What came is something else.
    #[error("not TLS: the first octets are {0}")]
    NotTls(String),
    /// Both speak TLS and do not agree.
    #[error("{0}")]
    Refused(String),
}

/// The type of the only TLS record that a connection can begin with: a handshake. RFC 8446 §5.1.
const HANDSHAKE: u8 = 22;

impl TlsFailure {
    /// The client can check none of our certificates.
    pub(super) fn no_certificate() -> Self {
        Self::Refused("no shared signature algorithm: peer can check none of our certificates".to_owned())
    }

    /// `unread` is what was not understood.
    pub(super) fn of(error: &Error, unread: &[u8]) -> Self {
        let first = &unread[..unread.len().min(limits::TLS_FIRST_OCTETS_SHOWN)];
        match error {
            Error::InvalidMessage(_) if first.first().is_some_and(|octet| *octet != HANDSHAKE) => {
                Self::NotTls(text::escaped(first))
            }
            Error::PeerIncompatible(why) => Self::Refused(incompatible(why)),
            Error::AlertReceived(alert) => {
                Self::Refused(format!("peer ended the handshake: alert {alert:?}"))
            }
            error => Self::Refused(format!("handshake failed: {error}")),
        }
    }
}

fn incompatible(why: &PeerIncompatible) -> String {
    match why {
        PeerIncompatible::NoCipherSuitesInCommon => "no shared cipher".to_owned(),
        PeerIncompatible::NoKxGroupsInCommon => "no shared key exchange group".to_owned(),
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired => {
            "no shared version: peer speaks neither TLS 1.2 nor 1.3".to_owned()
        }
        why => format!("peer's TLS does not fit ours: {why:?}"),
    }
}
