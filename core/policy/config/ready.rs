//! From what was typed to what can be used: values are checked against each other, and what is not written gets its
//! default. Everything is looked at before anything is given up, so that all mistakes are told at once.

use crate::config::error::Problems;
use crate::config::rules::{self, Around};
use crate::config::section::At;
use crate::config::typed::{Typed, TypedLimits, TypedPortal, TypedQuarantine};
use crate::config::{
    Config, Limits, Listener, Portal, Quarantine, certificates, directory, listening, repeated,
};
use crate::routes::RoutePattern;
use postern_vocab::{Address, Domain, limits};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const DATA_DIR: &str = "/var/lib/postern";
const RUN_DIR: &str = "/run/postern";

/// The quarantines that a disposition can name; each exists, written or not.
const QUARANTINES: [&str; 3] = ["spam", "virus", "unscannable"];

/// The ready configuration; `None` if anything in it is wrong, with every reason noted. `read` reads a file that a key
/// names.
pub(crate) fn complete(
    mut typed: Typed,
    text: &str,
    read: &dyn Fn(&Path) -> Result<String, String>,
    problems: &Problems<'_>,
) -> Option<Config> {
    repeated::note_all(&typed, problems);
    let limits = tuned(&typed.limits, problems);
    let quarantines = quarantines(&typed.quarantines, problems);
    let listeners: Vec<Option<Listener>> = typed
        .listeners
        .iter()
        .map(|one| listening::complete(one, problems))
        .collect();
    let tls = certificates::complete(std::mem::take(&mut typed.tls), problems);
    let dkim = certificates::dkim(std::mem::take(&mut typed.dkim), problems);
    let directory = typed.directory.take();
    let around = Around {
        text,
        read,
        listeners: &listeners,
        limits: &limits,
        has_directory: directory.is_some(),
    };
    let directory = directory.map(|typed| directory::complete(typed, problems));
    let policy = rules::complete(&mut typed, &around, problems)?;

    let domains = typed
        .domains
        .iter()
        .filter_map(|one| match one.name.as_ref()?.value {
            RoutePattern::Domain(ref domain) => Some(domain.clone()),
            RoutePattern::Subdomains(_) | RoutePattern::All => None,
        });
    let domains: Vec<Domain> = domains.collect();
    let hostname = typed.hostname?.value;
    let data_dir = value_or(typed.data_dir, PathBuf::from(DATA_DIR));
    Some(Config {
        run_dir: typed
            .run_dir
            .map_or_else(|| run_dir_beside(&data_dir), |run_dir| run_dir.value),
        data_dir,
        shards: value_or(typed.shards.map(as_number), 0),
        driver: typed.driver.map(|driver| driver.value).unwrap_or_default(),
        listeners: listeners.into_iter().collect::<Option<_>>()?,
        portal: match typed.portal {
            Some(typed) => Some(portal(typed, &hostname)?),
            None => None,
        },
        limits,
        dns_servers: typed.dns_servers.into_iter().map(|server| server.value).collect(),
        digest_from: match typed.digest_from {
            Some(from) => from.value,
            None => digest_from(domains.first().unwrap_or(&hostname))?,
        },
        domains,
        tls,
        directory: match directory {
            Some(directory) => Some(directory?),
            None => None,
        },
        dkim,
        country_database: typed.reputation.country_database.map(|path| path.value),
        quarantines,
        policy,
        hostname,
    })
}

fn digest_from(domain: &Domain) -> Option<Address> {
    format!("quarantine@{domain}").parse().ok()
}

pub(crate) fn value_or<T>(typed: Option<At<T>>, default: T) -> T {
    typed.map_or(default, |typed| typed.value)
}

/// The reader has checked the range, so nothing is lost.
pub(crate) fn as_number<N: TryFrom<u64> + Default>(typed: At<u64>) -> At<N> {
    At {
        value: N::try_from(typed.value).unwrap_or_default(),
        at: typed.at,
    }
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

fn tuned(typed: &TypedLimits, problems: &Problems<'_>) -> Limits {
    let default = Limits::default();
    let limits = Limits {
        message_bytes: value_or(typed.message_bytes.clone(), default.message_bytes),
        recipients: value_or(typed.recipients.clone().map(as_number), default.recipients),
        messages_per_connection: value_or(
            typed.messages_per_connection.clone().map(as_number),
            default.messages_per_connection,
        ),
        conversation_lines: value_or(
            typed.conversation_lines.clone().map(as_number),
            default.conversation_lines,
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
