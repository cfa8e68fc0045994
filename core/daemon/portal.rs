//! The portal is a process of its own: started, and started again when it dies. Mail does not notice either.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The wait before it is started again; doubled each time it dies, up to the longest.
const RESTART_WAIT: Duration = Duration::from_secs(1);
/// See above.
const RESTART_WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Keeps a portal running until told to stop.
pub struct Supervisor {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Supervisor {
    /// Starts the portal for the configuration in `file`.
    ///
    /// # Errors
    /// Our own program cannot be found, or a thread cannot be made.
    pub fn start(file: &Path) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let file = file.to_owned();
        let (stop, stopped) = channel();
        // The thread lives as long as the portal does: the portal asks the kernel to end it with its parent, and to the
        // kernel the parent is this thread.
        let thread = thread::Builder::new()
            .name("portal-supervisor".to_owned())
            .spawn(move || supervise(&program, &file, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Ends the portal.
    pub fn stop(self) {
        drop(self.stop);
        // A panic in it was said on standard error.
        let _ = self.thread.join();
    }
}

fn supervise(program: &PathBuf, file: &Path, stopped: &Receiver<()>) {
    let mut wait = RESTART_WAIT;
    loop {
        match launch(program, file) {
            Ok(child) => match watch(child, stopped) {
                None => return,
                Some(status) => {
                    eprintln!("postern: the portal ended ({status}); it is started again in {wait:?}")
                }
            },
            Err(error) => eprintln!("postern: the portal does not start: {error}; next try in {wait:?}"),
        }
        if !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
            return;
        }
        wait = (wait * 2).min(RESTART_WAIT_MAX);
    }
}

fn launch(program: &PathBuf, file: &Path) -> io::Result<Child> {
    Command::new(program)
        .arg("portal")
        .arg("--config")
        .arg(file)
        .stdin(Stdio::null())
        .spawn()
}

/// Waits for its end; `None` when it was we who ended it.
fn watch(mut child: Child, stopped: &Receiver<()>) -> Option<ExitStatus> {
    loop {
        if !matches!(stopped.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
            // It has no state to lose: sessions and mail are the store's.
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(error) => eprintln!("postern: the portal cannot be watched: {error}"),
        }
    }
}
