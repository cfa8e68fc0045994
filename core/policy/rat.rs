//! The recipient access table: whose mail is taken at RCPT TO. Everything else is relaying, and refused. RFC 5321
//! §3.6.2 and §7.9 (relaying), §4.5.1 (postmaster), RFC 2142 §4 (abuse), RFC 5233 §1 (sub-addresses).
//!
//! | order | recipient | answer |
//! |---|---|---|
//! | 1 | a local part with routing characters, quoted or not | 550 5.7.1, an attempt to relay |
//! | 2 | the first `[[recipient]]` row that fits rejects | its reply |
//! | 3 | the first one that fits accepts | taken; whether it exists is the domain's to say, unless the row says so |
//! | 4 | in a `[[domain]]`, the closest one: itself, then the nearest `.parent` | see below |
//! | 5 | any other, address literals and subdomains of ours included | 550 5.7.1, an attempt to relay |
//!
//! A row `user@` accepts in domains that are ours by another row or table only: of itself it would make a relay to that
//! mailbox of the whole world.
//!
//! | in a domain of ours | answer |
//! |---|---|
//! | postmaster or abuse | taken |
//! | listed, or its sub-address taken off and listed | taken |
//! | not listed, and nobody else knows | 550 5.1.1 |
//! | not listed, and the directory or the next hop knows | to be asked about, with the sub-address taken off |
//! | no list, and nobody knows | taken |

use crate::config::WhenDown;
use crate::first_match::{AddressPattern, FirstMatch};
use crate::hop::Hop;
use crate::parents::parents;
use crate::routes::RoutePattern;
use postern_vocab::events::IncidentKind;
use postern_vocab::refusals;
use postern_vocab::{Address, Domain, Reply};
use std::collections::{HashMap, HashSet};

/// Characters that make some mail server behind us route a mailbox on to another domain: `user%other@ours`,
/// `other!user@ours`, `"user@other"@ours`. RFC 5321 §3.6.1 and appendix D.
const ROUTING_CHARACTERS: [char; 3] = ['%', '!', '@'];

/// Mailboxes that exist in every domain, listed or not.
const ALWAYS_TAKEN: [&str; 2] = ["postmaster", "abuse"];

/// What stands between a mailbox and its sub-address unless the configuration says otherwise.
pub const SUB_ADDRESS: &str = "+";

/// Our domains, who is in them, and the rows that stand before them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rat {
    rows: FirstMatch<RecipientRow>,
    /// By the text of the domain, or of `.parent`.
    domains: HashMap<String, LocalDomain>,
}

/// One row of `[[recipient]]`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecipientRow {
    /// What is done.
    pub action: RecipientAction,
    /// Whether it counts towards the rates of recipients.
    pub bypass_rates: bool,
    /// Whether it is taken without asking whether it exists.
    pub bypass_check: bool,
}

/// See [`RecipientRow`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum RecipientAction {
    /// Taken.
    #[default]
    Accept,
    /// Refused with this.
    Reject(Reply),
}

/// What is known of one of our domains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalDomain {
    /// Who is in it.
    pub recipients: Recipients,
    /// Who is asked about those that are not listed.
    pub check: Check,
    /// What stands between a mailbox and its sub-address; empty: there are none.
    pub sub_address: String,
}

/// Which recipients of a domain are known to exist.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Recipients {
    /// No list.
    #[default]
    All,
    /// These, in their folded form.
    Listed(HashSet<String>),
}

/// The table's answer for one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RatAnswer {
    /// Ours.
    Local(LocalRecipient),
    /// Not taken.
    Refuse {
        /// What the client is told.
        reply: Reply,
        /// The rule behind it, as tracking names it.
        rule: &'static str,
        /// The misbehaviour it is, if it is one.
        incident: Option<IncidentKind>,
    },
}

/// A recipient that is taken, if it exists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LocalRecipient {
    /// Who knows whether it exists.
    pub check: Check,
    /// The address to ask about, where it is another than the recipient: without its sub-address.
    pub asked: Option<Address>,
    /// Whether it counts towards the rates of recipients.
    pub bypass_rates: bool,
}

/// Who knows whether a recipient exists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Check {
    /// Nobody has to be asked: the table said yes, or every recipient is taken.
    #[default]
    None,
    /// The directory.
    Directory,
    /// The next hop, by SMTP; what follows when it gives no answer.
    CallAhead(Hop, WhenDown),
}

impl From<Recipients> for LocalDomain {
    fn from(recipients: Recipients) -> Self {
        Self {
            recipients,
            check: Check::None,
            sub_address: SUB_ADDRESS.to_owned(),
        }
    }
}

impl Rat {
    /// The table, each domain once: of two entries for one domain the later counts. `*` is no domain of ours.
    pub fn new(domains: impl IntoIterator<Item = (RoutePattern, LocalDomain)>) -> Self {
        Self {
            rows: FirstMatch::default(),
            domains: domains
                .into_iter()
                .map(|(pattern, domain)| (pattern.to_string(), domain))
                .collect(),
        }
    }

