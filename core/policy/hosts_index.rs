//! The lines of one sender group, so arranged that the first one that matches is found without a walk over all: groups
//! with tens of thousands of addresses are real, and every connection asks.
//!
//! Address lines are kept by network, ranges taken apart into networks, name lines by name. A look-up asks once for
//! each length of prefix that occurs and once for each label of the name; the few lines of other kinds are walked.

use crate::hat::Client;
use crate::hosts::{HostPattern, Hosts, confirmed, network_of};
use crate::parents::parents;
use ipnet::IpNet;
use std::collections::{BTreeSet, HashMap};

/// Lines are named by their position.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct HostsIndex {
    networks: HashMap<IpNet, usize>,
    /// The lengths of prefix in `networks`.
    lengths: BTreeSet<u8>,
    /// Names, and `.names` with their dot.
    names: HashMap<String, usize>,
    /// All lines that are neither, ascending.
    others: Vec<usize>,
}

impl HostsIndex {
    pub(crate) fn new(lines: &[HostPattern]) -> Self {
        let mut index = Self::default();
        for (at, line) in lines.iter().enumerate() {
            match &line.hosts {
                Hosts::Host(name) | Hosts::Below(name) => {
                    index.names.entry(name.clone()).or_insert(at);
                }
                Hosts::Network(_) | Hosts::Range(..) => {
                    for network in line.hosts.networks() {
                        index.lengths.insert(network.prefix_len());
                        index.networks.entry(network).or_insert(at);
                    }
                }
                _ => index.others.push(at),
            }
        }
        index
    }

    /// The first of the lines that matches; they must be those that the index was made of.
    pub(crate) fn first_match<'l>(
        &self,
        lines: &'l [HostPattern],
        client: &Client<'_>,
    ) -> Option<&'l HostPattern> {
        let first = [
            self.by_address(client),
            self.by_name(client),
            self.by_walk(lines, client),
        ]
        .into_iter()
        .flatten()
        .min()?;
        lines.get(first)
    }

    fn by_address(&self, client: &Client<'_>) -> Option<usize> {
        let address = client.address.to_canonical();
        self.lengths
            .iter()
            .filter_map(|length| self.networks.get(&network_of(address, *length)?))
            .min()
            .copied()
    }

    fn by_name(&self, client: &Client<'_>) -> Option<usize> {
        if self.names.is_empty() {
            return None;
        }
        let name = confirmed(client.reverse)?;
        std::iter::once(name.as_str())
            .chain(parents(&name))
            .filter_map(|pattern| self.names.get(pattern))
            .min()
            .copied()
    }

    fn by_walk(&self, lines: &[HostPattern], client: &Client<'_>) -> Option<usize> {
        let mut others = self.others.iter().copied();
        others.find(|at| lines.get(*at).is_some_and(|line| line.matches(client)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::{Reputation, ReverseName};
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = String> {
        let number = || 0..4_u8;
        prop_oneof![
            (number(), number()).prop_map(|(a, b)| format!("10.{a}.{b}.")),
            (number(), number()).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
            (number(), number()).prop_map(|(a, b)| format!("10.{}.{}.0-10.{}.3.3", a.min(b), b, a.max(b))),
            number().prop_map(|a| format!("2001:db8::-2001:db8::{a}")),
            number().prop_map(|a| format!("h{a}.example.org")),
            Just(".example.org".to_owned()),
            Just("sbrs[1:3]".to_owned()),
            Just("sbrs[none]".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_walk_finds(
            lines in proptest::collection::vec(line(), 0..12),
            (a, b, c) in (0..4_u8, 0..4_u8, 0..4_u8),
            is_v6 in any::<bool>(),
            reputation in proptest::option::of(0..50_i16),
            is_verified in any::<bool>(),
        ) {
            let lines: Vec<HostPattern> = lines.iter().map(|line| line.parse().expect(line)).collect();
            let name = format!("H{a}.example.org.");
            let reverse = if is_verified { ReverseName::Verified(name) } else { ReverseName::Unverified(name) };
            let address = if is_v6 { format!("2001:db8::{c}") } else { format!("10.{a}.{b}.{c}") };
            let client = Client {
                address: address.parse().expect("valid"),
                listener: "",
                reverse: &reverse,
                reputation: reputation.map(Reputation),
                dns_lists: &[],
                country: None,
            };
            let walked = lines.iter().find(|line| line.matches(&client));
            prop_assert_eq!(HostsIndex::new(&lines).first_match(&lines, &client), walked);
        }
    }
}
