//! `[[listener]]` and `[[log]]`: where mail is taken in, and whose conversations are logged in full.

use crate::config::error::Problems;
use crate::config::flow_policy::note_unknown;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::config::{Listener, ListenerRules, TlsMode};
use crate::flow::FlowPolicy;
use crate::hat::{HostPattern, Hosts};
use crate::policy::InjectionDebug;
use ipnet::IpNet;
use postern_vocab::Access;
use std::net::SocketAddr;
use toml::de::DeValue;

/// `[[listener]]`.
pub(crate) struct TypedListener {
    pub(crate) name: Option<At<String>>,
    pub(crate) address: Option<At<SocketAddr>>,
    tls: Option<At<TlsMode>>,
    auth: Option<At<bool>>,
    policy: Option<At<String>>,
    proxy_protocol: Option<Vec<At<IpNet>>>,
    xclient: Option<Vec<At<IpNet>>>,
}

/// `[[log]]`.
pub(crate) struct TypedLog {
    pub(crate) name: Option<At<String>>,
    kind: Option<At<()>>,
    peers: Option<Vec<At<HostPattern>>>,
    connections: Option<At<u64>>,
}

const TLS: &[(&str, TlsMode)] = &[
    ("starttls", TlsMode::StartTls),
    ("implicit", TlsMode::Implicit),
    ("off", TlsMode::Off),
];

/// There is one kind.
const KIND: &[(&str, ())] = &[("injection_debug", ())];

/// Connections that an injection debug log keeps unless it is written.
const LOG_CONNECTIONS: u32 = 100;

pub(crate) fn read(section: &Section<'_>) -> TypedListener {
    TypedListener {
        name: section.required("name", values::name),
        address: section.required("address", values::socket),
        tls: section.optional("tls", values::one_of(TLS)),
        auth: section.optional("auth", values::boolean),
        policy: section.optional("policy", values::name),
        proxy_protocol: section.list("proxy_protocol", values::network),
        xclient: section.list("xclient", values::network),
    }
}

pub(crate) fn read_log(section: &Section<'_>) -> TypedLog {
    TypedLog {
        name: section.required("name", values::name),
        kind: section.required("kind", values::one_of(KIND)),
        peers: section.required_list("peers", peer),
        connections: section.optional("connections", values::number(1..=100_000)),
    }
}

/// Hosts that can be told before anything is known but address and name.
fn peer(value: &DeValue<'_>) -> Result<HostPattern, String> {
    let pattern: HostPattern = values::parsed(value)?;
    match pattern.hosts {
        Hosts::Network(_) | Hosts::Range(..) | Hosts::Host(_) | Hosts::Below(_) => Ok(pattern),
        _ => Err(format!("\"{pattern}\" is none of them")),
    }
}

/// A listener; that its policy exists is checked once the policies are there.
pub(crate) fn complete(typed: &TypedListener, problems: &Problems<'_>) -> Option<Listener> {
    let tls = typed.tls.as_ref().map(|one| one.value).unwrap_or_default();
    if let Some(auth) = typed
        .auth
        .as_ref()
        .filter(|auth| auth.value && tls == TlsMode::Off)
    {
        problems.add_with_hint(
            auth.at,
            "listener.auth is never offered without TLS, and listener.tls is \"off\"",
            "write tls = \"starttls\" or \"implicit\", or take auth out",
        );
    }
    let networks = |typed: &Option<Vec<At<IpNet>>>| -> Vec<IpNet> {
        typed.iter().flatten().map(|network| network.value).collect()
    };
    Some(Listener {
        name: typed.name.as_ref()?.value.clone(),
        address: typed.address.as_ref()?.value,
        rules: ListenerRules {
            tls,
            auth: typed.auth.as_ref().is_some_and(|auth| auth.value),
            policy: typed.policy.as_ref().map(|policy| policy.value.clone()),
            proxy_protocol: networks(&typed.proxy_protocol),
            xclient: networks(&typed.xclient),
        },
    })
}

/// Notes a policy that cannot be a listener's.
pub(crate) fn note_wrong_policy(typed: &TypedListener, policies: &[FlowPolicy], problems: &Problems<'_>) {
    let Some(name) = &typed.policy else { return };
    match policies.iter().find(|policy| policy.name == name.value) {
        None => note_unknown(name, policies, problems),
        Some(policy) if policy.access == Access::Continue => problems.add_with_hint(
            name.at,
            format!(
                "behind listener.policy there is nothing to go on to, and {} continues",
                policy.name
            ),
            "name a policy that accepts, relays, rejects or refuses",
        ),
        Some(_) => {}
    }
}

/// The injection debug logs.
pub(crate) fn logs(typed: Vec<TypedLog>) -> Vec<InjectionDebug> {
    let log = |one: TypedLog| {
        one.kind?;
        let connections = one.connections.map(|count| count.value);
        Some(InjectionDebug {
            name: one.name?.value,
            peers: one.peers?.into_iter().map(|peer| peer.value).collect(),
            connections: connections
                .map_or(LOG_CONNECTIONS, |count| u32::try_from(count).unwrap_or(u32::MAX)),
        })
    };
    typed.into_iter().filter_map(log).collect()
}
