//! RCPT TO. RFC 5321 §3.3, §4.1.1.3, §4.5.1 (postmaster without a domain), §4.5.3.1.10 (too many recipients).

use super::question::Question;
use super::session::{Asked, Fault, Outcome, Progress, Session};
use super::{parameters, path};
use crate::replies;
use postern_vocab::events::{IncidentKind, Stage};
use postern_vocab::{Address, Envelope, Reply};

/// The rule of a refusal for what is no address.
pub(super) const SYNTAX_RULE: &str = "recipient syntax";

pub(super) fn rcpt(session: &mut Session, argument: &str) -> Outcome {
    let Some((address, parameters)) = parse(argument, &session.settings.postmaster) else {
        return refuse(replies::RECIPIENT_SYNTAX, IncidentKind::BadArguments, SYNTAX_RULE);
    };
    if let Err(reply) = parameters::apply(parameters::RCPT, parameters, &mut Envelope::default()) {
        return refuse(reply, IncidentKind::BadArguments, "recipient parameters");
    }
    let taken = session.envelope().map_or(0, |envelope| envelope.recipients.len());
    if taken >= session.settings.recipients_max {
        return refuse(
            replies::TOO_MANY_RECIPIENTS,
            IncidentKind::OverLimit,
            "recipients of one message",
        );
    }
    Outcome::Ask(Asked::Recipient(address.clone()), Question::Recipient { address })
}

/// Policy took the recipient.
pub(super) fn accepted(session: &mut Session, address: Address) -> Reply {
    if let Progress::Transaction(envelope) = &mut session.progress {
        envelope.recipients.push(address);
    }
    replies::RECIPIENT_OK
}

fn parse<'a>(argument: &'a str, postmaster: &Address) -> Option<(Address, &'a str)> {
    let path = path::parse(argument, "TO:")?;
    let address = match path.mailbox {
        mailbox if mailbox.eq_ignore_ascii_case("postmaster") => postmaster.clone(),
        mailbox => mailbox.parse().ok()?,
    };
    Some((address, path.parameters))
}

fn refuse(reply: Reply, kind: IncidentKind, rule: &'static str) -> Outcome {
    Fault::refusing(reply, kind, Stage::Recipient, rule)
}
