//! Whether the name servers live at all. While none of them answers, waiting a second at each banner would only hold up
//! mail: then no look-up is waited for beyond what the cache can answer.
//!
//! Late look-ups alone prove nothing, since anyone can have a reverse zone whose servers are silent. So the first late one
//! starts a probe, a question that every name server can answer: who serves the root.

use super::Shared;
use postern_vocab::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Between two probes of dead name servers.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// What a look-up may take while they are dead: enough for an answer from the cache.
const CACHE_PATIENCE: Duration = Duration::from_millis(10);

/// Guarded by nothing but itself: a shard that reads it a moment late waits once more.
#[derive(Default)]
pub(super) struct Liveness {
    is_dead: AtomicBool,
    is_probed: AtomicBool,
}

impl Liveness {
    /// How long a look-up is waited for that may take `at_most`.
    pub(super) fn patience(&self, at_most: Duration) -> Duration {
        if self.is_dead.load(Ordering::Relaxed) {
            CACHE_PATIENCE.min(at_most)
        } else {
            at_most
        }
    }
}

/// A look-up was late: finds out whether the name servers live, and goes on until they do.
pub(super) fn suspect(shared: &Arc<Shared>) {
    if shared.liveness.is_probed.swap(true, Ordering::Relaxed) {
        return;
    }
    let probing = Arc::clone(shared);
    shared.services.spawn(async move {
        while !probing.resolver.answers_within(limits::BANNER_DNS_TIMEOUT).await {
            if !probing.liveness.is_dead.swap(true, Ordering::Relaxed) {
                eprintln!(
                    "postern: no name server answers: reverse names and DNS lists are unknown until one does; look at \
                     [dns] servers"
                );
            }
            sleep(PROBE_EVERY).await;
        }
        if probing.liveness.is_dead.swap(false, Ordering::Relaxed) {
            eprintln!("postern: the name servers answer again");
        }
        probing.liveness.is_probed.store(false, Ordering::Relaxed);
    });
}
