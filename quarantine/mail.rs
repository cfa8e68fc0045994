//! What the store needs of the mail side. `main.rs` gives it; neither room knows the other.

use crossbeam::channel::Sender;
use postern_quarantine_api::{GreylistFilter, Greylisted, ServiceHealth};
use postern_vocab::{ListChange, Mid, Submission};

/// The calls.
pub struct Mail {
    /// Takes a message into the mail side's care, and answers with its id once its journal record is on stable storage,
    /// or with the reason why it was not taken. Bounded: a full channel is refused to the person who asks.
    pub submit: Sender<(Submission, Sender<Result<Mid, String>>)>,
    /// Called after a list's synced write and before the person's reply: the change is in force when this returns.
    /// Calls come one at a time, in the order of the writes.
    pub lists_changed: Box<dyn Fn(ListChange) + Send + Sync>,
    /// How the receiving side is.
    pub gateway: Box<dyn Fn() -> GatewayHealth + Send + Sync>,
    /// Who waits by greylisting, at most so many.
    pub greylisted: Box<dyn Fn(usize) -> Vec<Greylisted> + Send + Sync>,
    /// Lets those that fit in; the answer is how many, or what is wrong with the filter.
    pub admit: Box<dyn Fn(&GreylistFilter) -> Result<u64, String> + Send + Sync>,
}

/// How the receiving side is: what the index cannot know.
#[derive(Default)]
pub struct GatewayHealth {
    /// Connections open now, one number a shard.
    pub connections: Vec<u64>,
    /// What receiving depends on.
    pub services: Vec<ServiceHealth>,
}
