//! What the daemon is told by signals, and the sign of life that it gives its service manager meanwhile.

use std::io;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The watchdog's interval where no service manager watches.
const UNWATCHED: Duration = Duration::from_secs(3_600);

/// Heard from the moment this is made: a signal that comes while the daemon starts is obeyed as soon as it has.
pub struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system lets us have no handlers.
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let [interrupt, terminate, hangup] = {
            let _entered = runtime.enter();
            [
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ]
            .map(signal)
        };
        let (interrupt, terminate, hangup) = (interrupt?, terminate?, hangup?);
        Ok(Self {
            runtime,
            interrupt,
            terminate,
            hangup,
        })
    }

    /// Returns at SIGINT or SIGTERM; calls `on_hangup` at each SIGHUP before that.
    pub fn wait(self, on_hangup: impl Fn()) {
        let Self {
            runtime,
            mut interrupt,
            mut terminate,
            mut hangup,
        } = self;
        runtime.block_on(async {
            // Half the time that the service manager waits for a sign of life.
            let mut alive = tokio::time::interval(sd_notify::watchdog_enabled().unwrap_or(UNWATCHED) / 2);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => return,
                    _ = terminate.recv() => return,
                    _ = hangup.recv() => on_hangup(),
                    // A service manager that is not there needs no word.
                    _ = alive.tick() => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
                }
            }
        });
    }
}
