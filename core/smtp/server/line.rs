//! Command lines out of octets. RFC 5321 §2.3.8 (only CRLF ends a line), §4.5.3.1.4 (length), §4.5.3.1.10 and the RFCs of
//! the extensions (what they add to it).
//!
//! What is cut here depends on the octets alone, never on how they were split into reads. Behind a bare line end or an
//! overlong line everything up to the next CRLF is thrown away unread: whoever smuggles commands hides them there.

use bytes::{Buf, BytesMut};
use memchr::memchr2;
use postern_vocab::limits;

/// One command line, without its line end. It may hold a secret, so it cannot be printed.
pub(super) struct CommandLine {
    pub(super) octets: BytesMut,
    pub(super) form: LineForm,
    pub(super) came: Came,
}

/// What a line looks like before it is read as a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineForm {
    /// As it should be.
    Whole,
    /// Cut at the limit.
    TooLong,
    /// Ended by a bare CR or LF.
    BareLineEnd,
    /// The first line of the connection, and another protocol's.
    Foreign,
}

/// What the next line is, as far as its length goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expected {
    /// A command, where AUTH would not be obeyed: nobody needs room for it.
    Command,
    /// A command, AUTH among them.
    CommandOrAuth,
    /// The answer to a challenge of AUTH.
    Response,
}

/// When a line came, by its first octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    BeforeBanner,
    AfterBanner,
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Before the first line.
    First,
    /// At the start of a line.
    Line,
    /// In a line that is thrown away.
    Skipping,
}

/// The octets not yet read as commands.
pub(super) struct Lines {
    input: BytesMut,
    /// How many octets at the start of `input` came before the banner.
    early: usize,
    mode: Mode,
}

