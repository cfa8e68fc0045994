//! MAIL FROM. RFC 5321 §3.3, §4.1.1.2, §4.5.5 (the null path); RFC 1870 §6.1 (a SIZE over the limit); RFC 4954 §6 (a
//! log-in that is missing).

use super::question::{Offer, Question};
use super::session::{Asked, Fault, Outcome, Progress, Session};
use super::{parameters, path};
use crate::replies;
use postern_vocab::events::Stage;
use postern_vocab::{Envelope, Refusal, Reply, ReversePath, refusals};

/// The rule of a refusal for what is no address.
pub(super) const SYNTAX_RULE: &str = "sender syntax";

pub(super) fn mail(session: &mut Session, argument: &str) -> Outcome {
    let settings = &session.settings;
    if session.messages >= settings.messages_max {
        return Fault::closing(refusals::TOO_MANY_MESSAGES).into();
    }
    if settings.auth == Offer::Required && session.user.is_none() {
        return refuse(refusals::AUTH_REQUIRED, "authentication required");
    }
    let Some((sender, text)) = parse(argument) else {
        let refusal = Refusal {
            reply: settings.malformed_sender.clone(),
            ..refusals::SENDER_SYNTAX
        };
        return refuse(refusal, SYNTAX_RULE);
    };
    let mut envelope = Envelope {
        sender,
        ..Envelope::default()
    };
    if let Err(refusal) = parameters::apply(parameters::MAIL, text, settings, &mut envelope) {
        return refuse(refusal, "sender parameters");
    }
    if envelope
        .declared_bytes
        .is_some_and(|bytes| bytes > settings.message_bytes_max)
    {
        return refuse(refusals::TOO_LARGE, "message size");
    }
    let question = Question::Sender {
        path: envelope.sender.clone(),
        body: envelope.body,
        declared_bytes: envelope.declared_bytes,
        smtputf8: envelope.smtputf8,
    };
    Outcome::Ask(Asked::Sender(Box::new(envelope)), question)
}

/// Policy took the sender: the transaction is open.
pub(super) fn accepted(session: &mut Session, envelope: Box<Envelope>) -> Reply {
    session.progress = Progress::Transaction(envelope);
    replies::SENDER_OK
}

fn parse(argument: &str) -> Option<(ReversePath, &str)> {
    let path = path::parse(argument, "FROM:")?;
    let sender = match path.mailbox {
        "" => ReversePath::Null,
        mailbox => ReversePath::Mailbox(mailbox.parse().ok()?),
    };
    Some((sender, path.parameters))
}

fn refuse(refusal: Refusal, rule: &'static str) -> Outcome {
    Fault::refusing(refusal, Stage::Sender, rule).into()
}
