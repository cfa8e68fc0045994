//! A body on its way in behind DATA, and the limits on it. RFC 5321 §4.1.1.4, §4.5.3.1.7; RFC 1870 §6.3.
//!
//! A body that cannot be taken is read to its true end all the same, since only that keeps both sides in step; it is
//! thrown away as it comes, in constant memory.

use super::buffer::{MessageBuffer, octets};
use super::question::BareLineEnds;
use crate::body::{BodyFault, BodyScanner, Framing, Scanned};
use bytes::BytesMut;
use postern_vocab::limits;

/// One body, from 354 to its end.
pub(super) struct Receiving {
    buffer: MessageBuffer,
    /// Octets at the start of the buffer that have been scanned.
    clean: usize,
    scanner: BodyScanner,
    /// Octets as they came, dot-stuffing and end of data included.
    wire_octets: u64,
    bytes_max: u64,
    doom: Option<Doom>,
}

/// Why a body will be refused at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doom {
    /// Over the message limit. The connection is closed after it, and before its end if it does not end in time.
    TooLarge,
    /// Something that must not be passed on.
    Fault(BodyFault),
}

/// How far the body has come.
pub(super) enum Arrival {
    /// The end of data has not come yet.
    More,
    /// The whole message, and the worst that was mended in it; `rest` came behind it.
    Whole {
        body: BytesMut,
        mended: Option<BodyFault>,
        rest: BytesMut,
    },
    /// The end of a body that cannot be taken.
    Doomed { doom: Doom, rest: BytesMut },
}

impl Receiving {
    /// Begins with what already came behind DATA: a client that does not wait for 354 bends RFC 2920 §3.1, and is served.
    pub(super) fn new(buffer: MessageBuffer, bytes_max: u64, bare_line_ends: BareLineEnds) -> Self {
        Self {
            buffer,
            clean: 0,
            scanner: BodyScanner::new(Framing::Dots, bare_line_ends),
            wire_octets: 0,
            bytes_max,
            doom: None,
        }
    }

    pub(super) fn take_buffer(&mut self) -> BytesMut {
        self.buffer.take()
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.buffer.give(buffer);
    }

    /// Octets that came since 354.
    pub(super) fn wire_octets(&self) -> u64 {
        self.wire_octets
    }

    /// Scans what has come.
    pub(super) fn arrived(&mut self) -> Arrival {
        self.wire_octets += octets(self.buffer.octets.len() - self.clean);
        let scanned = self.scanner.scan(&mut self.buffer.octets, self.clean);
        self.clean = self.buffer.octets.len();
        if let Scanned::End { rest } = &scanned {
            self.wire_octets -= octets(rest.len());
        }
        self.judge(&scanned);
        match (scanned, self.doom) {
            (Scanned::End { rest }, None) => Arrival::Whole {
                body: std::mem::take(&mut self.buffer.octets),
                mended: self.scanner.mended(),
                rest,
            },
            (Scanned::End { rest }, Some(doom)) => Arrival::Doomed { doom, rest },
            (Scanned::More, Some(Doom::TooLarge)) if self.is_endless() => Arrival::Doomed {
                doom: Doom::TooLarge,
                rest: BytesMut::new(),
            },
            (Scanned::More, Some(_)) => {
                self.buffer.discard();
                self.clean = 0;
                Arrival::More
            }
            (Scanned::More, None) => Arrival::More,
        }
    }

    /// Over the limit outweighs what is wrong inside, since it also ends the connection.
    fn judge(&mut self, scanned: &Scanned) {
        // The CR of `CRLF . CR` is no octet of the message if LF comes next.
        let perhaps_the_end = u64::from(*scanned == Scanned::More);
        if self.buffer.message_octets() > self.bytes_max.saturating_add(perhaps_the_end) {
            self.doom = Some(Doom::TooLarge);
        }
        if self.doom != Some(Doom::TooLarge) {
            self.doom = self.scanner.fault().map(Doom::Fault);
        }
    }

    fn is_endless(&self) -> bool {
        self.wire_octets > self.bytes_max.saturating_mul(limits::OVERSIZE_DISCARD_FACTOR)
    }
}
