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
    /// The receiving side.
    pub gateway: Box<dyn Gateway>,
}

/// What the receiving side is asked by people.
pub trait Gateway: Send + Sync {
    /// How it is.
    fn health(&self) -> GatewayHealth;

    /// Who waits by greylisting, at most so many.
    fn greylisted(&self, rows: usize) -> Vec<Greylisted>;

    /// Lets those that fit in at their next attempt, and says how many they are.
    ///
    /// # Errors
    /// What is wrong with the filter.
    fn admit(&self, filter: &GreylistFilter) -> Result<u64, String>;
}

/// How the receiving side is: what the index cannot know.
#[derive(Default)]
pub struct GatewayHealth {
    /// Connections open now, one number a shard.
    pub connections: Vec<u64>,
    /// What receiving depends on.
    pub services: Vec<ServiceHealth>,
}
