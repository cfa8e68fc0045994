//! HELO and EHLO. RFC 5321 §4.1.1.1, §4.1.4; the extensions, one row each.

use super::question::{Offer, Question};
use super::session::{Asked, Outcome, Progress, Session};
use super::xclient;
use postern_vocab::{Domain, refusals};

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
        return refusals::HELLO_WITHOUT_NAME.into();
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
        lines.extend(EXTENSIONS.iter().filter_map(|extension| extension.line(session)));
    }
    lines
}

/// One line of the EHLO reply.
enum Extension {
    Word(&'static str),
    Size,
    Limits,
    StartTls,
    Auth,
    Xclient,
}

const EXTENSIONS: &[Extension] = &[
    Extension::Word("PIPELINING"),          // RFC 2920
    Extension::Size,                        // RFC 1870 §4
    Extension::Word("8BITMIME"),            // RFC 6152
    Extension::Word("ENHANCEDSTATUSCODES"), // RFC 2034
    Extension::Word("SMTPUTF8"),            // RFC 6531
    Extension::Word("CHUNKING"),            // RFC 3030 §2
    Extension::Word("BINARYMIME"),          // RFC 3030 §3
    Extension::Word("DSN"),                 // RFC 3461
    Extension::Limits,                      // RFC 9422
    Extension::StartTls,                    // RFC 3207 §4.2: not inside TLS
    Extension::Auth,                        // RFC 4954 §4: not in the clear, not twice
    Extension::Xclient,                     // Postfix XCLIENT_README
    Extension::Word("HELP"),                // RFC 5321 §4.1.1.8
];

impl Extension {
    /// The line, if this client is offered it now.
    fn line(&self, session: &Session) -> Option<String> {
        let settings = &session.settings;
        match self {
            Self::Word(word) => Some((*word).to_owned()),
            Self::Size => Some(format!("SIZE {}", settings.message_bytes_max)),
            Self::Limits => Some(format!(
                "LIMITS RCPTMAX={} MAILMAX={}",
                settings.recipients_max.clamp(1, LIMIT_VALUE_MAX),
                usize::try_from(settings.messages_max)
                    .map_or(LIMIT_VALUE_MAX, |max| max.clamp(1, LIMIT_VALUE_MAX)),
            )),
            Self::StartTls => (settings.tls != Offer::No && !session.tls).then(|| "STARTTLS".to_owned()),
            Self::Auth => session.offers_auth().then(|| "AUTH PLAIN LOGIN".to_owned()),
            Self::Xclient => settings.xclient.then(|| {
                let names: Vec<_> = xclient::NAMES.iter().map(|(name, _)| *name).collect();
                format!("XCLIENT {}", names.join(" "))
            }),
        }
    }
}

/// RFC 9422 §4: six digits.
const LIMIT_VALUE_MAX: usize = 999_999;
