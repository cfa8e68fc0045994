//! The immutable snapshot of the rules that one message is judged by. A reload makes a new one; a message keeps the
//! one it began with.

use crate::config::ListenerRules;
use crate::hat::{Hat, HostPattern};
use crate::rat::Rat;
use crate::routes::Routes;
use crate::sender_rules::{SenderAccess, SenderExceptions};
use postern_vocab::{Domain, ReverseName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Everything the rules need of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Sixteen hexadecimal digits made of the configuration's text: the same text, the same version. It names a
    /// configuration in a decision's trail; it protects nothing.
    pub version: String,
    /// The name this gateway gives itself.
    pub hostname: Domain,
    /// Who may connect, and what for.
    pub hat: Hat,
    /// What holds for the connections of each listener, by its name.
    pub listeners: BTreeMap<String, ListenerRules>,
    /// What a reputation is made of, beside our own history.
    pub reputation: ReputationRules,
    /// Senders that are always or never taken.
    pub senders: SenderAccess,
    /// Senders that are not verified, or refused in words of their own.
    pub exceptions: SenderExceptions,
    /// Peers whose conversations are logged in full.
    pub injection_debug: Vec<InjectionDebug>,
    /// Which recipients are ours.
    pub rat: Rat,
    /// Where mail goes.
    pub routes: Routes,
    /// Thresholds of the spam score and what follows.
    pub antispam: AntiSpam,
    /// What happens to a message with a virus; never [`Action::Deliver`].
    pub antivirus_action: Action,
    /// What happens to a message that could not be looked into fully.
    pub unscannable_action: Action,
}

impl Policy {
    /// The zones of all DNS lists that are to be asked about a client, each once.
    #[must_use]
    pub fn dns_list_zones(&self) -> BTreeSet<&str> {
        let for_reputation = self.reputation.dns_lists.iter().map(String::as_str);
        for_reputation.chain(self.hat.zones()).collect()
    }
}

/// What a reputation is made of, beside our own history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReputationRules {
    /// The zones of DNS lists, in lower case.
    pub dns_lists: Vec<String>,
    /// How many tenths of a point a listing takes.
    pub points_tenths: i16,
}

impl Default for ReputationRules {
    fn default() -> Self {
        Self {
            dns_lists: Vec::new(),
            points_tenths: 40,
        }
    }
}

/// Peers whose conversations are logged in full, for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InjectionDebug {
    /// The name of the log.
    pub name: String,
    /// Addresses and names of hosts.
    pub peers: Vec<HostPattern>,
    /// How many connections are logged before it is enough.
    pub connections: u32,
}

impl InjectionDebug {
    /// Whether a peer's conversation is to be logged.
    #[must_use]
    pub fn wants(&self, address: IpAddr, reverse: &ReverseName) -> bool {
        self.peers.iter().any(|peer| peer.names_host(address, reverse))
    }
}

/// Thresholds of the spam score and what follows from reaching them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AntiSpam {
    /// Suspected from this score on; from 25 up to `positive`.
    pub suspect: u8,
    /// Spam from this score on; from 50 to 99.
    pub positive: u8,
    /// What happens to suspected spam.
    pub suspect_action: Action,
    /// What happens to spam.
    pub positive_action: Action,
}

impl Default for AntiSpam {
    fn default() -> Self {
        Self {
            suspect: 50,
            positive: 90,
            suspect_action: Action::Deliver,
            positive_action: Action::Quarantine,
        }
    }
}

/// What an administrator can choose to do with a message that a scanner objects to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Delivered; the verdict header says what was found.
    Deliver,
    /// Held in the quarantine that belongs to the verdict.
    Quarantine,
    /// Accepted and thrown away.
    Drop,
    /// Refused at the end of data.
    Refuse,
}

impl Action {
    /// All of them, in the order in which pages list them.
    pub const ALL: [Self; 4] = [Self::Deliver, Self::Quarantine, Self::Drop, Self::Refuse];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Quarantine => "quarantine",
            Self::Drop => "drop",
            Self::Refuse => "refuse",
        }
    }
}
