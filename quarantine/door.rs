//! The door: two Unix sockets, a thread that accepts on each, a thread for each client. It knows frames and threads; what
//! a request is worth is `answer.rs`'s.

mod client;
mod socket;

use crate::answer::Socket;
use crate::store::lock;
use crate::{Mail, Store};
use client::Client;
use postern_quarantine_api::{Failure, OPERATOR_SOCKET, PORTAL_SOCKET, Reply, frame};
use postern_vocab::limits;
use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long accepting rests when the system refuses it (no more file descriptors).
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Why the door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorOpenError {
    /// Another process listens.
    #[error("{path} is answered by another process: is postern running already? stop that one first")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// The system says no.
    #[error("cannot listen at {path}: {source}; give its directory to the user that runs postern")]
    System {
        /// The socket.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// What all threads of the door share.
struct Shared {
    store: Arc<Store>,
    mail: Mail,
    closing: AtomicBool,
    clients: Mutex<Clients>,
}

/// The open clients, so that closing reaches them.
#[derive(Default)]
struct Clients {
    next: u64,
    open: BTreeMap<u64, (UnixStream, Option<JoinHandle<()>>)>,
}

/// Both sockets, open until [`Door::close`].
pub struct Door {
    shared: Arc<Shared>,
    listeners: Vec<(PathBuf, UnixListener, JoinHandle<()>)>,
}

impl Door {
    /// Opens both sockets in `run_dir` and serves them. A socket that was left behind is replaced, one that somebody
    /// answers on is not.
    ///
    /// # Errors
    /// [`DoorOpenError`], with cause and remedy.
    pub fn open(run_dir: &Path, store: Arc<Store>, mail: Mail) -> Result<Self, DoorOpenError> {
        let operator = socket::listen(run_dir, OPERATOR_SOCKET, 0o600)?;
        let portal = socket::listen(run_dir, PORTAL_SOCKET, 0o660)?;
        let shared = Arc::new(Shared {
            store,
            mail,
            closing: AtomicBool::new(false),
            clients: Mutex::default(),
        });
        let mut door = Self {
            shared,
            listeners: Vec::new(),
        };
        door.serve(operator, Socket::Operator)?;
        door.serve(portal, Socket::Portal)?;
        Ok(door)
    }

    /// Ends every client and removes the sockets. A request that is being answered is answered first.
    pub fn close(self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for (path, listener, thread) in self.listeners {
            // Failures are of no use here: the thread ends at its next wake, and a socket left behind is replaced.
            let _ = rustix::net::shutdown(&listener, rustix::net::Shutdown::Both);
            let _ = thread.join();
            let _ = std::fs::remove_file(&path);
        }
        let open = std::mem::take(&mut lock(&self.shared.clients).open);
        for (stream, _) in open.values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        for (_, thread) in open.into_values() {
            let _ = thread.map(JoinHandle::join);
        }
    }

    fn serve(
        &mut self,
        (path, listener): (PathBuf, UnixListener),
        socket: Socket,
    ) -> Result<(), DoorOpenError> {
        let system = |source| DoorOpenError::System {
            path: path.clone(),
            source,
        };
        let accepting = listener.try_clone().map_err(system)?;
        let shared = Arc::clone(&self.shared);
        let name = match socket {
            Socket::Operator => "door-operator",
            Socket::Portal => "door-portal",
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || accept(&shared, &accepting, socket))
            .map_err(system)?;
        self.listeners.push((path, listener, thread));
        Ok(())
    }
}

fn accept(shared: &Arc<Shared>, listener: &UnixListener, socket: Socket) {
    loop {
        let accepted = listener.accept();
        if shared.closing.load(Ordering::SeqCst) {
            return;
        }
        match accepted {
            Ok((stream, _)) => admit(shared, stream, socket),
            Err(_) => thread::sleep(ACCEPT_REST),
        }
    }
}

/// Gives a client its thread, or tells it that there are too many.
fn admit(shared: &Arc<Shared>, mut stream: UnixStream, socket: Socket) {
    let mut clients = lock(&shared.clients);
    if clients.open.len() >= limits::DOOR_CLIENTS_MAX {
        drop(clients);
        let full = "too many are asking at once; try again in a moment".to_owned();
        let _ = stream.set_write_timeout(Some(ACCEPT_REST));
        let _ = frame::write(&mut stream, &Reply::Failed(Failure::Unavailable(full)));
        return;
    }
    let number = clients.next;
    clients.next += 1;
    let Ok(kept) = stream.try_clone() else {
        return;
    };
    clients.open.insert(number, (kept, None));
    let theirs = Arc::clone(shared);
    let spawned = thread::Builder::new()
        .name(format!("door-client-{number}"))
        .spawn(move || {
            Client::new(&theirs, stream, socket).serve();
            lock(&theirs.clients).open.remove(&number);
        });
    // The lock is still held: the thread cannot have removed itself before its handle is here.
    match spawned {
        Ok(thread) => {
            if let Some((_, handle)) = clients.open.get_mut(&number) {
                *handle = Some(thread);
            }
        }
        Err(_) => {
            clients.open.remove(&number);
        }
    }
}
