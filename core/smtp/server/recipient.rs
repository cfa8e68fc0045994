//! RCPT TO. RFC 5321 §3.3, §4.1.1.3, §4.5.1 (postmaster), §4.5.3.1.10 (too many); RFC 2142 §4 (abuse).

use super::question::Question;
use super::session::{Asked, Fault, Outcome, Progress, Session};
use super::{parameters, path};
use crate::replies;
use postern_vocab::events::Stage;
use postern_vocab::{Address, RecipientDsn, Refusal, Reply, Rid, refusals};

/// The rule of a refusal for what is no address.
pub(super) const SYNTAX_RULE: &str = "recipient syntax";

pub(super) fn rcpt(session: &mut Session, argument: &str) -> Outcome {
    let settings = &session.settings;
    let Some((address, text)) = parse(argument, &settings.postmaster) else {
        return match names_a_route(argument) {
            true => refuse(refusals::RELAYING_DENIED, "relaying denied"),
            false => refuse(refusals::RECIPIENT_SYNTAX, SYNTAX_RULE),
        };
    };
    let mut dsn = RecipientDsn::default();
    if let Err(refusal) = parameters::apply(parameters::RCPT, text, settings, &mut dsn) {
        return refuse(refusal, "recipient parameters");
    }
    let taken = session.envelope().map_or(0, |envelope| envelope.recipients.len());
    if taken >= settings.recipients_max {
        return refuse(refusals::TOO_MANY_RECIPIENTS, "recipients of one message");
    }
    Outcome::Ask(
        Asked::Recipient(address.clone(), Box::new(dsn)),
        Question::Recipient { address },
    )
}

/// Policy took the recipient.
pub(super) fn accepted(session: &mut Session, address: Address, dsn: RecipientDsn) -> Reply {
    if let Progress::Transaction(envelope) = &mut session.progress {
        if dsn != RecipientDsn::default()
            && let Ok(position) = envelope.recipients.len().try_into()
        {
            envelope.dsn.recipients.insert(Rid(position), dsn);
        }
        envelope.recipients.push(address);
    }
    replies::RECIPIENT_OK
}

fn parse<'a>(argument: &'a str, postmaster: &Address) -> Option<(Address, &'a str)> {
    let path = path::parse(argument, "TO:")?;
    let address = match path.mailbox {
        mailbox if mailbox.eq_ignore_ascii_case("postmaster") => postmaster.clone(),
        mailbox if mailbox.eq_ignore_ascii_case("abuse") => {
            format!("abuse@{}", postmaster.domain()).parse().ok()?
        }
        mailbox => mailbox.parse().ok()?,
    };
    Some((address, path.parameters))
}

/// `user%elsewhere`, `elsewhere!user`: routes of old, with no domain of ours behind them (RFC 5321 §3.6.1).
fn names_a_route(argument: &str) -> bool {
    path::parse(argument, "TO:").is_some_and(|path| {
        path.mailbox.contains(['%', '!'])
            && format!("{}@example.com", path.mailbox).parse::<Address>().is_ok()
    })
}

fn refuse(refusal: Refusal, rule: &'static str) -> Outcome {
    Fault::refusing(refusal, Stage::Recipient, rule).into()
}
