//! Who may be a sender at MAIL FROM: the permitted and the blocked, the table of exceptions, and the verification of
//! the client's reverse name and of the sender's domain. The DNS is asked by the caller; here is what is to be asked,
//! and what follows from each answer.
//!
//! | order | asked | says |
//! |---|---|---|
//! | 1 | `[senders]` | blocked: refused; permitted beats blocked |
//! | 2 | `[[sender_exception]]`, where the mail flow policy has it asked | reject: refused; allow: not verified |
//! | 3 | the sender's domain, in each way that the mail flow policy switches on | refused, or taken |
//!
//! The null sender is never refused here: bounces must come through (RFC 5321 §4.5.5, §6.1).

use crate::first_match::FirstMatch;
use crate::flow::FlowPolicy;
use crate::policy::Policy;
use postern_vocab::refusals;
use postern_vocab::{Domain, Reply, ReverseName, ReversePath, SenderDomain};

/// Why a client or a sender is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What the client is told.
    pub reply: Reply,
    /// The rule behind it, as tracking names it.
    pub rule: String,
}

/// `[senders]`: who may always be a sender, and who never.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SenderAccess {
    permitted: FirstMatch<()>,
    blocked: FirstMatch<()>,
    blocked_reply: Reply,
}

/// What `[senders]` says of one sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SenderListing {
    /// It is permitted, by the entry of this text.
    Permitted(String),
    /// It is blocked, and not permitted.
    Blocked(Refusal),
    /// Neither.
    Unlisted,
}

/// What one row of `[[sender_exception]]` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exception {
    /// The sender is not verified.
    Allow,
    /// The sender is refused with this.
    Reject(Reply),
}

/// `[[sender_exception]]`, from top to bottom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SenderExceptions(pub(crate) FirstMatch<Exception>);

/// What is to be done about a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SenderAnswer {
    /// Refused.
    Refuse(Refusal),
    /// Taken, without a look-up.
    Take,
    /// To be looked up: [`verify_domain`] says what follows.
    LookUp(Domain),
}

impl Default for SenderAccess {
    fn default() -> Self {
        Self::new(
            FirstMatch::default(),
            FirstMatch::default(),
            refusals::SENDER_BLOCKED.reply,
        )
    }
}

impl SenderAccess {
    /// Both lists, and what the blocked are told.
    #[must_use]
    pub fn new(permitted: FirstMatch<()>, blocked: FirstMatch<()>, blocked_reply: Reply) -> Self {
        Self {
            permitted,
            blocked,
            blocked_reply,
        }
    }

    /// What is said of a sender. Being permitted only undoes being blocked: the other rules still hold.
    #[must_use]
    pub fn check(&self, sender: &ReversePath) -> SenderListing {
        let Some(address) = sender.mailbox() else {
            return SenderListing::Unlisted;
        };
        if let Some((pattern, ())) = self.permitted.find(address) {
            return SenderListing::Permitted(pattern.to_owned());
        }
        self.blocked
            .find(address)
            .map_or(SenderListing::Unlisted, |(pattern, ())| {
                SenderListing::Blocked(Refusal {
                    reply: self.blocked_reply.clone(),
                    rule: format!("blocked sender {pattern}"),
                })
            })
    }
}

impl SenderExceptions {
    /// The first row that fits a sender, and its pattern.
    #[must_use]
    pub fn check(&self, sender: &ReversePath) -> Option<(&str, &Exception)> {
        self.0.find(sender.mailbox()?)
    }
}

impl Policy {
    /// What is to be done about a sender under a mail flow policy: the table above, as far as it goes without the DNS.
    #[must_use]
    pub fn sender(&self, flow: &FlowPolicy, sender: &ReversePath) -> SenderAnswer {
        if let SenderListing::Blocked(refusal) = self.senders.check(sender) {
            return SenderAnswer::Refuse(refusal);
        }
        let exception = flow
            .sender_exceptions
            .then(|| self.exceptions.check(sender))
            .flatten();
        match exception {
            Some((pattern, Exception::Reject(reply))) => {
                return SenderAnswer::Refuse(Refusal {
                    reply: reply.clone(),
                    rule: format!("sender exception {pattern}"),
                });
            }
            Some((_, Exception::Allow)) => return SenderAnswer::Take,
            None => {}
        }
        if let Some((reply, rule)) = verify_form(flow, sender) {
            return SenderAnswer::Refuse(Refusal {
                reply,
                rule: rule.to_owned(),
            });
        }
        match sender.mailbox() {
            Some(address) if needs_sender_domain(flow, sender) => {
                SenderAnswer::LookUp(address.domain().clone())
            }
            _ => SenderAnswer::Take,
        }
    }
}

/// Whether the reverse name of a client's address is good enough for a mail flow policy. What was not asked never
/// fails.
#[must_use]
pub fn verify_host(flow: &FlowPolicy, reverse: &ReverseName) -> Option<(Reply, &'static str)> {
    let verification = &flow.verification;
    let (reply, rule) = match reverse {
        ReverseName::None => (&verification.reverse_absent, "reverse name absent"),
        ReverseName::Unknown => (&verification.reverse_unavailable, "reverse name unavailable"),
        ReverseName::Unverified(_) => (&verification.reverse_mismatch, "reverse name mismatch"),
        ReverseName::Verified(_) | ReverseName::NotAsked => return None,
    };
    reply.clone().map(|reply| (reply, rule))
}

/// Whether the sender's domain has the form of one that can be answered: with a dot, or an address literal.
#[must_use]
pub fn verify_form(flow: &FlowPolicy, sender: &ReversePath) -> Option<(Reply, &'static str)> {
    if is_qualified(sender.mailbox()?.domain()) {
        return None;
    }
    let reply = flow.verification.sender_unqualified.clone()?;
    Some((reply, "sender domain not fully qualified"))
}

/// Whether a look-up of the sender's domain can change anything. The null sender and address literals have nothing to
/// look up; a name without a dot would be looked up in whatever domain this machine is in.
#[must_use]
pub fn needs_sender_domain(flow: &FlowPolicy, sender: &ReversePath) -> bool {
    let verification = &flow.verification;
    let is_asked = verification.sender_unresolvable.is_some() || verification.sender_unavailable.is_some();
    is_asked
        && sender
            .mailbox()
            .is_some_and(|address| address.domain().literal().is_none() && is_qualified(address.domain()))
}

/// What follows from what the DNS says of the sender's domain.
#[must_use]
pub fn verify_domain(flow: &FlowPolicy, domain: SenderDomain) -> Option<(Reply, &'static str)> {
    let verification = &flow.verification;
    let (reply, rule) = match domain {
        SenderDomain::Missing => (&verification.sender_unresolvable, "sender domain does not exist"),
        SenderDomain::Unavailable => (
            &verification.sender_unavailable,
            "sender domain could not be resolved",
        ),
        SenderDomain::Exists | SenderDomain::NotAsked => return None,
    };
    reply.clone().map(|reply| (reply, rule))
}

fn is_qualified(domain: &Domain) -> bool {
    domain.literal().is_some() || domain.as_str().contains('.')
}

#[cfg(test)]
mod tests;
