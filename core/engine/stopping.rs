//! How far stopping has come, as one shard sees it. The daemon tells all cores through one channel; each core looks at its
//! own copy, since a session asks with every read and would otherwise share a cache line with all the others.

use std::cell::Cell;
use tokio::sync::{Notify, watch};

/// How far stopping has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Mail is taken.
    Running,
    /// No new connections or transactions; messages on their way in are finished.
    Draining,
    /// Whatever is still open is closed.
    Closing,
}

/// One shard's copy.
pub struct Stopping {
    now: Cell<Phase>,
    changed: Notify,
}

impl Default for Stopping {
    fn default() -> Self {
        Self {
            now: Cell::new(Phase::Running),
            changed: Notify::new(),
        }
    }
}

impl Stopping {
    /// Keeps the copy true to what the daemon says, until the end. A daemon that is gone says nothing more: that is as
    /// late as it gets.
    pub async fn follow(&self, mut said: watch::Receiver<Phase>) {
        while self.now.get() < Phase::Closing {
            let changed = said.changed().await;
            let phase = if changed.is_ok() {
                *said.borrow()
            } else {
                Phase::Closing
            };
            self.now.set(phase);
            self.changed.notify_waiters();
        }
    }

    /// Whether stopping has reached `phase`.
    #[must_use]
    pub fn has_reached(&self, phase: Phase) -> bool {
        self.now.get() >= phase
    }

    /// Completes when stopping reaches `phase`.
    pub async fn reached(&self, phase: Phase) {
        loop {
            // Made before the look: a change between the two is not missed.
            let changed = self.changed.notified();
            if self.has_reached(phase) {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use tokio::task::{LocalSet, spawn_local, yield_now};

    #[test]
    fn everyone_who_waits_hears_of_each_phase_and_of_a_daemon_that_is_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            let (say, said) = watch::channel(Phase::Running);
            let stopping = Rc::new(Stopping::default());
            let (follower, one, other) = (Rc::clone(&stopping), Rc::clone(&stopping), Rc::clone(&stopping));
            spawn_local(async move { follower.follow(said).await });
            let draining = spawn_local(async move { one.reached(Phase::Draining).await });
            let closing = spawn_local(async move { other.reached(Phase::Closing).await });
            yield_now().await;
            assert!(!draining.is_finished() && !stopping.has_reached(Phase::Draining));

            say.send_replace(Phase::Draining);
            draining.await.expect("no panic");
            assert!(!closing.is_finished() && !stopping.has_reached(Phase::Closing));
            drop(say);
            closing.await.expect("no panic");
        });
    }
}
