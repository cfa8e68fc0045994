//! The body on its way out: a dot more before each line that begins with one, and the end of data, without copying the
//! body. RFC 5321 §4.5.2, §4.1.1.4.

use bytes::Bytes;
use memchr::memmem;
use std::collections::VecDeque;

/// Slices handed out at once: a body that is all dots would be millions of them.
const SLICES_MAX: usize = 256;

/// A body that is being sent.
pub(super) struct Stuffed {
    pieces: VecDeque<Bytes>,
    end: End,
    /// The last two octets handed out. At the start CRLF, since a line begins there.
    last: [u8; 2],
}

/// What is still to come behind the pieces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Due,
    Sent,
}

impl Stuffed {
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self {
            pieces: pieces.into(),
            end: End::Due,
            last: *b"\r\n",
        }
    }

    /// The next slices, in order; none when the end of data has been handed out.
    pub(super) fn next_slices(&mut self) -> Vec<Bytes> {
        let mut slices = Vec::new();
        while slices.len() < SLICES_MAX {
            match self.pieces.pop_front() {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => self.cut(piece, &mut slices),
                None => {
                    self.finish(&mut slices);
                    break;
                }
            }
        }
        slices
    }

    /// Hands out a piece up to the next dot that needs another one, and puts the rest back.
    fn cut(&mut self, mut piece: Bytes, slices: &mut Vec<Bytes>) {
        if piece[0] == b'.' && self.last == *b"\r\n" {
            slices.push(Bytes::from_static(b"."));
        }
        let length = self.up_to_dot(&piece);
        let slice = piece.split_to(length);
        for &octet in &slice[slice.len().saturating_sub(2)..] {
            self.last = [self.last[1], octet];
        }
        slices.push(slice);
        if !piece.is_empty() {
            self.pieces.push_front(piece);
        }
    }

    /// The length of what can go out as it is: up to the first dot at the start of a line, beyond the first octet. It may
    /// be a line whose CR went out before (its LF is the first octet here).
    fn up_to_dot(&self, piece: &Bytes) -> usize {
        if self.last[1] == b'\r' && piece.starts_with(b"\n.") {
            return 1;
        }
        memmem::find(piece, b"\r\n.").map_or(piece.len(), |at| at + 2)
    }

    /// The end of data is a line of its own, so a body whose last line has no end gets one.
    fn finish(&mut self, slices: &mut Vec<Bytes>) {
        if self.end == End::Sent {
            return;
        }
        self.end = End::Sent;
        let end: &'static [u8] = if self.last == *b"\r\n" {
            b".\r\n"
        } else {
            b"\r\n.\r\n"
        };
        slices.push(Bytes::from_static(end));
    }
}
