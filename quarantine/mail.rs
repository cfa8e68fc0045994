//! What the store needs of the mail side. `main.rs` gives it; neither room knows the other.

use bytes::Bytes;
use crossbeam::channel::Sender;
use postern_vocab::events::Origin;
use postern_vocab::{Decision, Envelope, ListEntry, ListKind, ListOwner, ListPattern, Mid};

/// The two calls.
pub struct Mail {
    /// Takes a message into the mail side's care, and answers with its id once its journal record is on stable storage,
    /// or with the reason why it was not taken. Bounded: a full channel is refused to the person who asks.
    pub submit: Sender<(Submission, Sender<Result<Mid, String>>)>,
    /// Called after a list's synced write and before the person's reply: the change is in force when this returns.
    /// Calls come one at a time, in the order of the writes.
    pub lists_changed: Box<dyn Fn(ListChange) + Send + Sync>,
}

/// A message for the mail side: a release or a digest.
#[derive(Clone, PartialEq, Debug)]
pub struct Submission {
    /// Its id; `None` for a new message, which gets one.
    pub mid: Option<Mid>,
    /// Release or digest.
    pub origin: Origin,
    /// The whole original envelope, so that recipient ids keep their meaning.
    pub envelope: Envelope,
    /// `Deliver` for the recipients meant, and nobody else named.
    pub decision: Decision,
    /// As in [`postern_vocab::events::Accepted`].
    pub trace_header: Bytes,
    /// As in [`postern_vocab::events::Accepted`].
    pub cuts: Vec<(u64, u64)>,
    /// The message as received.
    pub content: Bytes,
}

/// One change of the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListChange {
    /// An entry is new.
    Added(ListEntry),
    /// An entry is gone.
    Removed {
        /// Whose.
        owner: ListOwner,
        /// Which list.
        kind: ListKind,
        /// Which senders.
        pattern: ListPattern,
    },
}
