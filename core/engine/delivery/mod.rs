//! Delivery: the shard's queue, the workers that empty it, and what the sender is told when that fails.

pub mod dsn;
pub mod queue;
pub mod rebuild;
mod settle;
mod worker;

use crate::driver::Driver;
use crate::shard::{Phase, Shard};
use postern_vocab::limits;
use queue::Lane;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The longest sleep without looking at the queue: a wall clock that is set forward is noticed within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Keeps a worker on every lane that has work, within the limits, until the shard stops and the last one is done.
pub async fn schedule<D: Driver>(shard: Rc<Shard<D>>) {
    let mut busy: HashMap<Lane, usize> = HashMap::new();
    let mut workers = JoinSet::new();
    while !shard.has_reached(Phase::Draining) {
        let now = shard.clock.now();
        shard.queue.borrow_mut().promote(now);
        for lane in lanes_to_serve(&shard, &busy) {
            if workers.len() >= limits::DELIVERIES_PER_SHARD_MAX {
                break;
            }
            *busy.entry(lane.clone()).or_default() += 1;
            let shard = Rc::clone(&shard);
            workers.spawn_local(async move {
                worker::empty(&shard, &lane).await;
                lane
            });
        }
        let due = shard
            .queue
            .borrow()
            .next_due()
            .map_or(LOOK_AGAIN, |due| due.since(now).min(LOOK_AGAIN));
        tokio::select! {
            Some(ended) = workers.join_next() => leave(&mut busy, ended.ok()),
            () = shard.work.notified() => {}
            () = tokio::time::sleep(due) => {}
            () = shard.reached(Phase::Draining) => {}
        }
    }
    while workers.join_next().await.is_some() {}
}

/// The lanes that have more work than workers, one entry for each worker to add.
fn lanes_to_serve<D: Driver>(shard: &Shard<D>, busy: &HashMap<Lane, usize>) -> Vec<Lane> {
    let queue = shard.queue.borrow();
    let missing = |(lane, ready): (&Lane, usize)| {
        let working = busy.get(lane).copied().unwrap_or(0);
        let wanted = ready.min(limits::DELIVERIES_PER_HOP_MAX).saturating_sub(working);
        std::iter::repeat_n(lane.clone(), wanted)
    };
    queue.lanes_ready().flat_map(missing).collect()
}

fn leave(busy: &mut HashMap<Lane, usize>, lane: Option<Lane>) {
    if let Some(lane) = lane
        && let Some(count) = busy.get_mut(&lane)
    {
        *count -= 1;
        if *count == 0 {
            busy.remove(&lane);
        }
    }
}