/// The next line end in the input, and the octets before it.
enum Found {
    CrLf(usize),
    Bare(usize),
    /// None yet; so many octets will certainly come before it.
    None(usize),
}

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            input: BytesMut::new(),
            early: 0,
            mode: Mode::First,
        }
    }

    pub(super) fn push_early(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        self.early = self.input.len();
    }

    /// The buffer, with room for the next read. An idle connection holds no more than this, and a line that comes slowly
    /// no more than itself and a read: doubling would hold twice that.
    pub(super) fn take_buffer(&mut self) -> BytesMut {
        let buffer = std::mem::take(&mut self.input);
        if buffer.is_empty() {
            return BytesMut::with_capacity(limits::COMMAND_BUFFER_BYTES);
        }
        let room = limits::COMMAND_BUFFER_BYTES / 2;
        if buffer.capacity() - buffer.len() >= room {
            return buffer;
        }
        let mut larger = BytesMut::with_capacity(buffer.len() + room);
        larger.extend_from_slice(&buffer);
        larger
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.input = buffer;
    }

    /// What came behind DATA is the body's, what came behind STARTTLS nobody's.
    pub(super) fn take_rest(&mut self) -> BytesMut {
        self.early = 0;
        std::mem::take(&mut self.input)
    }

    /// What came behind BDAT: up to so many octets are the chunk's.
    pub(super) fn take_up_to(&mut self, octets: u64) -> BytesMut {
        let length = usize::try_from(octets).map_or(self.input.len(), |octets| octets.min(self.input.len()));
        self.early = self.early.saturating_sub(length);
        self.input.split_to(length)
    }

    /// What came behind a chunk that ended within a read: nothing was here before it.
    pub(super) fn put_back(&mut self, rest: BytesMut) {
        if !rest.is_empty() {
            self.input = rest;
        }
    }

    /// Whether a line has begun to come.
    pub(super) fn is_partial(&self) -> bool {
        !self.input.is_empty() || self.mode == Mode::Skipping
    }

    /// The next line, or `None` when it has not come in full.
    pub(super) fn next(&mut self, expected: Expected) -> Option<CommandLine> {
        let came = if self.early > 0 {
            Came::BeforeBanner
        } else {
            Came::AfterBanner
        };
        let octets_before = self.input.len();
        let is_first = self.mode == Mode::First;
        let cut = self.cut(expected);
        self.early = self.early.saturating_sub(octets_before - self.input.len());
        let (octets, form) = cut?;
        let form = if is_first && is_foreign(&octets) {
            LineForm::Foreign
        } else {
            form
        };
        Some(CommandLine { octets, form, came })
    }

    fn cut(&mut self, expected: Expected) -> Option<(BytesMut, LineForm)> {
        if self.mode == Mode::First
            && self
                .input
                .first()
                .is_some_and(|octet| !octet.is_ascii_alphabetic())
        {
            return Some((
                self.input
                    .split_to(self.input.len().min(limits::COMMAND_LINE_OCTETS_MAX)),
                LineForm::Foreign,
            ));
        }
        loop {
            let skipping = self.mode == Mode::Skipping;
            match self.find() {
                Found::CrLf(length) | Found::Bare(length) | Found::None(length)
                    if !skipping && length > self.octets_max(expected) =>
                {
                    self.mode = Mode::Skipping;
                    let most = self.octets_max(expected);
                    return Some((self.input.split_to(most), LineForm::TooLong));
                }
                Found::CrLf(length) => {
                    let line = self.input.split_to(length);
                    self.input.advance(2);
                    self.mode = Mode::Line;
                    if !skipping {
                        return Some((line, LineForm::Whole));
                    }
                }
                Found::Bare(length) => {
                    let mut line = self.input.split_to(length);
                    self.input.advance(1);
                    self.mode = Mode::Skipping;
                    // How much of it is still here depends on the reads.
                    if skipping {
                        line.clear();
                    }
                    return Some((line, LineForm::BareLineEnd));
                }
                Found::None(length) => {
                    if skipping {
                        self.input.advance(length);
                    }
                    return None;
                }
            }
        }
    }

    /// Octets of the line that begins here, before its CRLF. What decides it stands within what every line may have, so the
    /// answer for a longer one never changes as more comes.
    fn octets_max(&self, expected: Expected) -> usize {
        let most = limits::COMMAND_LINE_OCTETS_MAX - 2;
        let start = &self.input[..self.input.len().min(most)];
        let is = |verb: &[u8]| {
            start
                .get(..5)
                .is_some_and(|start| start.eq_ignore_ascii_case(verb))
        };
        // A path has no more room than ever; it is what follows it that may be long.
        let has_path = || memchr::memchr(b'>', start).is_some();
        match expected {
            Expected::Response => limits::AUTH_LINE_OCTETS_MAX - 2,
            Expected::CommandOrAuth if is(b"AUTH ") => limits::AUTH_LINE_OCTETS_MAX - 2,
            _ if (is(b"MAIL ") || is(b"RCPT ")) && has_path() => limits::MAIL_LINE_OCTETS_MAX - 2,
            _ => most,
        }
    }

    fn find(&self) -> Found {
        let input = &self.input[..];
        match memchr2(b'\r', b'\n', input) {
            None => Found::None(input.len()),
            Some(at) if input[at] == b'\n' => Found::Bare(at),
            Some(at) => match input.get(at + 1) {
                None => Found::None(at),
                Some(b'\n') => Found::CrLf(at),
                Some(_) => Found::Bare(at),
            },
        }
    }
}

/// Requests of web browsers and of whatever can be talked into sending one (cross-protocol forgery), and anything that
/// does not begin with a letter: a TLS hello, a PROXY version 2 header, line noise.
fn is_foreign(line: &[u8]) -> bool {
    const VERBS: [&[u8]; 11] = [
        b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH", b"PRI",
        b"PROXY",
    ];
    let verb = line.split(|octet| *octet == b' ').next().unwrap_or_default();
    !line.first().is_some_and(u8::is_ascii_alphabetic)
        || line.starts_with(b"SSH-")
        || VERBS.iter().any(|v| v.eq_ignore_ascii_case(verb))
}
