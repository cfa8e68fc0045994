//! The body scanner: finds the end of data, takes away dot-stuffing and notices or mends every line end that is not CRLF,
//! in one pass over the message's own buffer as octets arrive in any split. RFC 5321 §2.3.8 (line ends), §4.1.1.4 (end of
//! data), §4.5.2 (transparency), §4.5.3.1.6 (text line); RFC 3030 §2 (chunks, which have neither dots nor end).
//!
//! It knows octets and nothing of commands, sizes or policy. Only a true `CRLF . CRLF` ends the data; whatever another
//! mail server might take for the end is remembered as a [`BodyFault`], because mail that two servers cut differently
//! is how SMTP smuggling works (CVE-2023-51764).

use crate::server::BareLineEnds;
use bytes::BytesMut;
use memchr::memchr2;
use postern_vocab::limits;
use std::fmt;

/// A line end, true or false.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineEnd {
    /// The only one SMTP has.
    CrLf,
    /// A line feed without a carriage return.
    Lf,
    /// A carriage return without a line feed.
    Cr,
}

/// Why a body cannot be taken as it is. RFC 5321 §2.3.8 forbids bare CR and LF; we refuse what we cannot pass on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyFault {
    /// A bare CR or LF in the text.
    Bare(LineEnd),
    /// A single dot between two line ends that are not both CRLF: an end of data for careless servers.
    FalseEnd {
        /// The line end before the dot.
        before: LineEnd,
        /// The line end after it.
        after: LineEnd,
    },
    /// A text line over `limits::TEXT_LINE_OCTETS_MAX`.
    LineTooLong,
}

impl BodyFault {
    /// A false end of data tells more than a bare line end, and both more than a long line.
    fn severity(self) -> u8 {
        match self {
            Self::LineTooLong => 0,
            Self::Bare(_) => 1,
            Self::FalseEnd { .. } => 2,
        }
    }
}

/// How the octets come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Behind DATA: dot-stuffed, up to `CRLF . CRLF`.
    Dots,
    /// In chunks of BDAT: as they are, and somebody else knows where they end.
    Chunks,
}

/// What a scan came to.
#[derive(PartialEq, Eq, Debug)]
pub enum Scanned {
    /// The end of data has not come yet.
    More,
    /// The body is complete in its buffer; these octets came behind it and are the next commands.
    End {
        /// Octets after the end-of-data line.
        rest: BytesMut,
    },
}

/// What has been seen of the line under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seen {
    Nothing,
    Dot,
    Text,
}

/// The state between two reads. A scanner serves one body.
#[derive(Debug)]
pub struct BodyScanner {
    framing: Framing,
    bare_line_ends: BareLineEnds,
    /// The line end before the line under way. The CRLF of the DATA command itself counts (RFC 5321 §4.1.1.4).
    before: LineEnd,
    seen: Seen,
    /// The last octet was a CR, and what follows decides what it was.
    after_cr: bool,
    line_octets: usize,
    fault: Option<BodyFault>,
    mended: Option<BodyFault>,
}

/// For DATA, where bare line ends are refused.
impl Default for BodyScanner {
    fn default() -> Self {
        Self::new(Framing::Dots, BareLineEnds::Refuse)
    }
}

impl BodyScanner {
    /// A scanner for one body.
    #[must_use]
    pub fn new(framing: Framing, bare_line_ends: BareLineEnds) -> Self {
        Self {
            framing,
            bare_line_ends,
            before: LineEnd::CrLf,
            seen: Seen::Nothing,
            after_cr: false,
            line_octets: 0,
            fault: None,
            mended: None,
        }
    }

    /// Scans the octets of `buffer` from `clean` on; those before it are the body as scanned so far. Afterwards all of
    /// `buffer` is body. Octets move only behind a stuffed dot or a mended line end, and only as far as this read reaches.
    pub fn scan(&mut self, buffer: &mut BytesMut, clean: usize) -> Scanned {
        let mut kept = Kept {
            end: clean,
            next: clean,
            behind: None,
        };
        let mut at = clean;
        while let Some(&octet) = buffer.get(at) {
            match octet {
                b'\n' if self.after_cr => {
                    self.after_cr = false;
                    if self.ends_data() {
                        let rest = BytesMut::from(&buffer[at + 1..]);
                        kept.up_to(at, buffer);
                        kept.finish(buffer);
                        // The CR of the final line is the last octet kept, unless the caller has thrown it away.
                        buffer.truncate(buffer.len().saturating_sub(1));
                        return Scanned::End { rest };
                    }
                    self.line_ended(LineEnd::CrLf);
                }
                // The octet after a bare CR is looked at again, as the first of a line.
                _ if self.after_cr => {
                    self.after_cr = false;
                    self.line_ended(LineEnd::Cr);
                    if self.bare_line_ends == BareLineEnds::Normalise {
                        kept.insert(b'\n', at, buffer);
                    }
                    continue;
                }
                b'\r' => self.after_cr = true,
                b'\n' => {
                    self.line_ended(LineEnd::Lf);
                    if self.bare_line_ends == BareLineEnds::Normalise {
                        kept.insert(b'\r', at, buffer);
                    }
                }
                b'.' if self.seen == Seen::Nothing => {
                    self.seen = Seen::Dot;
                    if self.before == LineEnd::CrLf && self.framing == Framing::Dots {
                        kept.without(at, buffer);
                    }
                }
                _ => {
                    at += self.text(&buffer[at..]);
                    continue;
                }
            }
            at += 1;
        }
        kept.up_to(at, buffer);
        kept.finish(buffer);
        Scanned::More
    }

