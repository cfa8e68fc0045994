//! The host access table: which sender group a client belongs to, and which mail flow policy follows. Read from top to
//! bottom; the first line that matches wins and acts at once.

use crate::flow::FlowPolicy;
use ipnet::IpNet;
use postern_vocab::{Classification, DnsListing, Reputation, ReverseName};
use std::net::IpAddr;

/// The table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hat {
    groups: Vec<SenderGroup>,
    policies: Vec<FlowPolicy>,
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

/// One way to name hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPattern {
    /// As it is written, for logs.
    pub written: String,
    /// What it stands for.
    pub hosts: Hosts,
}

/// See [`HostPattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hosts {
    /// A network; one address is one of full length.
    Network(IpNet),
    /// From this address to that one, both included.
    Range(IpAddr, IpAddr),
    /// The host of this name, forward-confirmed. In lower case.
    Host(String),
    /// Hosts whose forward-confirmed name is below this one: kept with its leading dot.
    Below(String),
    /// A reputation from this to that, both included.
    Score(Reputation, Reputation),
    /// No reputation.
    NoScore,
    /// On this DNS list.
    DnsList(String),
    /// In this country, two capital letters.
    Country(String),
    /// Everyone.
    All,
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
    /// The table. The configuration has checked that the policy of every group is there; ACCEPTED always is.
    #[must_use]
    pub fn new(groups: Vec<SenderGroup>, policies: Vec<FlowPolicy>) -> Self {
        Self { groups, policies }
    }

    /// The zones of all DNS lists that a line asks.
    pub fn zones(&self) -> impl Iterator<Item = &str> {
        self.groups
            .iter()
            .flat_map(|group| &group.hosts)
            .filter_map(|host| match &host.hosts {
                Hosts::DnsList(zone) => Some(zone.as_str()),
                _ => None,
            })
    }

    /// The policy of this name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&FlowPolicy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The group and policy of a client.
    #[must_use]
    pub fn classify(&self, client: &Client<'_>) -> Classification {
        // The helper who owns this file replaces this.
        let _ = client;
        Classification {
            matched: "ALL".to_owned(),
            flow_policy: "ACCEPTED".to_owned(),
            ..Classification::default()
        }
    }
}
