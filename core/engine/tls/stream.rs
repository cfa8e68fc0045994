//! A connection in TLS, over any connection: it is one itself. All on the shard's thread.

use super::failure::TlsFailure;
use super::records::{Found, Records};
use super::settings::Settings;
use crate::net::Conn;
use bytes::{Bytes, BytesMut};
use postern_vocab::{TlsFacts, limits};
use rustls::{CommonState, ProtocolVersion};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::sync::Mutex;
use tokio::task::spawn_local;

/// A connection in TLS. It is used within a `LocalSet`, where its last words can be sent.
///
/// A peer that closes without a close_notify is at its end like any other: what SMTP transfers says itself where it
/// ends, so nothing that was cut off is taken for whole (RFC 9112 §9.8 has the same reasoning for HTTP).
pub struct TlsConn<C>(Rc<Inside<C>>);

struct Inside<C> {
    socket: Rc<C>,
    /// Never borrowed over an await.
    records: RefCell<Records>,
    /// Whose turn it is to send: records must leave in the order in which they were encrypted.
    turn: Mutex<()>,
    /// `shutdown_receive` was called.
    deaf: Cell<bool>,
}

impl<C: Conn> TlsConn<C> {
    /// Speaks the server's part of the handshake. `early` has been received already. The caller limits the time
    /// (`limits::TLS_HANDSHAKE_TIMEOUT`).
    ///
    /// # Errors
    /// There is no TLS, and the peer has been told why by an alert. The socket is of no more use but to linger on.
    pub async fn accept(
        socket: Rc<C>,
        settings: &Settings,
        early: &[u8],
    ) -> Result<(Self, TlsFacts), TlsFailure> {
        let (config, noted) = settings.for_one_connection();
        let records = Records::new(config, early).map_err(|error| TlsFailure::of(&error, &[]))?;
        let inside = Inside {
            socket,
            records: RefCell::new(records),
            turn: Mutex::default(),
            deaf: Cell::new(false),
        };
        inside
            .shake_hands()
            .await
            .map_err(|failure| match noted.none_fits() {
                true => TlsFailure::no_certificate(),
                false => failure,
            })?;
        let facts = {
            let records = inside.records.borrow();
            let agreed = records.agreed();
            let chain = agreed.peer_certificates().unwrap_or_default();
            TlsFacts {
                version: version(agreed),
                cipher: cipher(agreed),
                server_name: noted.name(),
                client_certificate: settings.client_facts(chain),
            }
        };
        Ok((Self(Rc::new(inside)), facts))
    }

    /// Sends what is due without the caller waiting for it. It may wait for a `send` under way, and not for ever.
    fn send_aside(&self, then: impl FnOnce(&C) + 'static) {
        let inside = Rc::clone(&self.0);
        spawn_local(async move {
            // The peer may be gone: it is the last that we say to it.
            let _ = tokio::time::timeout(limits::SEND_TIMEOUT, inside.flush()).await;
            then(&inside.socket);
        });
    }
}

impl<C: Conn> Inside<C> {
    async fn shake_hands(&self) -> Result<(), TlsFailure> {
        loop {
            let went = {
                let mut records = self.records.borrow_mut();
                let went = records.handshake();
                went.map_err(|error| TlsFailure::of(&error, records.unread()))
            };
            let sent = self.flush().await;
            if went? {
                return sent.map_err(TlsFailure::Lost);
            }
            sent.map_err(TlsFailure::Lost)?;
            match self.fill(limits::TLS_HANDSHAKE_READ_BYTES).await {
                Ok(0) => return Err(TlsFailure::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(TlsFailure::Refused(error.to_string()));
                }
                Err(error) => return Err(TlsFailure::Lost(error)),
            }
        }
    }

    /// Receives ciphertext.
    async fn fill(&self, wanted: usize) -> io::Result<usize> {
        let room = self.records.borrow_mut().room(wanted)?;
        let (received, room) = self.socket.receive(room).await;
        self.records.borrow_mut().arrived(room);
        received
    }

    /// Sends all that is due, also what becomes due meanwhile.
    async fn flush(&self) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        loop {
            let due = self.records.borrow_mut().take_outgoing();
            if due.is_empty() {
                return Ok(());
            }
            self.socket.send(vec![due]).await?;
        }
    }

    /// Whether nobody is there who would send what is due.
    fn nobody_sends(&self) -> bool {
        self.records.borrow().has_outgoing() && self.turn.try_lock().is_ok()
    }
}

impl<C: Conn> Conn for TlsConn<C> {
    async fn receive(&self, mut buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        let wanted = match buffer.capacity() - buffer.len() {
            room if room > limits::TLS_COMMAND_ROOM_BYTES_MAX => limits::TLS_BULK_READ_BYTES,
            _ => limits::TLS_IDLE_READ_BYTES,
        };
        while !self.0.deaf.get() {
            let found = self.0.records.borrow_mut().read(&mut buffer);
            // An alert: the caller may never send again, which would take it along.
            if self.0.nobody_sends() {
                self.send_aside(|_| {});
            }
            match found {
                Found::Octets(octets) => return (Ok(octets), buffer),
                Found::End => return (Ok(0), buffer),
                Found::Failed(error) => {
                    return (Err(io::Error::new(io::ErrorKind::InvalidData, error)), buffer);
                }
                Found::Nothing => match self.0.fill(wanted).await {
                    Ok(octets) if octets > 0 => {}
                    ended => return (ended, buffer),
                },
            }
        }
        (Ok(0), buffer)
    }

    async fn send(&self, pieces: Vec<Bytes>) -> io::Result<()> {
        for piece in &pieces {
            for part in piece.chunks(limits::TLS_SEND_BYTES) {
                let due = self.0.records.borrow_mut().encrypt(part)?;
                if due >= limits::TLS_SEND_BYTES {
                    self.0.flush().await?;
                }
            }
        }
        self.0.flush().await
    }

    /// May say yes too early: whether ciphertext that has arrived is a whole record shows only when it is read. A
    /// `receive` after it needs a limit of its own.
    fn has_input(&self) -> bool {
        self.0.deaf.get() || self.0.records.borrow().has_plaintext() || self.0.socket.has_input()
    }

    fn shutdown_receive(&self) {
        self.0.deaf.set(true);
        self.0.socket.shutdown_receive();
    }

    /// Sends close_notify first, so that the peer knows that nothing was cut off. RFC 8446 §6.1.
    fn shutdown_send(&self) {
        self.0.records.borrow_mut().close();
        self.send_aside(C::shutdown_send);
    }

    fn remote(&self) -> SocketAddr {
        self.0.socket.remote()
    }

    fn local(&self) -> SocketAddr {
        self.0.socket.local()
    }
}

/// As OpenSSL and mail logs write it.
fn version(agreed: &CommonState) -> String {
    match agreed.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The name of the IANA registry; rustls writes `TLS13_` where it has `TLS_`.
fn cipher(agreed: &CommonState) -> String {
    let suite = agreed
        .negotiated_cipher_suite()
        .map(|suite| format!("{:?}", suite.suite()));
    let suite = suite.unwrap_or_default();
    match suite.strip_prefix("TLS13_") {
        Some(rest) => format!("TLS_{rest}"),
        None => suite,
    }
}
