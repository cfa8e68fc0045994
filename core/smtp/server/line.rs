//! Command lines out of octets. RFC 5321 §2.3.8 (only CRLF ends a line), §4.5.3.1.4 (length).
//!
//! What is cut here depends on the octets alone, never on how they were split into reads. Behind a bare line end or an
//! overlong line everything up to the next CRLF is thrown away unread: whoever smuggles commands hides them there.

use bytes::{Buf, BytesMut};
use memchr::memchr2;
use postern_vocab::limits;

/// Octets of a line before its CRLF.
const LINE_OCTETS_MAX: usize = limits::COMMAND_LINE_OCTETS_MAX - 2;

/// One command line, without its line end.
#[derive(PartialEq, Eq, Debug)]
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

    /// The buffer, with room for the next read. An idle connection holds no more than this.
    pub(super) fn take_buffer(&mut self) -> BytesMut {
        let mut buffer = std::mem::take(&mut self.input);
        if buffer.is_empty() {
            buffer = BytesMut::with_capacity(limits::COMMAND_BUFFER_BYTES);
        }
        buffer.reserve(limits::COMMAND_BUFFER_BYTES / 2);
        buffer
    }

    pub(super) fn give_buffer(&mut self, buffer: BytesMut) {
        self.input = buffer;
    }

    /// What came behind DATA: it is the body's.
    pub(super) fn take_rest(&mut self) -> BytesMut {
        self.early = 0;
        std::mem::take(&mut self.input)
    }

    /// The next line, or `None` when it has not come in full.
    pub(super) fn next(&mut self) -> Option<CommandLine> {
        let came = if self.early > 0 {
            Came::BeforeBanner
        } else {
            Came::AfterBanner
        };
        let octets_before = self.input.len();
        let is_first = self.mode == Mode::First;
        let cut = self.cut();
        self.early = self.early.saturating_sub(octets_before - self.input.len());
        let (octets, form) = cut?;
        let form = if is_first && is_foreign(&octets) {
            LineForm::Foreign
        } else {
            form
        };
        Some(CommandLine { octets, form, came })
    }

    fn cut(&mut self) -> Option<(BytesMut, LineForm)> {
        if self.mode == Mode::First
            && self
                .input
                .first()
                .is_some_and(|octet| !octet.is_ascii_alphabetic())
        {
            return Some((
                self.input.split_to(self.input.len().min(LINE_OCTETS_MAX)),
                LineForm::Foreign,
            ));
        }
        loop {
            let skipping = self.mode == Mode::Skipping;
            match self.find() {
                Found::CrLf(length) | Found::Bare(length) | Found::None(length)
                    if !skipping && length > LINE_OCTETS_MAX =>
                {
                    self.mode = Mode::Skipping;
                    return Some((self.input.split_to(LINE_OCTETS_MAX), LineForm::TooLong));
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
                    let line = self.input.split_to(length);
                    self.input.advance(1);
                    self.mode = Mode::Skipping;
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
    !line.first().is_some_and(u8::is_ascii_alphabetic) || VERBS.iter().any(|v| v.eq_ignore_ascii_case(verb))
}
