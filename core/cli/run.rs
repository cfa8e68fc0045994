//! `postern run`: the daemon, until it is told to stop.

use super::trouble::Trouble;
use crate::daemon;
use postern_engine::policy::Config;
use std::path::Path;
use std::process::ExitCode;

/// Runs it in the foreground.
pub fn run(config: Config, file: &Path) -> Result<ExitCode, Trouble> {
    let running = daemon::start(config, file).map_err(|error| Trouble::Said(error.to_string()))?;
    running.wait();
    Ok(ExitCode::SUCCESS)
}
