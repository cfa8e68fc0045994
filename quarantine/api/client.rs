//! A blocking client: the command line uses it as it is, the portal on threads meant for blocking work.

use crate::frame;
use crate::request::{Call, Failure, Reply, Request, Who};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// How long the store may take over one request before it counts as gone.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections kept open for the next request.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Nobody is behind the door.
    #[error("nothing answers at {path}: {source}; is postern running, with this configuration?")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It broke off in the middle.
    #[error("the daemon broke off in the middle of an answer: {0}; its log says more")]
    Broken(io::Error),
    /// The store said no.
    #[error("{0}")]
    Failed(Failure),
    /// The store answered something else than was asked.
    #[error("the daemon answered a question that was not asked: is it of another version?")]
    Unexpected,
}

/// The asking side of one socket. Shared by threads; every request takes a connection of its own for its time.
pub struct Client {
    socket: PathBuf,
    idle: Mutex<Vec<UnixStream>>,
}

impl Client {
    /// A client of the socket at `socket`; connects when the first request is made.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            idle: Mutex::default(),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`DoorError::Failed`] when the store said no; the others when it could not be asked.
    pub fn ask(&self, who: Who, request: Request) -> Result<Reply, DoorError> {
        let call = Call { who, request };
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop();
        // A kept connection may have died with a daemon that was restarted since; a fresh one tells. Nothing is asked
        // twice that was ever read: a failed write is tried again, a missing reply is not.
        if let Some(mut stream) = kept
            && frame::write(&mut stream, &call).is_ok()
        {
            return self.answer(stream);
        }
        let mut stream = self.connect()?;
        frame::write(&mut stream, &call).map_err(DoorError::Broken)?;
        self.answer(stream)
    }

    fn connect(&self) -> Result<UnixStream, DoorError> {
        let unreachable = |source| DoorError::Unreachable {
            path: self.socket.clone(),
            source,
        };
        let stream = UnixStream::connect(&self.socket).map_err(unreachable)?;
        stream
            .set_read_timeout(Some(REPLY_TIMEOUT))
            .map_err(unreachable)?;
        stream
            .set_write_timeout(Some(REPLY_TIMEOUT))
            .map_err(unreachable)?;
        Ok(stream)
    }

    fn answer(&self, mut stream: UnixStream) -> Result<Reply, DoorError> {
        let reply = frame::read(&mut stream).map_err(DoorError::Broken)?;
        let reply = reply.ok_or_else(|| DoorError::Broken(io::ErrorKind::UnexpectedEof.into()))?;
        let mut idle = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(stream);
        }
        match reply {
            Reply::Failed(failure) => Err(DoorError::Failed(failure)),
            reply => Ok(reply),
        }
    }
}
