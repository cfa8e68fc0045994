//! DATA: the command, and what is said about a body that cannot be taken. RFC 5321 §3.3, §4.1.1.4, §2.3.8; RFC 1870
//! §6.3. The body itself comes in `receiving.rs`.

use super::question::Question;
use super::receiving::Doom;
use super::session::{Asked, Consequence, Fault, Outcome, Session};
use crate::body::{BodyFault, LineEnd};
use crate::replies;
use postern_vocab::events::{IncidentKind, Stage};

pub(super) fn data(_: &mut Session) -> Outcome {
    Outcome::Ask(Asked::Data, Question::Data)
}

/// The reply to a body that was read to its end, or as far as we read, and thrown away.
pub(super) fn refusal(doom: Doom) -> Fault {
    let (reply, kind, rule) = match doom {
        Doom::TooLarge => (replies::TOO_LARGE, IncidentKind::TooLarge, "message size"),
        Doom::Fault(BodyFault::LineTooLong) => (
            replies::TEXT_LINE_TOO_LONG,
            IncidentKind::OverLimit,
            "text line length",
        ),
        Doom::Fault(fault) if has_bare_lf(fault) => (
            replies::BARE_LF_IN_DATA,
            IncidentKind::Smuggling,
            "bare line feed",
        ),
        Doom::Fault(_) => (
            replies::BARE_CR_IN_DATA,
            IncidentKind::Smuggling,
            "bare carriage return",
        ),
    };
    Fault {
        reply,
        kind,
        consequence: Consequence::Refuses(Stage::Data, rule),
    }
}

fn has_bare_lf(fault: BodyFault) -> bool {
    match fault {
        BodyFault::Bare(line_end) => line_end == LineEnd::Lf,
        BodyFault::FalseEnd { before, after } => before == LineEnd::Lf || after == LineEnd::Lf,
        BodyFault::LineTooLong => false,
    }
}
