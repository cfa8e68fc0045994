//! Mail that does not come by SMTP: what a person released, and digests. The store makes it, a shard takes it.

use crate::decision::Decision;
use crate::envelope::Envelope;
use crate::events::Origin;
use crate::ids::Mid;
use bytes::Bytes;

/// One message to be delivered.
#[derive(Clone, PartialEq, Debug)]
pub struct Submission {
    /// The message it is, if it was in our care before; otherwise it gets a new id.
    pub mid: Option<Mid>,
    /// Where it comes from.
    pub origin: Origin,
    /// The whole original envelope, so that recipient ids keep their meaning.
    pub envelope: Envelope,
    /// `Deliver` for those it is meant for now, and nobody else named.
    pub decision: Decision,
    /// In front of it, as in [`crate::events::Accepted`]; empty for a new message, which gets its own.
    pub trace_header: Bytes,
    /// Left out of it, as in [`crate::events::Accepted`].
    pub cuts: Vec<(u64, u64)>,
    /// The message.
    pub content: Bytes,
}
