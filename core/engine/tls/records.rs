//! The records of one connection, without its socket: ciphertext in, plaintext out, and the reverse. RFC 8446 §5.
//!
//! Copies: what arrives is decrypted in the buffer it was received into; rustls then takes each record out of it, and
//! we put it where the caller wants it. So an octet of a body is copied twice after it is decrypted, never more, but
//! for the one record that the caller's buffer ends in. What is sent is copied once, while it is encrypted.
//!
//! An idle connection holds no buffer here but the ciphertext of a record that has not come to its end.

use bytes::{Buf, Bytes, BytesMut};
use postern_vocab::limits;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};
use rustls::{Error, ServerConfig};
use std::io;
use std::sync::Arc;

/// The state of the encryption, and what is between it and its two sides.
pub struct Records {
    connection: UnbufferedServerConnection,
    /// Ciphertext that has arrived. rustls keeps its place in it between calls, so it is never taken away.
    incoming: BytesMut,
    /// The end of a record for which the caller had no room.
    left_over: BytesMut,
    /// Ciphertext to be sent.
    outgoing: Vec<u8>,
    state: State,
    said_goodbye: bool,
}

/// How long the peer can be heard.
enum State {
    Open,
    /// It has said that nothing more comes.
    Ended,
    /// Something came that is not what the peer encrypted. Nothing after it can be believed.
    Failed(Error),
}

/// What a look into the records gave.
pub enum Found {
    /// Plaintext: so many octets were appended.
    Octets(usize),
    /// More has to arrive first.
    Nothing,
    /// The peer has ended its side.
    End,
    /// See [`State::Failed`].
    Failed(Error),
}

/// What is to be encrypted while records are gone through.
#[derive(Clone, Copy)]
enum Write<'o> {
    Nothing,
    Octets(&'o [u8]),
    /// close_notify. RFC 8446 §6.1.
    Goodbye,
}

/// How far one step came.
enum Step {
    /// There may be more to do.
    On,
    /// All that arrived is dealt with.
    Waits,
    /// What was to be written is written.
    Wrote,
}

