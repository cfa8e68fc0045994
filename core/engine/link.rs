//! A session's connection: in plaintext at first, in TLS from some point on, and never back.

use crate::net::Conn;
use crate::tls::{Settings, TlsConn, TlsFailure};
use bytes::{Bytes, BytesMut};
use postern_vocab::TlsFacts;
use std::cell::{Cell, OnceCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// One connection, whatever it speaks by now. Those who share it (`Rc`) see the same: once one of them has upgraded it,
/// it is in TLS for all.
pub struct Link<C> {
    socket: Rc<C>,
    /// TLS was begun: even if it comes to nothing, no more is said in plaintext. RFC 3207 §4.
    begun: Cell<bool>,
    tls: OnceCell<TlsConn<C>>,
}

impl<C: Conn> Link<C> {
    /// In plaintext.
    pub fn new(socket: C) -> Self {
        Self {
            socket: Rc::new(socket),
            begun: Cell::new(false),
            tls: OnceCell::new(),
        }
    }

    /// Whether it is in TLS.
    pub fn is_in_tls(&self) -> bool {
        self.tls.get().is_some()
    }

    /// Begins TLS, once, as its server, while nobody else receives or sends. `early` has been received already and
    /// belongs to the handshake: for STARTTLS it is empty, because what came behind that command in plaintext is thrown
    /// away (RFC 3207 §4.2). The caller limits the time (`limits::TLS_HANDSHAKE_TIMEOUT`).
    ///
    /// # Errors
    /// There is no TLS. Nothing can be sent any more, in no form; what still comes can be received, to linger.
    pub async fn upgrade(&self, settings: &Settings, early: &[u8]) -> Result<TlsFacts, TlsFailure> {
        assert!(!self.begun.replace(true), "TLS begins once");
        let (tls, facts) = TlsConn::accept(Rc::clone(&self.socket), settings, early).await?;
        assert!(self.tls.set(tls).is_ok(), "TLS begins once");
        Ok(facts)
    }
}

impl<C: Conn> Conn for Link<C> {
    async fn receive(&self, buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        match self.tls.get() {
            // Boxed, so that those who speak plaintext do not carry its room.
            Some(tls) => Box::pin(tls.receive(buffer)).await,
            None => self.socket.receive(buffer).await,
        }
    }

    async fn send(&self, pieces: Vec<Bytes>) -> io::Result<()> {
        match self.tls.get() {
            Some(tls) => Box::pin(tls.send(pieces)).await,
            None if self.begun.get() => Err(io::ErrorKind::NotConnected.into()),
            None => self.socket.send(pieces).await,
        }
    }

    fn has_input(&self) -> bool {
        match self.tls.get() {
            Some(tls) => tls.has_input(),
            None => self.socket.has_input(),
        }
    }

    fn shutdown_receive(&self) {
        match self.tls.get() {
            Some(tls) => tls.shutdown_receive(),
            None => self.socket.shutdown_receive(),
        }
    }

    fn shutdown_send(&self) {
        match self.tls.get() {
            Some(tls) => tls.shutdown_send(),
            None => self.socket.shutdown_send(),
        }
    }

    fn remote(&self) -> SocketAddr {
        self.socket.remote()
    }

    fn local(&self) -> SocketAddr {
        self.socket.local()
    }
}