    /// The end of a text that came in chunks. One that does not end its last line gets the line end that it needs to be
    /// passed on with DATA, and that its recipient would see anyway (RFC 5321 §4.1.1.4; RFC 3030 has no rule for it).
    pub fn finish(&mut self, buffer: &mut BytesMut) {
        if std::mem::take(&mut self.after_cr) {
            self.line_ended(LineEnd::Cr);
            buffer.extend_from_slice(b"\n");
        } else if !buffer.is_empty() && !buffer.ends_with(b"\r\n") {
            buffer.extend_from_slice(b"\r\n");
        }
    }

    /// The worst that was found so far and cannot be passed on, the first of its kind.
    #[must_use]
    pub fn fault(&self) -> Option<BodyFault> {
        self.fault
    }

    /// The worst that was found and mended so far, the first of its kind.
    #[must_use]
    pub fn mended(&self) -> Option<BodyFault> {
        self.mended
    }

    fn ends_data(&self) -> bool {
        self.framing == Framing::Dots && self.before == LineEnd::CrLf && self.seen == Seen::Dot
    }

    /// Passes over text up to the next CR or LF, and returns how many octets that was.
    fn text(&mut self, octets: &[u8]) -> usize {
        let length = memchr2(b'\r', b'\n', octets).unwrap_or(octets.len());
        self.seen = Seen::Text;
        self.line_octets = self.line_octets.saturating_add(length);
        if self.line_octets > limits::TEXT_LINE_OCTETS_MAX {
            self.note(BodyFault::LineTooLong);
        }
        length
    }

    fn line_ended(&mut self, with: LineEnd) {
        match (self.before, self.seen, with) {
            // In a chunk, `CRLF . CRLF` is a line like any other.
            (LineEnd::CrLf, _, LineEnd::CrLf) => {}
            (before, Seen::Dot, after) => self.note(BodyFault::FalseEnd { before, after }),
            (_, _, LineEnd::CrLf) => {}
            (_, _, bare) => self.note(BodyFault::Bare(bare)),
        }
        (self.before, self.seen, self.line_octets) = (with, Seen::Nothing, 0);
    }

    fn note(&mut self, found: BodyFault) {
        let mends = self.bare_line_ends == BareLineEnds::Normalise && found != BodyFault::LineTooLong;
        let worst = if mends { &mut self.mended } else { &mut self.fault };
        if worst.is_none_or(|known| known.severity() < found.severity()) {
            *worst = Some(found);
        }
    }
}

/// Where the octets that stay go, when a dot before them does not or an octet comes between them.
struct Kept {
    /// The end of the body so far.
    end: usize,
    /// The first octet that has not been put there yet.
    next: usize,
    /// What belongs behind `end` and has no room there yet: everything from the first inserted octet on.
    behind: Option<BytesMut>,
}

impl Kept {
    /// Keeps the octets before `at`.
    fn up_to(&mut self, at: usize, buffer: &mut BytesMut) {
        if let Some(behind) = &mut self.behind {
            behind.extend_from_slice(&buffer[self.next..at]);
            self.next = at;
            return;
        }
        if self.end != self.next {
            buffer.copy_within(self.next..at, self.end);
        }
        self.end += at - self.next;
        self.next = at;
    }

    /// Keeps the octets before `at`, and leaves out the one there.
    fn without(&mut self, at: usize, buffer: &mut BytesMut) {
        self.up_to(at, buffer);
        self.next = at + 1;
    }

    /// Keeps the octets before `at`, and one more. What follows is copied once, however many come.
    fn insert(&mut self, octet: u8, at: usize, buffer: &mut BytesMut) {
        self.up_to(at, buffer);
        self.behind.get_or_insert_default().extend_from_slice(&[octet]);
    }

    /// Leaves nothing but the body in the buffer.
    fn finish(self, buffer: &mut BytesMut) {
        buffer.truncate(self.end);
        if let Some(behind) = self.behind {
            buffer.extend_from_slice(&behind);
        }
    }
}

impl fmt::Display for LineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CrLf => "<CR><LF>",
            Self::Lf => "<LF>",
            Self::Cr => "<CR>",
        })
    }
}

/// As in an event: `bare <LF>`, `false end of data <LF>.<CR><LF>`.
impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(line_end) => write!(f, "bare {line_end}"),
            Self::FalseEnd { before, after } => write!(f, "false end of data {before}.{after}"),
            Self::LineTooLong => write!(f, "text line over {} octets", limits::TEXT_LINE_OCTETS_MAX),
        }
    }
}