impl Records {
    /// A connection of which `early` has arrived.
    ///
    /// # Errors
    /// The configuration does not do.
    pub fn new(config: Arc<ServerConfig>, early: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config)?,
            incoming: BytesMut::from(early),
            left_over: BytesMut::new(),
            outgoing: Vec::new(),
            state: State::Open,
            said_goodbye: false,
        })
    }

    /// What was agreed on.
    pub fn agreed(&self) -> &rustls::CommonState {
        &self.connection
    }

    /// What has arrived and was not understood or not needed yet.
    pub fn unread(&self) -> &[u8] {
        &self.incoming
    }

    /// Goes on with the handshake; whether it is done.
    ///
    /// # Errors
    /// There will be no TLS; the alert that says so is among the outgoing.
    pub fn handshake(&mut self) -> Result<bool, Error> {
        // To the end of what has arrived: our last words of the handshake follow from the peer's last.
        while let Step::On = self
            .step(&mut BytesMut::new(), Write::Nothing)
            .map_err(|error| self.fail(error))?
        {}
        Ok(!self.connection.is_handshaking())
    }

    /// Appends as much plaintext as there is, and as the buffer has room for.
    pub fn read(&mut self, buffer: &mut BytesMut) -> Found {
        let before = buffer.len();
        let room = buffer.capacity() - before;
        let kept = self.left_over.len().min(room);
        buffer.extend_from_slice(&self.left_over[..kept]);
        self.left_over.advance(kept);
        if self.left_over.is_empty() {
            self.left_over = BytesMut::new();
        }
        while matches!(self.state, State::Open) && buffer.len() < before + room {
            match self.step(buffer, Write::Nothing) {
                Ok(Step::Waits) => break,
                Ok(_) => {}
                Err(error) => drop(self.fail(error)),
            }
        }
        match (buffer.len() - before, &self.state) {
            (0, State::Open) => Found::Nothing,
            (0, State::Ended) => Found::End,
            (0, State::Failed(error)) => Found::Failed(error.clone()),
            (octets, _) => Found::Octets(octets),
        }
    }

    /// Whether there is plaintext, or the end of it, without more having to arrive.
    pub fn has_plaintext(&self) -> bool {
        !self.left_over.is_empty() || !matches!(self.state, State::Open)
    }

    /// Room for ciphertext, to be given back by [`Self::arrived`]. `wanted` octets of it if there is nothing yet.
    ///
    /// # Errors
    /// The peer has begun something that is larger than anything in TLS.
    pub fn room(&mut self, wanted: usize) -> io::Result<BytesMut> {
        let unread = self.incoming.len();
        if unread >= limits::TLS_UNREAD_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a TLS message is too large",
            ));
        }
        self.incoming.reserve(wanted);
        Ok(self.incoming.split_off(unread))
    }

    /// What [`Self::room`] gave, with what was received into it: it goes back to its place without being copied.
    pub fn arrived(&mut self, octets: BytesMut) {
        self.incoming.unsplit(octets);
        self.free_when_empty();
    }

    /// An idle connection has no buffer, and one that goes from a body back to commands gives the large one up.
    fn free_when_empty(&mut self) {
        if self.incoming.is_empty() {
            self.incoming = BytesMut::new();
        }
    }

    /// Encrypts into the outgoing; returns how much that has become.
    ///
    /// # Errors
    /// The connection is closed or broken.
    pub fn encrypt(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        self.write(Write::Octets(plaintext))?;
        Ok(self.outgoing.len())
    }

    /// Says goodbye: nothing can be encrypted after it.
    pub fn close(&mut self) {
        // An error says that the connection is closed or broken already.
        let _ = self.write(Write::Goodbye);
    }

    /// Whether something is to be sent.
    pub fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Everything that is to be sent now, in this order after what was sent before.
    pub fn take_outgoing(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.outgoing))
    }

    fn write(&mut self, what: Write<'_>) -> io::Result<()> {
        if self.said_goodbye || matches!(self.state, State::Failed(_)) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.said_goodbye = matches!(what, Write::Goodbye);
        loop {
            // rustls goes through what has arrived before it writes; that is never more than is received at once.
            match self.step(&mut BytesMut::new(), what) {
                Ok(Step::On) => {}
                Ok(Step::Wrote) => return Ok(()),
                Ok(Step::Waits) => return Err(io::ErrorKind::NotConnected.into()),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, self.fail(error))),
            }
        }
    }

    /// One step of rustls, which says what it wants next. What of a record `buffer` has no room for is left over.
    fn step(&mut self, buffer: &mut BytesMut, write: Write<'_>) -> Result<Step, Error> {
        let UnbufferedStatus {
            mut discard, state, ..
        } = self.connection.process_tls_records(&mut self.incoming);
        let stepped = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    discard += record.discard;
                    let room = (buffer.capacity() - buffer.len()).min(record.payload.len());
                    buffer.extend_from_slice(&record.payload[..room]);
                    self.left_over.extend_from_slice(&record.payload[room..]);
                }
                Ok(Step::On)
            }
            Ok(ConnectionState::EncodeTlsData(mut record)) => {
                append(&mut self.outgoing, |room| {
                    record.encode(room).map_err(needed_to_encode)
                })?;
                Ok(Step::On)
            }
            // It is among the outgoing, which leaves in order.
            Ok(ConnectionState::TransmitTlsData(sent)) => {
                sent.done();
                Ok(Step::On)
            }
            Ok(ConnectionState::PeerClosed) => {
                self.state = State::Ended;
                Ok(Step::On)
            }
            Ok(ConnectionState::WriteTraffic(traffic)) => encrypt(traffic, write, &mut self.outgoing),
            Ok(_) => Ok(Step::Waits),
            Err(error) => Err(error),
        };
        self.incoming.advance(discard);
        self.free_when_empty();
        stepped
    }

    /// The alert that belongs to an error comes before anything else that rustls would do.
    fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed(error.clone());
        let status = self.connection.process_tls_records(&mut self.incoming);
        if let Ok(ConnectionState::EncodeTlsData(mut alert)) = status.state {
            // Without it the peer only knows less.
            let _ = append(&mut self.outgoing, |room| {
                alert.encode(room).map_err(needed_to_encode)
            });
        }
        error
    }
}

fn encrypt(
    mut traffic: WriteTraffic<'_, ServerConnectionData>,
    write: Write<'_>,
    outgoing: &mut Vec<u8>,
) -> Result<Step, Error> {
    match write {
        Write::Nothing => return Ok(Step::Waits),
        Write::Octets(octets) => append(outgoing, |room| {
            traffic.encrypt(octets, room).map_err(needed_to_encrypt)
        })?,
        Write::Goodbye => append(outgoing, |room| {
            traffic.queue_close_notify(room).map_err(needed_to_encrypt)
        })?,
    }
    Ok(Step::Wrote)
}

/// Appends what `write` writes: it says first how much room it needs.
fn append(
    outgoing: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> Result<(), Error> {
    let begin = outgoing.len();
    let needed = match write(&mut []) {
        Ok(_) => return Ok(()),
        Err(needed) => needed.ok_or(Error::EncryptError)?,
    };
    outgoing.resize(begin + needed, 0);
    let written = write(&mut outgoing[begin..]).map_err(|_| Error::EncryptError)?;
    outgoing.truncate(begin + written);
    Ok(())
}

fn needed_to_encode(error: EncodeError) -> Option<usize> {
    match error {
        EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => Some(required_size),
        EncodeError::AlreadyEncoded => None,
    }
}

/// `None`: the keys are used up.
fn needed_to_encrypt(error: EncryptError) -> Option<usize> {
    match error {
        EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => Some(required_size),
        EncryptError::EncryptExhausted => None,
    }
}
