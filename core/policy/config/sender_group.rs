//! `[[sender_group]]` and `[reputation]`: who a client is.

use crate::config::error::Problems;
use crate::config::flow_policy::note_unknown;
use crate::config::keys;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::flow::FlowPolicy;
use crate::hat::{HostPattern, Hosts, SenderGroup};
use crate::policy::ReputationRules;
use postern_vocab::Access;
use std::path::PathBuf;

/// Networks larger than this are nobody's own: the largest that there are, such as 10.0.0.0/8, have 8 bits.
const RELAY_PREFIX_MIN: u8 = 8;

/// `[[sender_group]]`.
pub(crate) struct TypedSenderGroup {
    pub(crate) name: Option<At<String>>,
    hosts: Option<Vec<At<HostPattern>>>,
    policy: Option<At<String>>,
    listeners: Vec<At<String>>,
}

/// `[reputation]`.
#[derive(Default)]
pub(crate) struct TypedReputation {
    dns_lists: Option<Vec<At<String>>>,
    dns_list_points: Option<At<i16>>,
    pub(crate) country_database: Option<At<PathBuf>>,
}

pub(crate) fn read(section: &Section<'_>) -> TypedSenderGroup {
    TypedSenderGroup {
        name: section.required("name", values::name),
        hosts: section.required_list("hosts", values::parsed),
        policy: section.required("policy", values::name),
        listeners: section.list("listeners", values::name).unwrap_or_default(),
    }
}

pub(crate) fn read_reputation(section: Section<'_>) -> TypedReputation {
    TypedReputation {
        dns_lists: section.list("dns_lists", values::zone),
        dns_list_points: section.optional("dns_list_points", values::tenths(0..=200)),
        country_database: section.optional("country_database", values::path),
    }
}

/// What the names in a group may stand for.
#[derive(Clone, Copy)]
pub(crate) struct Named<'n> {
    pub(crate) policies: &'n [FlowPolicy],
    pub(crate) listeners: &'n [&'n str],
    /// Whether a database tells countries.
    pub(crate) has_countries: bool,
}

/// The groups whose names could be read, in order.
pub(crate) fn complete(
    typed: Vec<TypedSenderGroup>,
    named: Named<'_>,
    problems: &Problems<'_>,
) -> Vec<SenderGroup> {
    typed
        .into_iter()
        .filter_map(|group| complete_one(group, named, problems))
        .collect()
}

fn complete_one(typed: TypedSenderGroup, named: Named<'_>, problems: &Problems<'_>) -> Option<SenderGroup> {
    let policy = typed.policy?;
    if !named.policies.iter().any(|one| one.name == policy.value) {
        note_unknown(&policy, named.policies, problems);
    }
    let name_of_policy = policy.value;
    let known = named.listeners;
    for listener in typed
        .listeners
        .iter()
        .filter(|one| !known.contains(&one.value.as_str()))
    {
        let hint = keys::nearest(&listener.value, known.iter().copied()).map_or_else(
            || format!("there are {}", known.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        problems.add_with_hint(
            listener.at,
            format!("there is no listener \"{}\"", listener.value),
            hint,
        );
    }
    let hosts = typed.hosts?;
    let countries = hosts
        .iter()
        .filter(|line| matches!(line.value.hosts, Hosts::Country(_)));
    for line in countries.filter(|_| !named.has_countries) {
        problems.add_with_hint(
            line.at,
            format!("{} would never match: nothing tells countries", line.value),
            "set country_database in [reputation]",
        );
    }
    let relays = |policy: &FlowPolicy| policy.name == name_of_policy && policy.access == Access::Relay;
    if typed.listeners.is_empty() && named.policies.iter().any(relays) {
        note_open_relay(&hosts, problems);
    }
    Some(SenderGroup {
        name: typed.name?.value,
        hosts: hosts.into_iter().map(|line| line.value).collect(),
        policy: name_of_policy,
        listeners: typed.listeners.into_iter().map(|one| one.value).collect(),
    })
}

/// Notes lines that are about strangers, where whoever matches may send to everywhere from every listener.
fn note_open_relay(hosts: &[At<HostPattern>], problems: &Problems<'_>) {
    for line in hosts {
        let is_of_strangers = match &line.value.hosts {
            Hosts::Host(_) | Hosts::Below(_) => false,
            Hosts::Network(_) | Hosts::Range(..) => {
                let networks = line.value.hosts.networks();
                networks
                    .iter()
                    .any(|network| network.prefix_len() < RELAY_PREFIX_MIN)
            }
            _ => true,
        };
        if is_of_strangers {
            problems.add_with_hint(
                line.at,
                format!("{} may relay to everywhere: this makes an open relay", line.value),
                "name your own hosts and networks, or the listeners that only they can reach",
            );
        }
    }
}

/// What the reputation is made of.
pub(crate) fn reputation(typed: &mut TypedReputation) -> ReputationRules {
    let default = ReputationRules::default();
    let zones = typed.dns_lists.take().unwrap_or_default();
    let points = typed.dns_list_points.take();
    ReputationRules {
        dns_lists: zones.into_iter().map(|zone| zone.value).collect(),
        points_tenths: points.map_or(default.points_tenths, |points| points.value),
    }
}
