//! `postern reload`: the configuration is checked here, by the same code, before the daemon is told to read it.

use super::check;
use super::door::Door;
use super::output::Output;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use rustix::process::Signal;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

/// Sends SIGHUP to the process behind the operator's socket: whoever may open that socket may do this, and no file with
/// a stale process id is believed.
pub fn reload(config: &Config, output: &mut Output) -> Result<ExitCode, Trouble> {
    check::files(config)?;
    let socket = Door::of(config).socket;
    let gone = format!(
        "nothing answers at {}; is postern running, with this configuration?",
        socket.display()
    );
    let stream = UnixStream::connect(&socket).map_err(Trouble::io(gone))?;
    let daemon = rustix::net::sockopt::socket_peercred(&stream)
        .map_err(|error| Trouble::Said(format!("cannot tell which process answers: {error}")))?
        .pid;
    rustix::process::kill_process(daemon, Signal::HUP).map_err(|error| {
        Trouble::Said(format!(
            "cannot signal process {}: {error}; use sudo",
            daemon.as_raw_nonzero()
        ))
    })?;
    output.line(format_args!(
        "configuration version {} is good; process {} was told to take it over, and its log says when it has",
        config.policy.version,
        daemon.as_raw_nonzero(),
    ))?;
    Ok(ExitCode::SUCCESS)
}
