//! A network in memory, for tests: the shard runs over it unchanged, with tokio's paused clock, in one thread. What is
//! sent arrives in pieces of a size the test chooses, so that every split of the stream can be tried.

use super::{Conn, Listener, Net};
use bytes::{Buf, Bytes, BytesMut};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use tokio::sync::Notify;

/// Octets one direction holds before its sender has to wait.
const PIPE_BYTES: usize = 64 * 1024;

/// A network that all parties of one test share.
#[derive(Clone, Default)]
pub struct SimNet(Rc<Inside>);

#[derive(Default)]
struct Inside {
    listeners: RefCell<HashMap<SocketAddr, Rc<Backlog>>>,
    next_port: Cell<u16>,
    piece: Cell<usize>,
}

#[derive(Default)]
struct Backlog {
    waiting: RefCell<VecDeque<SimConn>>,
    arrived: Notify,
}

/// Takes connections to one address.
pub struct SimListener(Rc<Backlog>);

/// One end of a connection.
pub struct SimConn {
    incoming: Rc<Pipe>,
    outgoing: Rc<Pipe>,
    piece: usize,
    remote: SocketAddr,
    local: SocketAddr,
}

#[derive(Default)]
struct Pipe {
    octets: RefCell<BytesMut>,
    closed: Cell<bool>,
    changed: Notify,
}

impl Pipe {
    fn close(&self) {
        self.closed.set(true);
        self.changed.notify_one();
    }
}

impl SimNet {
    /// A network that hands over at most `piece` octets a read.
    #[must_use]
    pub fn with_piece(piece: usize) -> Self {
        let net = Self::default();
        net.0.piece.set(piece);
        net
    }

    /// Listens.
    #[must_use]
    pub fn listen(&self, address: SocketAddr) -> SimListener {
        let backlog = Rc::new(Backlog::default());
        self.0.listeners.borrow_mut().insert(address, Rc::clone(&backlog));
        SimListener(backlog)
    }
}

impl Net for SimNet {
    type Listener = SimListener;
    type Conn = SimConn;

    async fn connect(&self, address: SocketAddr) -> io::Result<SimConn> {
        let listeners = self.0.listeners.borrow();
        let backlog = listeners.get(&address).ok_or(io::ErrorKind::ConnectionRefused)?;
        let port = self.0.next_port.get().wrapping_add(1);
        self.0.next_port.set(port);
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (there, back) = (Rc::new(Pipe::default()), Rc::new(Pipe::default()));
        let piece = self.0.piece.get().max(1);
        let far = SimConn {
            incoming: Rc::clone(&there),
            outgoing: Rc::clone(&back),
            piece,
            remote: local,
            local: address,
        };
        backlog.waiting.borrow_mut().push_back(far);
        backlog.arrived.notify_one();
        Ok(SimConn {
            incoming: back,
            outgoing: there,
            piece,
            remote: address,
            local,
        })
    }
}

impl Listener for SimListener {
    type Conn = SimConn;

    async fn accept(&self) -> io::Result<SimConn> {
        loop {
            if let Some(conn) = self.0.waiting.borrow_mut().pop_front() {
                return Ok(conn);
            }
            self.0.arrived.notified().await;
        }
    }
}

impl Conn for SimConn {
    async fn receive(&self, mut buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        let room = (buffer.capacity() - buffer.len()).min(self.piece);
        loop {
            {
                let mut octets = self.incoming.octets.borrow_mut();
                let taken = octets.len().min(room);
                if taken > 0 {
                    buffer.extend_from_slice(&octets[..taken]);
                    octets.advance(taken);
                    self.incoming.changed.notify_one();
                    return (Ok(taken), buffer);
                }
                if self.incoming.closed.get() {
                    return (Ok(0), buffer);
                }
            }
            self.incoming.changed.notified().await;
        }
    }

    async fn send(&self, pieces: Vec<Bytes>) -> io::Result<()> {
        for mut piece in pieces {
            while !piece.is_empty() {
                if self.outgoing.closed.get() {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                let room = PIPE_BYTES.saturating_sub(self.outgoing.octets.borrow().len());
                if room == 0 {
                    self.outgoing.changed.notified().await;
                    continue;
                }
                let part = piece.split_to(piece.len().min(room));
                self.outgoing.octets.borrow_mut().extend_from_slice(&part);
                self.outgoing.changed.notify_one();
            }
        }
        Ok(())
    }

    fn has_input(&self) -> bool {
        self.incoming.closed.get() || !self.incoming.octets.borrow().is_empty()
    }

    fn shutdown_receive(&self) {
        self.incoming.close();
    }

    fn shutdown_send(&self) {
        self.outgoing.close();
    }

    fn remote(&self) -> SocketAddr {
        self.remote
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for SimConn {
    fn drop(&mut self) {
        self.incoming.close();
        self.outgoing.close();
    }
}
