//! HELO and EHLO. RFC 5321 §4.1.1.1, §4.1.4; the extensions: RFC 2920, RFC 1870, RFC 6152, RFC 2034.

use super::question::Question;
use super::session::{Asked, Fault, Outcome, Progress, Session};
use crate::replies;
use postern_vocab::Domain;

pub(super) fn ehlo(_: &mut Session, name: &str) -> Outcome {
    ask(name, true)
}

pub(super) fn helo(_: &mut Session, name: &str) -> Outcome {
    ask(name, false)
}

/// A name that is no name is taken (it bends RFC 5321 §4.1.1.1, as all servers do): too many honest machines do not
/// know their own. It is a fact for policy.
fn ask(name: &str, extended: bool) -> Outcome {
    if name.is_empty() {
        return Fault::malformed(replies::HELLO_WITHOUT_NAME);
    }
    let valid = name.parse::<Domain>().is_ok();
    Outcome::Ask(
        Asked::Hello { extended },
        Question::Hello {
            name: name.to_owned(),
            extended,
            valid,
        },
    )
}

/// The name was accepted: a transaction that was open is dropped (RFC 5321 §4.1.4). Returns the lines of the reply.
pub(super) fn accepted(session: &mut Session, extended: bool) -> Vec<String> {
    session.progress = Progress::Greeted;
    let mut lines = vec![session.settings.hostname.clone()];
    if extended {
        lines.extend(EXTENSIONS.iter().map(|extension| match extension {
            Extension::Word(word) => (*word).to_owned(),
            Extension::Size => format!("SIZE {}", session.settings.message_bytes_max),
        }));
    }
    lines
}

/// One line of the EHLO reply.
enum Extension {
    Word(&'static str),
    /// RFC 1870 §4.
    Size,
}

const EXTENSIONS: &[Extension] = &[
    Extension::Word("PIPELINING"),          // RFC 2920
    Extension::Size,                        // RFC 1870
    Extension::Word("8BITMIME"),            // RFC 6152
    Extension::Word("ENHANCEDSTATUSCODES"), // RFC 2034
];
