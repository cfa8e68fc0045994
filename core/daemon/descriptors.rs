//! Open files: each connection is one. What the service manager allows is used to the full.

use postern_engine::policy::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: journals, RocksDB's files, the door, logs.
const OTHER_FILES: u64 = 4_096;

/// Raises the soft limit to the hard one, and says so when the connections that the configuration allows do not fit.
pub fn raise_limit(config: &Config, shards: u16) {
    let limit = getrlimit(Resource::Nofile);
    let connections = config.limits.connections as u64 * u64::from(shards);
    let needed = connections.saturating_add(OTHER_FILES);
    let to = |current: Option<u64>, maximum| Rlimit { current, maximum };
    // Only a privileged process may raise the hard limit; the soft one everybody may raise up to it.
    let wanted = [
        to(Some(needed), limit.maximum.map(|most| most.max(needed))),
        to(limit.maximum, limit.maximum),
    ];
    let set = wanted
        .into_iter()
        .find(|one| setrlimit(Resource::Nofile, *one).is_ok());
    let allowed = set.map_or(limit.current, |one| one.current);
    match allowed {
        Some(allowed) if allowed < needed => eprintln!(
            "postern: {allowed} open files are allowed, which are fewer than {connections} connections need; raise \
             LimitNOFILE or lower [limits] connections"
        ),
        _ => {}
    }
}
