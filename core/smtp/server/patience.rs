//! How many mistakes a client may make. RFC 5321 §4.3.2 lets a server close on a client that only errs.

use postern_vocab::events::IncidentKind;
use postern_vocab::limits;

/// What is left after a mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    /// The client may go on.
    Left,
    /// It may go on, slowly.
    Thin,
    /// It may not.
    Gone,
}

/// The mistakes of one connection. A command out of order is not one: a pipelining client whose MAIL was refused sends
/// RCPT after RCPT in good faith.
#[derive(Default)]
pub(super) struct Mistakes {
    malformed: u32,
    lines_too_long: u32,
    bare_line_ends: u32,
}

impl Mistakes {
    /// Counts one, and says what follows where `errors_max` are borne.
    pub(super) fn count(&mut self, kind: IncidentKind, errors_max: u32) -> Patience {
        match kind {
            IncidentKind::LineTooLong => second_is_last(&mut self.lines_too_long),
            IncidentKind::BareLineEnd => second_is_last(&mut self.bare_line_ends),
            IncidentKind::UnknownCommand
            | IncidentKind::BadArguments
            | IncidentKind::BadSequence
            | IncidentKind::ControlOctet
            | IncidentKind::NonAscii => {
                self.malformed += 1;
                match self.malformed {
                    count if count > errors_max => Patience::Gone,
                    count if count > limits::ERRORS_BEFORE_DELAY => Patience::Thin,
                    _ => Patience::Left,
                }
            }
            _ => Patience::Left,
        }
    }
}

fn second_is_last(count: &mut u32) -> Patience {
    *count += 1;
    if *count > 1 {
        Patience::Gone
    } else {
        Patience::Left
    }
}
