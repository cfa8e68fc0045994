//! Mail that does not come by SMTP: what a person released, and digests. It enters a shard's journal like any other and
//! leaves by the normal delivery path.

use crate::driver::Driver;
use crate::shard::Shard;
use crate::trace_header;
use bytes::Bytes;
use postern_journal::{Position, StdFiles};
use postern_vocab::events::{Accepted, Origin};
use postern_vocab::{Decision, Envelope, Mid};
use std::rc::Rc;
use tokio::sync::mpsc;

/// What a shard is told from outside.
pub enum Command {
    /// Takes this message into the journal and delivers it.
    Submit(Box<Submission>),
    /// The index has everything up to here on stable storage.
    Indexed(Position),
}

/// One message to be delivered.
pub struct Submission {
    /// The message it is, if it was in our care before; otherwise it gets a new id.
    pub mid: Option<Mid>,
    /// Where it comes from.
    pub origin: Origin,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// `Deliver` for those it is meant for now, and only for them.
    pub decision: Decision,
    /// In front of it; empty for a new message, which gets its own.
    pub trace_header: Bytes,
    /// Left out of it.
    pub cuts: Vec<(u64, u64)>,
    /// The message.
    pub content: Bytes,
    /// Told when it is on stable storage, or why it is not.
    pub done: Box<dyn FnOnce(Result<Mid, String>) + Send>,
}

/// Carries out commands until the shard stops.
pub async fn serve<D: Driver>(shard: Rc<Shard<D>>, mut commands: mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Submit(submission) => submit(&shard, *submission).await,
            Command::Indexed(position) => reclaim(&shard, position),
        }
    }
}

async fn submit<D: Driver>(shard: &Shard<D>, submission: Submission) {
    let mid = submission.mid.unwrap_or_else(|| shard.shared.ids.next_mid());
    let hostname = shard.shared.config.hostname.as_str();
    let trace_header = match submission.mid {
        Some(_) => submission.trace_header,
        None => trace_header::of_own(mid, shard.clock.now(), hostname),
    };
    let accepted = Accepted {
        mid,
        origin: submission.origin,
        envelope: submission.envelope,
        facts: None,
        decision: submission.decision,
        trace_header,
        cuts: submission.cuts,
        body_bytes: submission.content.len() as u64,
    };
    let mut charge = shard.shared.bodies.charge();
    charge.set(submission.content.len() as u64);
    let taken = shard.take(accepted, submission.content, charge).await;
    (submission.done)(taken.map(|_| mid).map_err(|error| error.to_string()));
}

fn reclaim<D: Driver>(shard: &Shard<D>, position: Position) {
    shard.journal.indexed_up_to(position);
    // A file that cannot be removed is tried again at the next notice; until then it only takes room.
    let _ = shard.journal.reclaim(&StdFiles);
}
