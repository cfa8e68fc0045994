//! `postern run`: the daemon, until it is told to stop.

use super::trouble::Trouble;
use crate::daemon;
use postern_engine::policy::Config;
use std::path::Path;
use std::process::ExitCode;

/// Runs it in the foreground.
pub fn run(config: Config, file: &Path) -> Result<ExitCode, Trouble> {
    // Before anything else: a daemon that is told to stop while it starts still says goodbye to its clients.
    let signals = daemon::Signals::listen().map_err(Trouble::io("cannot listen for signals"))?;
    let running = daemon::start(config, file).map_err(|error| Trouble::Said(error.to_string()))?;
    running.wait(signals);
    Ok(ExitCode::SUCCESS)
}
