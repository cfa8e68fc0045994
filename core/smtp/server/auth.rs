//! AUTH: PLAIN and LOGIN, inside TLS only. RFC 4954 (the command), RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN).
//! What the client says here is a secret: `secrets.rs` keeps it out of every record.

use super::question::{Credentials, Offer, Question};
use super::session::{Asked, Fault, Outcome, Progress, Session};
use crate::replies;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postern_vocab::{Refusal, limits, refusals};

/// What the client's next line answers.
pub(super) enum Exchange {
    Plain,
    LoginUser,
    LoginPassword { user: String },
}

pub(super) fn auth(session: &mut Session, argument: &str) -> Outcome {
    if let Some(refusal) = out_of_order(session) {
        return refusal.into();
    }
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let (Some(mechanism), initial, None) = (words.next(), words.next(), words.next()) else {
        return refusals::AUTH_SYNTAX.into();
    };
    let exchange = match mechanism {
        _ if mechanism.eq_ignore_ascii_case("PLAIN") => Exchange::Plain,
        _ if mechanism.eq_ignore_ascii_case("LOGIN") => Exchange::LoginUser,
        _ => return refusals::MECHANISM_UNKNOWN.into(),
    };
    match (initial, &exchange) {
        (None, Exchange::Plain) => Outcome::Challenge(exchange, replies::SEND_CREDENTIALS),
        (None, _) => Outcome::Challenge(exchange, replies::SEND_USER),
        // RFC 4954 §4: an initial response that is empty.
        (Some("="), _) => heard(session, exchange, Vec::new()),
        (Some(response), _) => respond(session, exchange, response.as_bytes()),
    }
}

/// The client's answer to a challenge, as it stood on the line.
pub(super) fn respond(session: &mut Session, exchange: Exchange, response: &[u8]) -> Outcome {
    if response == b"*" {
        return refusals::AUTH_CANCELLED.into();
    }
    match STANDARD.decode(response) {
        Ok(octets) => heard(session, exchange, octets),
        Err(_) => refusals::BASE64_SYNTAX.into(),
    }
}

/// Policy knows the user.
pub(super) fn accepted(session: &mut Session, user: String) {
    session.user = Some(user);
}

/// A log-in failed: how it is said, unless the answer has words of its own, and whether there may be another.
pub(super) fn failed(session: &mut Session) -> Fault {
    session.auth_failures += 1;
    match session.auth_failures {
        count if count >= limits::AUTH_FAILURES_MAX => Fault::closing(refusals::TOO_MANY_AUTH_FAILURES),
        _ => Fault::goes(refusals::BAD_CREDENTIALS),
    }
}

fn out_of_order(session: &Session) -> Option<Refusal> {
    match &session.progress {
        _ if session.settings.auth == Offer::No => Some(refusals::AUTH_NOT_OFFERED),
        _ if !session.tls => Some(refusals::AUTH_NEEDS_TLS),
        _ if session.user.is_some() => Some(refusals::AUTH_TWICE),
        Progress::Connected => Some(refusals::HELLO_FIRST),
        Progress::Transaction(_) | Progress::Chunks(_) => Some(refusals::NOT_IN_TRANSACTION),
        Progress::Greeted => None,
    }
}

fn heard(session: &mut Session, exchange: Exchange, octets: Vec<u8>) -> Outcome {
    let credentials = match (exchange, String::from_utf8(octets)) {
        (Exchange::Plain, Ok(message)) if message.matches('\0').count() != 2 => {
            return Fault::goes(refusals::AUTH_PLAIN_SYNTAX).into();
        }
        (_, Err(_)) => None,
        (Exchange::Plain, Ok(message)) => plain(&message),
        (Exchange::LoginUser, Ok(user)) => {
            return Outcome::Challenge(Exchange::LoginPassword { user }, replies::SEND_PASSWORD);
        }
        (Exchange::LoginPassword { user }, Ok(password)) => Some(Credentials { user, password }),
    };
    let sound = |one: &Credentials| {
        let clean = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        clean(&one.user) && clean(&one.password)
    };
    match credentials.filter(sound) {
        Some(credentials) => Outcome::Ask(
            Asked::Login {
                user: credentials.user.clone(),
            },
            Question::Auth(credentials),
        ),
        None => failed(session).into(),
    }
}

/// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`. Nobody speaks for another here, so the first is empty or the second.
fn plain(message: &str) -> Option<Credentials> {
    let mut parts = message.split('\0');
    let (in_whose_name, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let well_formed = parts.next().is_none() && (in_whose_name.is_empty() || in_whose_name == user);
    well_formed.then(|| Credentials {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_message_has_its_three_parts() {
        let rows = [
            ("\0alice\0secret", Some("alice"), "no authorization identity"),
            ("alice\0alice\0secret", Some("alice"), "her own"),
            ("bob\0alice\0secret", None, "somebody else's"),
            ("\0alice", None, "no password"),
            ("alice\0secret", None, "two parts only"),
            ("\0alice\0sec\0ret", None, "a NUL too many"),
            ("", None, "nothing"),
        ];
        for (message, expected, reason) in rows {
            let user = plain(message).map(|credentials| credentials.user);
            assert_eq!(user.as_deref(), expected, "{reason}");
        }
    }
}
