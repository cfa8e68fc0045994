//! Open files: each connection is one. What the service manager allows is used to the full.

use postern_engine::policy::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: journals, RocksDB's files, the door, logs.
const OTHER_FILES: u64 = 4_096;

/// Raises the soft limit to the hard one, and says so when the connections that the configuration allows do not fit.
pub fn raise_limit(config: &Config, shards: u16) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let connections = config.limits.connections as u64 * u64::from(shards);
    match allowed {
        Some(allowed) if allowed < connections.saturating_add(OTHER_FILES) => eprintln!(
            "postern: {allowed} open files are allowed, which are fewer than {connections} connections need; raise \
             LimitNOFILE or lower [limits] connections"
        ),
        _ => {}
    }
}
