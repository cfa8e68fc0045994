//! MAIL FROM. RFC 5321 §3.3, §4.1.1.2, §4.5.5 (the null path); RFC 1870 §6.1 (a SIZE over the limit).

use super::question::Question;
use super::session::{Asked, Fault, Outcome, Progress, Session};
use super::{parameters, path};
use crate::replies;
use postern_vocab::events::{IncidentKind, Stage};
use postern_vocab::{Envelope, Reply, ReversePath};

/// The rule of a refusal for what is no address.
pub(super) const SYNTAX_RULE: &str = "sender syntax";

pub(super) fn mail(session: &mut Session, argument: &str) -> Outcome {
    if session.messages >= session.settings.messages_max {
        return Fault::closing(replies::TOO_MANY_MESSAGES, IncidentKind::OverLimit);
    }
    let Some((sender, parameters)) = parse(argument) else {
        return refuse(replies::SENDER_SYNTAX, IncidentKind::BadArguments, SYNTAX_RULE);
    };
    let mut envelope = Envelope {
        sender,
        ..Envelope::default()
    };
    if let Err(reply) = parameters::apply(parameters::MAIL, parameters, &mut envelope) {
        return refuse(reply, IncidentKind::BadArguments, "sender parameters");
    }
    if envelope
        .declared_bytes
        .is_some_and(|bytes| bytes > session.settings.message_bytes_max)
    {
        return refuse(replies::TOO_LARGE, IncidentKind::TooLarge, "message size");
    }
    let question = Question::Sender {
        path: envelope.sender.clone(),
        body: envelope.body,
        declared_bytes: envelope.declared_bytes,
        smtputf8: envelope.smtputf8,
    };
    Outcome::Ask(Asked::Sender(envelope), question)
}

/// Policy took the sender: the transaction is open.
pub(super) fn accepted(session: &mut Session, envelope: Envelope) -> Reply {
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

fn refuse(reply: Reply, kind: IncidentKind, rule: &'static str) -> Outcome {
    Fault::refusing(reply, kind, Stage::Sender, rule)
}
