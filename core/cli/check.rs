//! `postern check`: by the time this is called, the configuration was read without a mistake; what is left are the files that
//! it names.

use super::output::Output;
use super::trouble::Trouble;
use crate::daemon;
use postern_engine::policy::Config;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Reads certificates, keys and databases, and makes none. Warnings go to standard error.
pub fn files(config: &Config) -> Result<(), Trouble> {
    for warning in daemon::check(config).map_err(Trouble::Files)? {
        eprintln!("postern: {warning}");
    }
    Ok(())
}

/// Says in one line what the configuration amounts to.
pub fn check(file: &Path, config: &Config, output: &mut Output) -> Result<ExitCode, Trouble> {
    files(config)?;
    let listeners: Vec<String> = config
        .listeners
        .iter()
        .map(|one| format!("{} on {}", one.name, one.address))
        .collect();
    let domains: Vec<&str> = config.domains.iter().map(postern_vocab::Domain::as_str).collect();
    let portal = config.portal.as_ref().map(|portal| portal.address.to_string());
    if output.json {
        output.value(&json!({
            "file": file, "good": true, "hostname": config.hostname, "version": config.policy.version,
            "listeners": listeners, "domains": domains, "portal": portal,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format_args!(
        "configuration is good: {} ({}): listens: {}; takes mail for: {}; portal: {}",
        file.display(),
        config.hostname,
        listeners.join(", "),
        domains.join(", "),
        portal.as_deref().unwrap_or("none"),
    ))?;
    Ok(ExitCode::SUCCESS)
}