    /// The same with these rows before the domains, in the order in which they are asked.
    #[must_use]
    pub fn with_rows(self, rows: impl IntoIterator<Item = (AddressPattern, RecipientRow)>) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            ..self
        }
    }

    /// Whether mail for a recipient is taken, by the tables above.
    #[must_use]
    pub fn check(&self, recipient: &Address) -> RatAnswer {
        if has_routing_characters(recipient) {
            return relaying_denied();
        }
        let domain = self.domain(recipient.domain());
        let mailbox = domain.and_then(|domain| without_sub_address(recipient, &domain.sub_address));
        let row = self.row(recipient, mailbox.as_ref());
        if let Some(RecipientAction::Reject(reply)) = row.map(|row| &row.action) {
            return RatAnswer::Refuse {
                reply: reply.clone(),
                rule: "recipient table",
                incident: None,
            };
        }
        let answer = match (domain, row) {
            (Some(domain), None) => domain.check(recipient, mailbox),
            (Some(domain), Some(row)) if !row.bypass_check => domain.check(recipient, mailbox),
            (_, Some(_)) => RatAnswer::Local(LocalRecipient::default()),
            (None, None) => relaying_denied(),
        };
        match (answer, row) {
            (RatAnswer::Local(local), Some(row)) => RatAnswer::Local(LocalRecipient {
                bypass_rates: row.bypass_rates,
                ..local
            }),
            (answer, _) => answer,
        }
    }

    /// Whether a domain is one of ours: has a `[[domain]]` table.
    #[must_use]
    pub fn is_local(&self, domain: &Domain) -> bool {
        self.domain(domain).is_some()
    }

    fn domain(&self, domain: &Domain) -> Option<&LocalDomain> {
        let name = domain.as_str();
        let mut nearest_first = std::iter::once(name).chain(parents(name));
        nearest_first.find_map(|pattern| self.domains.get(pattern))
    }

    /// The first row that fits the recipient, or the mailbox that it is a sub-address of: who is refused by name is not
    /// reached by way of a tag either.
    fn row(&self, recipient: &Address, mailbox: Option<&Address>) -> Option<&RecipientRow> {
        let addresses: Vec<&Address> = std::iter::once(recipient).chain(mailbox).collect();
        let rows = self.rows.all(&addresses);
        let accepts = |row: &RecipientRow| row.action == RecipientAction::Accept;
        let is_ours = self.is_local(recipient.domain())
            || rows
                .iter()
                .any(|(pattern, row)| !pattern.contains('@') && accepts(row));
        rows.into_iter()
            .find(|(pattern, row)| is_ours || !pattern.ends_with('@') || !accepts(row))
            .map(|(_, row)| row)
    }
}

impl LocalDomain {
    /// The second table above, for a recipient and the mailbox that it is a sub-address of.
    fn check(&self, recipient: &Address, mailbox: Option<Address>) -> RatAnswer {
        let is_known = |address: &Address| match &self.recipients {
            _ if is_always_taken(address) => true,
            Recipients::Listed(listed) => listed.contains(&address.folded()),
            Recipients::All => false,
        };
        if std::iter::once(recipient).chain(&mailbox).any(is_known) {
            return RatAnswer::Local(LocalRecipient::default());
        }
        match (&self.check, &self.recipients) {
            (Check::None, Recipients::All) => RatAnswer::Local(LocalRecipient::default()),
            (Check::None, Recipients::Listed(_)) => RatAnswer::Refuse {
                reply: refusals::NO_SUCH_RECIPIENT.reply,
                rule: "recipient table",
                incident: None,
            },
            (check, _) => RatAnswer::Local(LocalRecipient {
                check: check.clone(),
                asked: mailbox,
                bypass_rates: false,
            }),
        }
    }
}

/// The mailbox of a sub-address: `user@domain` for `user+tag@domain`. RFC 5233 §1. `None` where there is none.
fn without_sub_address(recipient: &Address, separator: &str) -> Option<Address> {
    let local = recipient.local();
    let local = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(local);
    let (mailbox, _) = local.split_once(separator).filter(|_| !separator.is_empty())?;
    format!("{mailbox}@{}", recipient.domain()).parse().ok()
}

/// Whether the local part would be routed on to another domain by some mail server.
pub(crate) fn has_routing_characters(address: &Address) -> bool {
    address.local().contains(ROUTING_CHARACTERS)
}

fn is_always_taken(recipient: &Address) -> bool {
    let folded = recipient.folded();
    let local = folded.rsplit_once('@').map_or("", |(local, _)| local);
    ALWAYS_TAKEN.contains(&local)
}

fn relaying_denied() -> RatAnswer {
    RatAnswer::Refuse {
        reply: refusals::RELAYING_DENIED.reply,
        rule: "relaying denied",
        incident: Some(IncidentKind::RelayAttempt),
    }
}

#[cfg(test)]
mod tests;
