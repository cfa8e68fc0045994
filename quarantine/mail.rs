//! What the store needs of the mail side. `main.rs` gives it; neither room knows the other.

use crossbeam::channel::Sender;
use postern_vocab::{ListChange, Mid, Submission};

/// The two calls.
pub struct Mail {
    /// Takes a message into the mail side's care, and answers with its id once its journal record is on stable storage,
    /// or with the reason why it was not taken. Bounded: a full channel is refused to the person who asks.
    pub submit: Sender<(Submission, Sender<Result<Mid, String>>)>,
    /// Called after a list's synced write and before the person's reply: the change is in force when this returns.
    /// Calls come one at a time, in the order of the writes.
    pub lists_changed: Box<dyn Fn(ListChange) + Send + Sync>,
}
