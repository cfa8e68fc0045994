//! The services' thread: what the shards share that is neither io_uring nor hot runs here, on a tokio runtime of its own.
//! Name look-ups do, and so may a directory's. A shard spawns on the [`Handle`] and awaits the task's `JoinHandle`, which
//! works across runtimes; nothing of a shard is ever reached from here.

use std::io;
use std::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The running thread. It ends when this is dropped, too; [`Self::stop`] also waits for it.
pub struct Services {
    handle: Handle,
    running: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Services {
    /// Starts it.
    ///
    /// # Errors
    /// The system is out of threads or descriptors.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel();
        let body = move || {
            // Stopping is the sender's end: there is nothing to receive.
            let _ = runtime.block_on(stopped);
            // What is under way was asked for by shards that are gone.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("services".to_owned()).spawn(body)?;
        Ok(Self {
            handle,
            running,
            thread,
        })
    }

    /// Where work is spawned.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends what is under way, then the thread. Whoever still awaits a task hears that it was cancelled.
    pub fn stop(self) {
        drop(self.running);
        // A panic in it has been said on standard error.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_spawned_from_another_runtime_is_awaited_there_and_cancelled_at_the_end() {
        let services = Services::start().unwrap();
        let here = Builder::new_current_thread().enable_all().build().unwrap();
        let name = services
            .handle()
            .spawn(async { thread::current().name().map(str::to_owned) });
        assert_eq!(here.block_on(name).unwrap().as_deref(), Some("services"));
        let endless = services.handle().spawn(std::future::pending::<()>());
        services.stop();
        assert!(here.block_on(endless).unwrap_err().is_cancelled());
    }
}
