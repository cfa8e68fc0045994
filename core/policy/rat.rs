//! The recipient access table: whose mail is taken at RCPT TO. Everything else is relaying, and refused. RFC 5321
//! §3.6.2 and §7.9 (relaying), §4.5.1 (postmaster), RFC 2142 §4 (abuse).

use crate::config::WhenDown;
use crate::hop::Hop;
use postern_vocab::events::IncidentKind;
use postern_vocab::{Address, Domain, Reply};
use std::collections::{HashMap, HashSet};

/// Characters that make some mail server behind us route a mailbox on to another domain: `user%other@ours`,
/// `other!user@ours`, `"user@other"@ours`. RFC 5321 §3.6.1 and appendix D.
const ROUTING_CHARACTERS: [char; 3] = ['%', '!', '@'];

/// Mailboxes that exist in every domain, listed or not.
const ALWAYS_TAKEN: [&str; 2] = ["postmaster", "abuse"];

const RELAYING_DENIED: Reply = Reply::fixed(550, "5.7.1", "Relaying denied");
const NO_SUCH_RECIPIENT: Reply = Reply::fixed(550, "5.1.1", "No such recipient here");

/// Our domains and, where they are listed, their recipients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rat {
    domains: HashMap<Domain, Recipients>,
}

/// Which recipients of a domain exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recipients {
    /// Every one: the machine behind us knows better.
    All,
    /// Only these, in their folded form.
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
    /// The address to ask about: without a sub-address where the domain has them.
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

impl Rat {
    /// The table, each domain once: of two entries for one domain the later counts.
    pub fn new(domains: impl IntoIterator<Item = (Domain, Recipients)>) -> Self {
        Self {
            domains: domains.into_iter().collect(),
        }
    }

    /// Whether mail for a recipient is taken.
    ///
    /// | recipient | answer |
    /// |---|---|
    /// | another domain, subdomains of ours and address literals included | 550 5.7.1, an attempt to relay |
    /// | a local part with routing characters, quoted or not | 550 5.7.1, an attempt to relay |
    /// | postmaster or abuse of a domain of ours | taken |
    /// | in a domain with a list of recipients, not on the list | 550 5.1.1 |
    /// | any other in a domain of ours | taken |
    #[must_use]
    pub fn check(&self, recipient: &Address) -> RatAnswer {
        let Some(recipients) = self.domains.get(recipient.domain()) else {
            return relaying_denied();
        };
        if has_routing_characters(recipient) {
            return relaying_denied();
        }
        match recipients {
            Recipients::Listed(listed)
                if !is_always_taken(recipient) && !listed.contains(&recipient.folded()) =>
            {
                RatAnswer::Refuse {
                    reply: NO_SUCH_RECIPIENT,
                    rule: "recipient table",
                    incident: None,
                }
            }
            Recipients::Listed(_) | Recipients::All => RatAnswer::Local(LocalRecipient::default()),
        }
    }

    /// Whether a domain is one of ours.
    #[must_use]
    pub fn is_local(&self, domain: &Domain) -> bool {
        self.domains.contains_key(domain)
    }
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
        reply: RELAYING_DENIED,
        rule: "relaying denied",
        incident: Some(IncidentKind::RelayAttempt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Rat {
        let listed = ["alice@listed.example", "bob@listed.example"].map(str::to_owned);
        Rat::new([
            ("open.example".parse().expect("valid"), Recipients::All),
            (
                "listed.example".parse().expect("valid"),
                Recipients::Listed(HashSet::from(listed)),
            ),
        ])
    }

    /// Recipient, enhanced status code of the refusal if there is one, reason.
    const ANSWERS: &str = r#"
anyone@open.example                          | -     | a domain without a list takes all
ANYONE@OPEN.example                          | -     | domains fold
alice@listed.example                         | -     | listed
Alice@listed.example                         | -     | local parts fold for the comparison
"alice"@listed.example                       | -     | quotes that are not needed do not matter
carol@listed.example                         | 5.1.1 | not listed
alice+news@listed.example                    | 5.1.1 | a sub-address is another address
postmaster@listed.example                    | -     | always there
Abuse@listed.example                         | -     | always there, whatever the case
"PostMaster"@listed.example                  | -     | always there, quoted too
postmaster@elsewhere.example                 | 5.7.1 | but only in our domains
anyone@elsewhere.example                     | 5.7.1 | foreign
anyone@sub.open.example                      | 5.7.1 | a subdomain is another domain
anyone@badopen.example                       | 5.7.1 | a longer name is another domain
anyone@[192.0.2.1]                           | 5.7.1 | an address literal is foreign
user%elsewhere.example@open.example          | 5.7.1 | percent hack
elsewhere.example!user@open.example          | 5.7.1 | bang path
"user@elsewhere.example"@open.example        | 5.7.1 | quoted at sign
"user%elsewhere.example"@open.example        | 5.7.1 | quoted percent hack
"u\@elsewhere.example"@open.example          | 5.7.1 | escaped at sign
postmaster%elsewhere.example@listed.example  | 5.7.1 | not even for postmaster
"#;

    #[test]
    fn only_our_own_recipients_are_taken() {
        let table = table();
        for row in ANSWERS.trim().lines() {
            let columns: Vec<&str> = row.split(" | ").map(str::trim).collect();
            let refusal = match table.check(&columns[0].parse().expect("a valid address")) {
                RatAnswer::Local(_) => None,
                RatAnswer::Refuse {
                    reply,
                    rule,
                    incident,
                } => Some((reply.code, reply.enhanced, rule, incident)),
            };
            let expected = match columns[1] {
                "5.1.1" => Some((550, "5.1.1".into(), "recipient table", None)),
                "5.7.1" => Some((
                    550,
                    "5.7.1".into(),
                    "relaying denied",
                    Some(IncidentKind::RelayAttempt),
                )),
                _ => None,
            };
            assert_eq!(refusal, expected, "{row}");
        }
    }

    #[test]
    fn an_empty_table_takes_nothing() {
        let answer = Rat::default().check(&"postmaster@open.example".parse().expect("valid"));
        assert!(matches!(answer, RatAnswer::Refuse { .. }));
    }
}
