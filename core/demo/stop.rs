//! Being told to stop: SIGINT (Ctrl-C), SIGTERM, or SIGHUP (the terminal is gone), told to every thread that asks or
//! waits.

use crate::cli::trouble::Trouble;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Whether we were told to stop.
#[derive(Clone, Default)]
pub struct Stop {
    told: Arc<(Mutex<bool>, Condvar)>,
}

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Result<Self, Trouble> {
        let stop = Self::default();
        let cannot = || Trouble::io("cannot listen for signals");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(cannot())?;
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [mut interrupt, mut terminate, mut hangup] = {
            let _entered = runtime.enter();
            let [interrupt, terminate, hangup] = kinds.map(signal);
            [
                interrupt.map_err(cannot())?,
                terminate.map_err(cannot())?,
                hangup.map_err(cannot())?,
            ]
        };
        let teller = stop.clone();
        let listening = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
            });
            teller.tell();
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listening)
            .map_err(cannot())?;
        Ok(stop)
    }

    /// Whether it was said already.
    pub fn was_told(&self) -> bool {
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is said, or at most so long; whether it was said.
    pub fn wait(&self, at_most: Option<Duration>) -> bool {
        let (told, changed) = &*self.told;
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        match at_most {
            None => *changed
                .wait_while(told, |told| !*told)
                .unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = changed.wait_timeout_while(told, time, |told| !*told);
                *waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn tell(&self) {
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_waits_is_told() {
        let stop = Stop::default();
        assert!(!stop.was_told() && !stop.wait(Some(Duration::ZERO)));
        let waiter = stop.clone();
        let waiting = thread::spawn(move || waiter.wait(None));
        stop.tell();
        assert!(waiting.join().expect("no panic") && stop.was_told() && stop.wait(Some(Duration::ZERO)));
    }
}
