//! `postern portal`: the portal's own process. It reads the configuration and from then on knows only the door.

use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_portal::{Files, Settings};
use postern_quarantine::api::PORTAL_SOCKET;
use rustix::process::Signal;
use std::process::ExitCode;

/// Serves pages until it is told to stop.
pub fn portal(config: &Config) -> Result<ExitCode, Trouble> {
    let portal = config.portal.as_ref().ok_or_else(|| {
        Trouble::Said("this configuration has no [portal] table; write one with an address in it".to_owned())
    })?;
    let settings = Settings {
        address: portal.address,
        socket: config.run_dir.join(PORTAL_SOCKET),
        public_url: portal.public_url.clone(),
        hostname: config.hostname.to_string(),
        digest_from: config.digest_from.clone(),
    };
    end_with_the_daemon()?;
    match postern_portal::confine().map_err(|error| Trouble::Said(error.to_string()))? {
        Files::Denied => {}
        files => {
            eprintln!("postern: the portal is confined as far as this kernel knows how (files: {files:?})")
        }
    }
    postern_portal::run(settings).map_err(|error| Trouble::Said(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

/// A daemon that was killed cannot end its portal; the kernel does it in its place, or the next daemon would find the
/// portal's address in use.
fn end_with_the_daemon() -> Result<(), Trouble> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| Trouble::Said(format!("cannot ask to end with the daemon: {error}")))
}
