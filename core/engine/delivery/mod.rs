//! Delivery: the shard's queue, the workers that empty it, and what the sender is told when that fails.

mod crew;
pub mod dsn;
pub mod queue;
pub mod rebuild;
mod settle;
mod worker;

use crate::driver::Driver;
use crate::shard::Shard;
use crate::stopping::Phase;
use crew::Crews;
use postern_vocab::limits;
use queue::Lane;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The longest sleep without looking at the queue: a wall clock that is set forward is noticed within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Keeps workers on every lane that has work, within the limits, until the shard stops and the last one is done.
pub async fn schedule<D: Driver>(shard: Rc<Shard<D>>) {
    let crews = Rc::new(Crews::default());
    let mut workers = JoinSet::new();
    while !shard.stopping.has_reached(Phase::Draining) {
        let now = shard.clock.now();
        shard.queue.borrow_mut().promote(now);
        for lane in lanes_to_staff(&shard, &crews) {
            if crews.workers() >= limits::DELIVERIES_PER_SHARD_MAX {
                break;
            }
            workers.spawn_local(worker::empty(Rc::clone(&shard), crews.join(&lane)));
        }
        let due = shard.queue.borrow().next_due();
        let sleep = due.map_or(LOOK_AGAIN, |due| due.since(now).min(LOOK_AGAIN));
        tokio::select! {
            Some(_) = workers.join_next() => {}
            () = shard.work.notified() => {}
            () = tokio::time::sleep(sleep) => {}
            () = shard.stopping.reached(Phase::Draining) => {}
        }
    }
    while workers.join_next().await.is_some() {}
}

/// Wakes idle workers, and names the lanes that have more work than workers, once for each worker to add.
fn lanes_to_staff<D: Driver>(shard: &Shard<D>, crews: &Crews) -> Vec<Lane> {
    let queue = shard.queue.borrow();
    let missing = |(lane, ready): (&Lane, usize)| std::iter::repeat_n(lane.clone(), crews.call(lane, ready));
    queue.lanes_ready().flat_map(missing).collect()
}
