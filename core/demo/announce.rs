//! What a newcomer can do with the running demo, ready to copy.

use super::accounts::{LOGINS, PASSWORD};
use super::place::Place;
use super::samples::ALICE;
use crate::cli::output::Output;
use postern_quarantine::api::Role;
use std::io;

/// Prints it.
pub fn announce(place: &Place, output: &mut Output) -> io::Result<()> {
    output.heading("Postern is up")?;
    output.line(format_args!("  portal     http://{}/", place.portal))?;
    for (login, role) in LOGINS {
        let may = match role {
            Role::User => "their quarantine and lists",
            Role::Admin => "everything, at /admin",
        };
        output.line(format_args!("             {login:<20}{PASSWORD:<16}{may}"))?;
    }
    output.line(format_args!(
        "  SMTP       {}, for alice, bob and admin at example.test",
        place.smtp
    ))?;
    output.line(format_args!(
        "  next hop   {} stores what it is given in {}",
        place.next_hop,
        place.delivered.display()
    ))?;
    let program =
        std::env::current_exe().map_or_else(|_| "postern".to_owned(), |file| file.display().to_string());
    let config = format!("--config '{}'", place.file.display());
    output.heading("Try")?;
    output.line(format_args!(
        "  swaks --server {} --from you@example.com --to {ALICE} --header 'Subject: Hello'",
        place.smtp
    ))?;
    for verb in [
        "track",
        "track --rejected",
        "show MID 1",
        "quarantine list",
        "tail",
        "status",
    ] {
        output.line(format_args!("  {program} {verb} {config}"))?;
    }
    output.line("")?;
    output.line("Ctrl-C stops it.")
}
