//! The host access table: which sender group a client belongs to, and which mail flow policy follows. Read from top to
//! bottom; the first line that matches wins and acts at once.
//!
//! | of a line | so |
//! |---|---|
//! | its group is for other listeners | it is passed over |
//! | it is a name, and the client's reverse name is not forward-confirmed | it does not match: a reverse name alone is whatever its owner likes |
//! | it is a DNS list that gave no answer | it does not match |
//! | its policy has `access = "continue"` | the table goes on with the next group |
//! | none matches | the last line, ALL: the listener's own policy, else ACCEPTED |
//!
//! A policy with `reputation = false` does not keep lines above from looking at the score: they led here, or they did
//! not. It says that what follows (greylisting, the spam score) leaves the reputation alone.

pub use crate::hosts::{HostPattern, Hosts};

use crate::flow::FlowPolicy;
use crate::hosts_index::HostsIndex;
use postern_vocab::{Access, Classification, DnsListing, Reputation, ReverseName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The last line of every table, and what it is called in logs.
const ALL: &str = "ALL";

/// The policy behind it.
const ACCEPTED: &str = "ACCEPTED";

/// The table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hat {
    groups: Vec<(SenderGroup, HostsIndex)>,
    policies: Vec<FlowPolicy>,
    /// The policy of the last line, by listener.
    last_lines: BTreeMap<String, String>,
    /// The zones of all DNS lists that a line asks, each once: every connection asks for them, whatever the table's length.
    zones: BTreeSet<String>,
}

/// One sender group: hosts, and the policy for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SenderGroup {
    /// Its name in logs and pages.
    pub name: String,
    /// The lines, in order.
    pub hosts: Vec<HostPattern>,
    /// The name of its mail flow policy.
    pub policy: String,
    /// The listeners it is for; empty: all.
    pub listeners: Vec<String>,
}

/// What is known of a client when it is classified.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Where it is.
    pub address: IpAddr,
    /// The name of the listener that it came to.
    pub listener: &'a str,
    /// Its reverse name.
    pub reverse: &'a ReverseName,
    /// Its reputation, where it has one.
    pub reputation: Option<Reputation>,
    /// What DNS lists say.
    pub dns_lists: &'a [DnsListing],
    /// Its country.
    pub country: Option<&'a str>,
}

impl Default for Hat {
    fn default() -> Self {
        Self::new(Vec::new(), FlowPolicy::shipped())
    }
}

impl Hat {
    /// The table. The configuration has checked that the policy of every group is there: a group without one is passed
    /// over. Where there is no ACCEPTED, the shipped one is.
    #[must_use]
    pub fn new(groups: Vec<SenderGroup>, mut policies: Vec<FlowPolicy>) -> Self {
        if !policies.iter().any(|policy| policy.name == ACCEPTED) {
            policies.push(FlowPolicy::accepted());
        }
        let indexed = |group: SenderGroup| {
            let index = HostsIndex::new(&group.hosts);
            (group, index)
        };
        let zones = zones(&groups);
        Self {
            groups: groups.into_iter().map(indexed).collect(),
            policies,
            last_lines: BTreeMap::new(),
            zones,
        }
    }

    /// The same with other policies than ACCEPTED in the last line of these listeners.
    #[must_use]
    pub fn with_last_lines(self, last_lines: BTreeMap<String, String>) -> Self {
        Self { last_lines, ..self }
    }

    /// The groups, from top to bottom.
    pub fn groups(&self) -> impl Iterator<Item = &SenderGroup> {
        self.groups.iter().map(|(group, _)| group)
    }

    /// The zones of all DNS lists that a line asks, each once.
    pub fn zones(&self) -> impl Iterator<Item = &str> {
        self.zones.iter().map(String::as_str)
    }

    /// The policy of this name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&FlowPolicy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The policy that a connection was classified under; ACCEPTED where a reload has taken it away.
    #[must_use]
    pub fn policy_of(&self, classification: &Classification) -> &FlowPolicy {
        self.policy_or_accepted(&classification.flow_policy)
    }

    /// The group and policy of a client.
    #[must_use]
    pub fn classify(&self, client: &Client<'_>) -> Classification {
        let of_listener = |group: &SenderGroup| {
            group.listeners.is_empty() || group.listeners.iter().any(|one| one == client.listener)
        };
        let found = self
            .groups
            .iter()
            .filter(|(group, _)| of_listener(group))
            .find_map(|(group, index)| {
                let policy = self.policy(&group.policy)?;
                if policy.access == Access::Continue {
                    return None;
                }
                let line = index.first_match(&group.hosts, client)?;
                Some((group.name.as_str(), line.written.as_str(), policy))
            });
        let (sender_group, matched, policy) =
            found.unwrap_or_else(|| ("", ALL, self.last_line(client.listener)));
        Classification {
            sender_group: sender_group.to_owned(),
            matched: matched.to_owned(),
            flow_policy: policy.name.clone(),
            access: policy.access,
            reputation: client.reputation,
            dns_lists: client.dns_lists.to_vec(),
            country: client.country.map(str::to_owned),
        }
    }

    /// The policy of the line that every table ends with.
    fn last_line(&self, listener: &str) -> &FlowPolicy {
        self.policy_or_accepted(self.last_lines.get(listener).map_or(ACCEPTED, String::as_str))
    }

    fn policy_or_accepted(&self, name: &str) -> &FlowPolicy {
        self.policy(name)
            .or_else(|| self.policy(ACCEPTED))
            .expect("a table is made with ACCEPTED in it")
    }
}

fn zones(groups: &[SenderGroup]) -> BTreeSet<String> {
    let lines = groups.iter().flat_map(|group| &group.hosts);
    let zone = |line: &HostPattern| match &line.hosts {
        Hosts::DnsList(zone) | Hosts::DnsListCode(zone, _) => Some(zone.clone()),
        _ => None,
    };
    lines.filter_map(zone).collect()
}

#[cfg(test)]
mod tests;
