//! The SMTP envelope: what MAIL FROM and RCPT TO said. RFC 5321 §2.3.1.

use crate::address::{Address, ReversePath};
use crate::ids::Rid;
use serde::{Deserialize, Serialize};

/// The BODY parameter of MAIL FROM. RFC 6152 §3.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum BodyKind {
    /// `BODY=7BIT`, or no BODY parameter.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`.
    EightBitMime,
}

/// Sender, recipients and the parameters that went with them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// MAIL FROM.
    pub sender: ReversePath,
    /// RCPT TO, accepted ones only. A recipient's [`Rid`] is its position here.
    pub recipients: Vec<Address>,
    /// BODY= of MAIL FROM.
    pub body: BodyKind,
    /// SIZE= of MAIL FROM in octets, if the client said one. RFC 1870 §3.
    pub declared_bytes: Option<u64>,
}

impl Envelope {
    /// Every recipient with its id.
    pub fn numbered(&self) -> impl Iterator<Item = (Rid, &Address)> {
        (0u16..).map(Rid).zip(&self.recipients)
    }

    /// The recipient an id stands for.
    #[must_use]
    pub fn recipient(&self, rid: Rid) -> Option<&Address> {
        self.recipients.get(usize::from(rid.0))
    }
}
