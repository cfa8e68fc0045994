//! From what was typed to what can be used: values are checked against each other, and what is not written gets its
//! default. Everything is looked at before anything is given up, so that all mistakes are told at once.

use crate::config::error::Problems;
use crate::config::section::At;
use crate::config::typed::{
    Typed, TypedAntiSpam, TypedDomain, TypedLimits, TypedListener, TypedPortal, TypedQuarantine,
};
use crate::config::{Config, Limits, Listener, ListenerRules, Portal, Quarantine, Tls};
use crate::hat::Hat;
use crate::policy::{Action, AntiSpam, Policy};
use crate::rat::{Rat, Recipients, has_routing_characters};
use crate::routes::{RoutePattern, Routes};
use postern_vocab::{Address, Domain, limits};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const DATA_DIR: &str = "/var/lib/postern";
const RUN_DIR: &str = "/run/postern";

/// The quarantines that a disposition can name; each exists, written or not.
const QUARANTINES: [&str; 3] = ["spam", "virus", "unscannable"];

/// The ready configuration; `None` if anything in it is wrong, with every reason noted.
pub(crate) fn complete(typed: Typed, text: &str, problems: &Problems<'_>) -> Option<Config> {
    note_absent_tables(&typed, problems);
    note_repeated_names(&typed, problems);
    let rat = Rat::new(
        typed
            .domains
            .iter()
            .filter_map(|domain| recipients(domain, problems)),
    );
    let antispam = antispam(&typed.antispam, problems);
    let limits = tuned(&typed.limits, problems);
    let quarantines = quarantines(&typed.quarantines, problems);

    let routes = routes(&typed)?;
    let domains = typed
        .domains
        .into_iter()
        .map(|one| one.name.map(|name| name.value))
        .collect::<Option<Vec<_>>>()?;
    let hostname = typed.hostname?.value;
    let data_dir = value_or(typed.data_dir, PathBuf::from(DATA_DIR));
    Some(Config {
        run_dir: typed
            .run_dir
            .map_or_else(|| run_dir_beside(&data_dir), |run_dir| run_dir.value),
        data_dir,
        shards: value_or(typed.shards.map(as_number), 0),
        driver: typed.driver.map(|driver| driver.value).unwrap_or_default(),
        listeners: typed.listeners.into_iter().map(listener).collect::<Option<_>>()?,
        portal: match typed.portal {
            Some(typed) => Some(portal(typed, &hostname)?),
            None => None,
        },
        limits,
        dns_servers: typed.dns_servers.into_iter().map(|server| server.value).collect(),
        digest_from: match typed.digest_from {
            Some(from) => from.value,
            None => format!("quarantine@{}", domains.first()?).parse().ok()?,
        },
        domains,
        tls: Tls::default(),
        directory: None,
        dkim: Vec::new(),
        country_database: None,
        quarantines,
        policy: Policy {
            version: version_of(text),
            hostname: hostname.clone(),
            hat: Hat::default(),
            listeners: BTreeMap::new(),
            rat,
            routes,
            antispam,
            antivirus_action: value_or(typed.antivirus_action, Action::Quarantine),
            unscannable_action: value_or(typed.unscannable_action, Action::Quarantine),
        },
        hostname,
    })
}

fn value_or<T>(typed: Option<At<T>>, default: T) -> T {
    typed.map_or(default, |typed| typed.value)
}

/// The reader has checked the range, so nothing is lost.
fn as_number<N: TryFrom<u64> + Default>(typed: At<u64>) -> At<N> {
    At {
        value: N::try_from(typed.value).unwrap_or_default(),
        at: typed.at,
    }
}

fn note_absent_tables(typed: &Typed, problems: &Problems<'_>) {
    let absent = [
        (typed.listeners.is_empty(), "listener"),
        (typed.domains.is_empty(), "domain"),
    ];
    for (_, name) in absent.iter().filter(|(is_empty, _)| *is_empty && typed.whole) {
        problems.add_with_hint(0, format!("there is no [[{name}]]"), "at least one is needed");
    }
}

fn note_repeated_names(typed: &Typed, problems: &Problems<'_>) {
    note_repeated(
        "listener",
        typed.listeners.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "domain",
        typed.domains.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "quarantine",
        typed.quarantines.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "route for",
        typed.routes.iter().filter_map(|one| one.domain.as_ref()),
        problems,
    );
    let of_portal = typed.portal.iter().filter_map(|portal| portal.address.as_ref());
    let of_listeners = typed.listeners.iter().filter_map(|one| one.address.as_ref());
    note_repeated("address", of_listeners.chain(of_portal), problems);
    let domains: Vec<String> = typed
        .domains
        .iter()
        .filter_map(|one| Some(one.name.as_ref()?.value.to_string()))
        .collect();
    for pattern in typed.routes.iter().filter_map(|one| one.domain.as_ref()) {
        let shown = pattern.value.to_string();
        if domains.contains(&shown) {
            let message = format!("{shown} has its route in its [[domain]] table");
            problems.add_with_hint(pattern.at, message, "take one of them out");
        }
    }
}

fn note_repeated<'v, T: Ord + fmt::Display + 'v>(
    what: &str,
    values: impl Iterator<Item = &'v At<T>>,
    problems: &Problems<'_>,
) {
    let mut seen = BTreeSet::new();
    for At { value, at } in values {
        if !seen.insert(value) {
            problems.add(*at, format!("there are two of {what} \"{value}\""));
        }
    }
}

fn listener(typed: TypedListener) -> Option<Listener> {
    Some(Listener {
        name: typed.name?.value,
        address: typed.address?.value,
        rules: ListenerRules::default(),
    })
}

