//! Mail that does not come by SMTP: what a person released, and digests. It enters a shard's journal like any other and
//! leaves by the normal delivery path.

use crate::driver::Driver;
use crate::shard::Shard;
use crate::trace_header;
use postern_journal::Position;
use postern_vocab::events::Accepted;
use postern_vocab::{Mid, Submission};
use std::rc::Rc;
use tokio::sync::mpsc;

/// What a shard is told from outside.
pub enum Command {
    /// Takes this message into the journal and delivers it.
    Submit(Box<Submission>, Done),
    /// The index has everything up to here on stable storage.
    Indexed(Position),
}

/// Told when a submission is on stable storage, or why it is not.
pub type Done = Box<dyn FnOnce(Result<Mid, String>) + Send>;

/// Carries out commands until the shard stops.
pub async fn serve<D: Driver>(shard: Rc<Shard<D>>, mut commands: mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Submit(submission, done) => done(submit(&shard, *submission).await),
            Command::Indexed(position) => reclaim(&shard, position),
        }
    }
}

async fn submit<D: Driver>(shard: &Shard<D>, submission: Submission) -> Result<Mid, String> {
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
    taken.map(|_| mid).map_err(|error| error.to_string())
}

fn reclaim<D: Driver>(shard: &Shard<D>, position: Position) {
    shard.journal.indexed_up_to(position);
    // A file that cannot be removed is tried again at the next notice; until then it only takes room.
    let _ = shard.journal.reclaim(&shard.files);
}
