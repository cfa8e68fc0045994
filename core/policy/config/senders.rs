//! `[senders]` and `[[sender_exception]]`: who may be a sender.

use crate::config::error::Problems;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::first_match::{AddressPattern, FirstMatch};
use crate::sender_rules::{Exception, SenderAccess, SenderExceptions};
use postern_vocab::Reply;
use postern_vocab::refusals;

/// `[senders]`.
#[derive(Default)]
pub(crate) struct TypedSenders {
    permitted: Option<Vec<At<AddressPattern>>>,
    blocked: Option<Vec<At<AddressPattern>>>,
    blocked_reply: Option<At<Reply>>,
}

/// `[[sender_exception]]`.
pub(crate) struct TypedException {
    pub(crate) sender: Option<At<AddressPattern>>,
    action: Option<At<bool>>,
    reply: Option<At<Reply>>,
}

/// Whether the sender is allowed.
const ACTION: &[(&str, bool)] = &[("allow", true), ("reject", false)];

pub(crate) fn read(section: Section<'_>) -> TypedSenders {
    TypedSenders {
        permitted: section.list("permitted", values::parsed),
        blocked: section.list("blocked", values::parsed),
        blocked_reply: section.optional("blocked_reply", values::refusal(refusals::SENDER_BLOCKED.reply)),
    }
}

pub(crate) fn read_exception(section: &Section<'_>) -> TypedException {
    TypedException {
        sender: section.required("sender", values::parsed),
        action: section.required("action", values::one_of(ACTION)),
        reply: section.optional("reply", values::refusal(refusals::SENDER_BLOCKED.reply)),
    }
}

/// Who is permitted and who is blocked.
pub(crate) fn complete(typed: TypedSenders) -> SenderAccess {
    let table = |patterns: Option<Vec<At<AddressPattern>>>| -> FirstMatch<()> {
        let patterns = patterns.unwrap_or_default().into_iter();
        patterns.map(|pattern| (pattern.value, ())).collect()
    };
    SenderAccess::new(
        table(typed.permitted),
        table(typed.blocked),
        typed
            .blocked_reply
            .map_or(refusals::SENDER_BLOCKED.reply, |reply| reply.value),
    )
}

/// The exceptions, in order.
pub(crate) fn exceptions(typed: Vec<TypedException>, problems: &Problems<'_>) -> SenderExceptions {
    let row = |one: TypedException| {
        let (sender, allows) = (one.sender?, one.action?.value);
        if let (true, Some(reply)) = (allows, &one.reply) {
            problems.add_with_hint(
                reply.at,
                "sender_exception.reply would never be sent: the sender is allowed",
                "take it out, or write action = \"reject\"",
            );
        }
        let exception = if allows {
            Exception::Allow
        } else {
            Exception::Reject(
                one.reply
                    .map_or(refusals::SENDER_BLOCKED.reply, |reply| reply.value),
            )
        };
        Some((sender.value, exception))
    };
    SenderExceptions(typed.into_iter().filter_map(row).collect())
}