fn portal(typed: TypedPortal, hostname: &Domain) -> Option<Portal> {
    let address = typed.address?.value;
    let public_url = typed
        .public_url
        .map_or_else(|| url_of(address, hostname), |url| url.value);
    Some(Portal { address, public_url })
}

/// The address itself, unless it stands for all addresses of the machine: no browser could open that.
fn url_of(address: SocketAddr, hostname: &Domain) -> String {
    if address.ip().is_unspecified() {
        return format!("http://{hostname}:{}", address.port());
    }
    format!("http://{address}")
}

/// The system's place for the system's installation; an installation elsewhere keeps to its own directory.
fn run_dir_beside(data_dir: &Path) -> PathBuf {
    if data_dir == Path::new(DATA_DIR) {
        PathBuf::from(RUN_DIR)
    } else {
        data_dir.join("run")
    }
}

/// A domain's row of the recipient access table.
fn recipients(domain: &TypedDomain, problems: &Problems<'_>) -> Option<(Domain, Recipients)> {
    let name = &domain.name.as_ref()?.value;
    let Some(typed) = &domain.recipients else {
        return Some((name.clone(), Recipients::All));
    };
    let mut listed = HashSet::with_capacity(typed.len());
    for recipient in typed {
        match recipient_of(&recipient.value, name) {
            Ok(address) => drop(listed.insert(address.folded())),
            Err(why) => problems.add(recipient.at, format!("\"{}\" {why}", recipient.value)),
        }
    }
    Some((name.clone(), Recipients::Listed(listed)))
}

fn recipient_of(text: &str, domain: &Domain) -> Result<Address, String> {
    let address = text
        .parse::<Address>()
        .or_else(|_| format!("{text}@{domain}").parse());
    match address {
        Err(_) => Err("is neither an address nor the part before its @".to_owned()),
        Ok(address) if address.domain() != domain => Err(format!("is not an address of {domain}")),
        Ok(address) if has_routing_characters(&address) => {
            Err("would always be refused: %, ! and @ before the @ are how mail is relayed".to_owned())
        }
        Ok(address) => Ok(address),
    }
}

fn routes(typed: &Typed) -> Option<Routes> {
    let mut entries = Vec::with_capacity(typed.domains.len() + typed.routes.len());
    for domain in &typed.domains {
        let pattern = RoutePattern::Domain(domain.name.as_ref()?.value.clone());
        entries.push((pattern, domain.route.as_ref()?.value.clone()));
    }
    for route in &typed.routes {
        entries.push((
            route.domain.as_ref()?.value.clone(),
            route.to.as_ref()?.value.clone(),
        ));
    }
    Some(Routes::new(entries))
}

fn antispam(typed: &TypedAntiSpam, problems: &Problems<'_>) -> AntiSpam {
    let default = AntiSpam::default();
    let score =
        |typed: &Option<At<u64>>, default| typed.clone().map_or(default, |typed| as_number(typed).value);
    let antispam = AntiSpam {
        suspect: score(&typed.suspect, default.suspect),
        positive: score(&typed.positive, default.positive),
        suspect_action: value_or(typed.suspect_action.clone(), default.suspect_action),
        positive_action: value_or(typed.positive_action.clone(), default.positive_action),
    };
    if antispam.suspect > antispam.positive
        && let Some(typed) = typed.suspect.as_ref().or(typed.positive.as_ref())
    {
        let (suspect, positive) = (antispam.suspect, antispam.positive);
        problems.add(
            typed.at,
            format!("antispam.suspect, {suspect}, is above antispam.positive, {positive}"),
        );
    }
    antispam
}

fn tuned(typed: &TypedLimits, problems: &Problems<'_>) -> Limits {
    let default = Limits::default();
    let limits = Limits {
        message_bytes: value_or(typed.message_bytes.clone(), default.message_bytes),
        recipients: value_or(typed.recipients.clone().map(as_number), default.recipients),
        messages_per_connection: value_or(
            typed.messages_per_connection.clone().map(as_number),
            default.messages_per_connection,
        ),
        connections: value_or(typed.connections.clone().map(as_number), default.connections),
        command_timeout: value_or(typed.command_timeout.clone(), default.command_timeout),
        retry_first: value_or(typed.retry_first.clone(), default.retry_first),
        retry_max: value_or(typed.retry_max.clone(), default.retry_max),
        retry_for: value_or(typed.retry_for.clone(), default.retry_for),
    };
    if limits.retry_first > limits.retry_max
        && let Some(typed) = typed.retry_first.as_ref().or(typed.retry_max.as_ref())
    {
        problems.add(typed.at, "limits.retry_first is longer than limits.retry_max");
    }
    limits
}

fn quarantines(typed: &[TypedQuarantine], problems: &Problems<'_>) -> Vec<Quarantine> {
    for name in typed.iter().filter_map(|one| one.name.as_ref()) {
        if !QUARANTINES.contains(&name.value.as_str()) {
            let message = format!("no rule puts mail into a quarantine \"{}\"", name.value);
            problems.add_with_hint(name.at, message, format!("there are {}", QUARANTINES.join(", ")));
        }
    }
    let retention_of = |name: &str| {
        let one = typed
            .iter()
            .find(|one| one.name.as_ref().is_some_and(|typed| typed.value == name))?;
        one.retention.as_ref().map(|retention| retention.value)
    };
    let quarantine = |name: &str| Quarantine {
        name: name.to_owned(),
        retention: retention_of(name).unwrap_or(limits::QUARANTINE_RETENTION),
    };
    QUARANTINES.map(quarantine).into()
}

/// FNV-1a, 64 bits: small, and the same in every build.
fn version_of(text: &str) -> String {
    let mix = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}
