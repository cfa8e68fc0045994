//! One client: frames in, frames out, until it goes. Whatever it sends ends at most itself.

use super::Shared;
use crate::answer::{Socket, answer};
use postern_quarantine_api::{Call, Failure, Reply, frame};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A client that asks nothing for this long is closed; it connects again when it wants something.
const IDLE: Duration = Duration::from_secs(600);
/// A client that does not read its reply for this long is closed.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// A request by the portal's socket: room for a digest as JSON, and for nothing that would hurt times all clients.
const PORTAL_REQUEST_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A connected client.
pub(super) struct Client<'a> {
    shared: &'a Shared,
    stream: UnixStream,
    socket: Socket,
}

impl<'a> Client<'a> {
    pub(super) fn new(shared: &'a Shared, stream: UnixStream, socket: Socket) -> Self {
        Self {
            shared,
            stream,
            socket,
        }
    }

    /// Answers until the client goes, is silent for too long, or sends what is no request.
    pub(super) fn serve(mut self) {
        let timeouts = self
            .stream
            .set_read_timeout(Some(IDLE))
            .and_then(|()| self.stream.set_write_timeout(Some(SEND_TIMEOUT)));
        if timeouts.is_err() {
            return;
        }
        while !self.shared.closing.load(Ordering::SeqCst) {
            let Ok(Some(call)) = self.call() else {
                return;
            };
            let reply = self.reply(call);
            if self.send(&reply).is_err() {
                return;
            }
        }
    }

    fn call(&mut self) -> io::Result<Option<Call>> {
        match self.socket {
            Socket::Operator => frame::read(&mut self.stream),
            Socket::Portal => frame::read(&mut (&mut self.stream).take(PORTAL_REQUEST_BYTES_MAX)),
        }
    }

    fn reply(&self, call: Call) -> Reply {
        let answered = catch_unwind(AssertUnwindSafe(|| {
            answer(&self.shared.store, &self.shared.mail, self.socket, call)
        }));
        answered.unwrap_or_else(|_| {
            let text = "a mistake of ours; the daemon's log says more".to_owned();
            Reply::Failed(Failure::Unavailable(text))
        })
    }

    fn send(&mut self, reply: &Reply) -> io::Result<()> {
        match frame::write(&mut self.stream, reply) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let text = "the answer is too large; ask for less at once".to_owned();
                frame::write(&mut self.stream, &Reply::Failed(Failure::Unavailable(text)))
            }
            written => written,
        }
    }
}
