//! A message that comes in chunks, and octets that come in a chunk and are not wanted. RFC 3030 §2 (exactly so many
//! octets, no dots), §3 (BINARYMIME: not even lines).

use super::bdat::Chunk;
use super::buffer::{MessageBuffer, octets};
use super::question::ServerSettings;
use super::receiving::Doom;
use super::session::Fault;
use crate::body::{BodyFault, BodyScanner, Framing};
use bytes::BytesMut;
use postern_vocab::{BodyKind, Envelope, Reply, limits};

/// A transaction in which BDAT has begun the message.
pub(super) struct ChunkedMessage {
    pub(super) envelope: Envelope,
    buffer: MessageBuffer,
    /// Octets at the start of the buffer that have been scanned.
    clean: usize,
    /// None for a binary message, which is taken as it is.
    scanner: Option<BodyScanner>,
    /// Octets that came.
    wire_octets: u64,
    /// The chunk under way, and how much of it has not come.
    chunk: Chunk,
    left: u64,
    bytes_max: u64,
}

/// How far a chunk has come.
pub(super) enum ChunkArrival {
    More,
    /// All of it; `rest` came behind it.
    Whole {
        chunk: Chunk,
        rest: BytesMut,
    },
}

impl ChunkedMessage {
    pub(super) fn new(envelope: Envelope, first: Chunk, settings: &ServerSettings) -> Self {
        let bytes_max = settings.message_bytes_max;
        let binary = envelope.body == BodyKind::BinaryMime;
        let expected = envelope.declared_bytes.unwrap_or(first.octets);
        Self {
            envelope,
            buffer: MessageBuffer::new(Some(expected), bytes_max, b""),
            clean: 0,
            scanner: (!binary).then(|| BodyScanner::new(Framing::Chunks, settings.bare_line_ends)),
            wire_octets: 0,
            chunk: first,
            left: 0,
            bytes_max,
        }
    }

    /// A chunk begins; `here` has come with its command.
    pub(super) fn begin(&mut self, chunk: Chunk, here: &[u8]) {
        (self.chunk, self.left) = (chunk, chunk.octets);
        self.buffer.octets.extend_from_slice(here);
    }

    pub(super) fn take_buffer(&mut self) -> BytesMut {
        self.buffer.take()
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.buffer.give(buffer);
    }

    /// Octets that came, all chunks together.
    pub(super) fn wire_octets(&self) -> u64 {
        self.wire_octets
    }

    /// Octets of memory that it takes, between chunks as well.
    pub(super) fn held_bytes(&self) -> usize {
        self.buffer.octets.capacity()
    }

    /// Scans what has come of the chunk.
    pub(super) fn arrived(&mut self) -> ChunkArrival {
        let rest = split_behind(&mut self.buffer.octets, self.clean, self.left);
        let fresh = octets(self.buffer.octets.len() - self.clean);
        self.left -= fresh;
        self.wire_octets += fresh;
        if let Some(scanner) = &mut self.scanner {
            scanner.scan(&mut self.buffer.octets, self.clean);
        }
        if self.doom().is_some() {
            self.buffer.discard();
        }
        self.clean = self.buffer.octets.len();
        match self.left {
            0 => ChunkArrival::Whole {
                chunk: self.chunk,
                rest,
            },
            _ => ChunkArrival::More,
        }
    }

    /// The last chunk is here: why the message cannot be taken, if it cannot.
    pub(super) fn finish(&mut self) -> Option<Doom> {
        if let Some(scanner) = &mut self.scanner {
            scanner.finish(&mut self.buffer.octets);
        }
        self.doom()
    }

    /// The message, and the worst that was mended in it.
    pub(super) fn into_message(self) -> (Envelope, BytesMut, Option<BodyFault>) {
        let mended = self.scanner.as_ref().and_then(BodyScanner::mended);
        (self.envelope, self.buffer.octets, mended)
    }

    /// What is mended can grow over the limit, and the line end that a text may lack is given to it.
    fn doom(&self) -> Option<Doom> {
        if self.buffer.message_octets() > self.bytes_max.saturating_add(2) {
            return Some(Doom::TooLarge);
        }
        self.scanner
            .as_ref()
            .and_then(BodyScanner::fault)
            .map(Doom::Fault)
    }
}

/// A chunk that is thrown away as it comes, and what is said at its end.
pub(super) struct Swallowing {
    scratch: BytesMut,
    left: u64,
    pub(super) chunk: Chunk,
    pub(super) answer: Answer,
    /// The command, for the incident.
    pub(super) line: Vec<u8>,
}

/// What is said at the end of a chunk that was thrown away.
pub(super) enum Answer {
    /// The protocol's refusal.
    Fault(Fault),
    /// The driver's.
    Reply(Reply),
}

impl Swallowing {
    pub(super) fn new(chunk: Chunk, answer: Answer, line: Vec<u8>) -> Self {
        Self {
            scratch: BytesMut::new(),
            left: chunk.octets,
            chunk,
            answer,
            line,
        }
    }

    /// Octets that came with the command.
    pub(super) fn begin(&mut self, here: &[u8]) {
        self.left -= octets(here.len());
    }

    pub(super) fn take_buffer(&mut self) -> BytesMut {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.reserve(limits::BODY_BUFFER_BYTES);
        scratch
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.scratch = buffer;
    }

    /// Octets that came.
    pub(super) fn wire_octets(&self) -> u64 {
        self.chunk.octets - self.left
    }

    /// Throws away what has come; what came behind the chunk, once all of it has.
    pub(super) fn arrived(&mut self) -> Option<BytesMut> {
        let rest = split_behind(&mut self.scratch, 0, self.left);
        self.left -= octets(self.scratch.len());
        self.scratch.clear();
        (self.left == 0).then_some(rest)
    }
}

/// Takes out what is more than `left` octets behind `clean`: the next commands.
fn split_behind(buffer: &mut BytesMut, clean: usize, left: u64) -> BytesMut {
    let end = usize::try_from(left)
        .map_or(buffer.len(), |left| clean.saturating_add(left))
        .min(buffer.len());
    let rest = BytesMut::from(&buffer[end..]);
    buffer.truncate(end);
    rest
}
