//! The SMTP envelope: what MAIL FROM and RCPT TO said. RFC 5321 §2.3.1.

use crate::address::{Address, ReversePath};
use crate::ids::Rid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The BODY parameter of MAIL FROM. RFC 6152 §3.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum BodyKind {
    /// `BODY=7BIT`, or no BODY parameter.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`.
    EightBitMime,
    /// `BODY=BINARYMIME`: not made of lines, so it comes by BDAT only. RFC 3030 §3.
    BinaryMime,
}

/// What the sender wants to hear about the delivery. RFC 3461 §4.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DsnRequest {
    /// RET= of MAIL FROM: how much of the message a notification returns.
    pub returned: Option<DsnReturn>,
    /// ENVID= of MAIL FROM, in xtext as it came.
    pub envelope_id: Option<String>,
    /// What was asked for single recipients; those without a parameter are not here.
    pub recipients: BTreeMap<Rid, RecipientDsn>,
}

/// RET=. RFC 3461 §4.3.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DsnReturn {
    /// `FULL`.
    Full,
    /// `HDRS`.
    Headers,
}

/// NOTIFY= and ORCPT= of one recipient. RFC 3461 §4.1, §4.2.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RecipientDsn {
    /// NOTIFY=; `None` leaves it to us: failures, and delays if we like.
    pub notify: Option<Notify>,
    /// ORCPT=, `type;xtext` as it came.
    pub original: Option<String>,
}

/// NOTIFY=; none of the three is `NEVER`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Notify {
    /// `SUCCESS`.
    pub success: bool,
    /// `FAILURE`.
    pub failure: bool,
    /// `DELAY`.
    pub delay: bool,
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
    /// SMTPUTF8 of MAIL FROM: addresses and header fields may hold UTF-8. RFC 6531 §3.4.
    #[serde(default)]
    pub smtputf8: bool,
    /// What the sender wants to hear about the delivery.
    #[serde(default)]
    pub dsn: DsnRequest,
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
