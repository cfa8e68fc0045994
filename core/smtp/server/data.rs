//! DATA: the command, and what is said about a body that cannot be taken. RFC 5321 §3.3, §4.1.1.4, §2.3.8; RFC 1870
//! §6.3. The body itself comes in `receiving.rs`.

use super::question::Question;
use super::receiving::Doom;
use super::session::{Asked, Fault, Outcome, Session};
use crate::body::{BodyFault, LineEnd};
use postern_vocab::events::Stage;
use postern_vocab::{BodyKind, refusals};

/// RFC 3030 §3: a message that is not made of lines cannot come by DATA.
pub(super) fn data(session: &mut Session) -> Outcome {
    match session.envelope().map(|envelope| envelope.body) {
        Some(BodyKind::BinaryMime) => refusals::BINARY_NEEDS_BDAT.into(),
        _ => Outcome::Ask(Asked::Data, Question::Data),
    }
}

/// The reply to a body that was read to its end, or as far as we read, and thrown away.
pub(super) fn refusal(doom: Doom) -> Fault {
    let (refusal, rule) = match doom {
        Doom::TooLarge => (refusals::TOO_LARGE, "message size"),
        Doom::Fault(BodyFault::LineTooLong) => (refusals::TEXT_LINE_TOO_LONG, "text line length"),
        Doom::Fault(fault) if has_bare_lf(fault) => (refusals::BARE_LF_IN_DATA, "bare line feed"),
        Doom::Fault(_) => (refusals::BARE_CR_IN_DATA, "bare carriage return"),
    };
    Fault::refusing(refusal, Stage::Data, rule)
}

fn has_bare_lf(fault: BodyFault) -> bool {
    match fault {
        BodyFault::Bare(line_end) => line_end == LineEnd::Lf,
        BodyFault::FalseEnd { before, after } => before == LineEnd::Lf || after == LineEnd::Lf,
        BodyFault::LineTooLong => false,
    }
}
