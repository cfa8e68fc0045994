//! The body scanner: finds the end of data, takes away dot-stuffing and notices every line end that is not CRLF, in one
//! pass over the message's own buffer as octets arrive in any split. RFC 5321 §2.3.8 (line ends), §4.1.1.4 (end of
//! data), §4.5.2 (transparency), §4.5.3.1.6 (text line).
//!
//! It knows octets and nothing of commands, sizes or policy. Only a true `CRLF . CRLF` ends the data; whatever another
//! mail server might take for the end is remembered as a [`BodyFault`], because mail that two servers cut differently
//! is how SMTP smuggling works (CVE-2023-51764).

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
    /// The line end before the line under way. The CRLF of the DATA command itself counts (RFC 5321 §4.1.1.4).
    before: LineEnd,
    seen: Seen,
    /// The last octet was a CR, and what follows decides what it was.
    after_cr: bool,
    line_octets: usize,
    fault: Option<BodyFault>,
}

impl Default for BodyScanner {
    fn default() -> Self {
        Self {
            before: LineEnd::CrLf,
            seen: Seen::Nothing,
            after_cr: false,
            line_octets: 0,
            fault: None,
        }
    }
}

impl BodyScanner {
    /// Scans the octets of `buffer` from `clean` on; those before it are the body as scanned so far. Afterwards all of
    /// `buffer` is body. Octets move only behind a stuffed dot, and only as far as this read reaches.
    pub fn scan(&mut self, buffer: &mut BytesMut, clean: usize) -> Scanned {
        let mut kept = Kept {
            end: clean,
            next: clean,
        };
        let mut at = clean;
        while let Some(&octet) = buffer.get(at) {
            match octet {
                b'\n' if self.after_cr => {
                    self.after_cr = false;
                    if self.ends_data() {
                        let rest = BytesMut::from(&buffer[at + 1..]);
                        kept.up_to(at, buffer);
                        // The CR of the final line is the last octet kept, unless the caller has thrown it away.
                        buffer.truncate(kept.end.saturating_sub(1));
                        return Scanned::End { rest };
                    }
                    self.line_ended(LineEnd::CrLf);
                }
                // The octet after a bare CR is looked at again, as the first of a line.
                _ if self.after_cr => {
                    self.after_cr = false;
                    self.line_ended(LineEnd::Cr);
                    continue;
                }
                b'\r' => self.after_cr = true,
                b'\n' => self.line_ended(LineEnd::Lf),
                b'.' if self.seen == Seen::Nothing => {
                    self.seen = Seen::Dot;
                    if self.before == LineEnd::CrLf {
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
        buffer.truncate(kept.end);
        Scanned::More
    }

    /// The worst that was found so far, the first of its kind.
    #[must_use]
    pub fn fault(&self) -> Option<BodyFault> {
        self.fault
    }

    fn ends_data(&self) -> bool {
        self.before == LineEnd::CrLf && self.seen == Seen::Dot
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
            (before, Seen::Dot, after) => self.note(BodyFault::FalseEnd { before, after }),
            (_, _, LineEnd::CrLf) => {}
            (_, _, bare) => self.note(BodyFault::Bare(bare)),
        }
        (self.before, self.seen, self.line_octets) = (with, Seen::Nothing, 0);
    }

    fn note(&mut self, found: BodyFault) {
        if self.fault.is_none_or(|known| known.severity() < found.severity()) {
            self.fault = Some(found);
        }
    }
}

/// Where the octets that stay go, when a dot before them does not.
struct Kept {
    /// The end of the body so far.
    end: usize,
    /// The first octet that has not been put there yet.
    next: usize,
}

impl Kept {
    /// Keeps the octets before `at`.
    fn up_to(&mut self, at: usize, buffer: &mut BytesMut) {
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
