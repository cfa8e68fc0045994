//! `postern-bench`: an SMTP source and a sink on the gateway's own protocol machines, and scenarios that measure the
//! gateway, a peer and a floor with them. Wiring only.
//!
//! What this room may not know: anything of the gateway but its protocol, its words and its command line. It measures
//! the built program from outside, as it would measure any other.

mod args;
mod letter;
mod process;
mod quantiles;
mod receiving;
mod scenario;
mod sending;
mod sink;
mod source;
mod tally;
#[cfg(test)]
mod tests;

use args::{Args, Verb};
use clap::Parser as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.verb {
        Verb::Source(wishes) => source::command(wishes, args.json),
        Verb::Sink(wishes) => sink::command(wishes, args.json),
        Verb::Run(args::Scenario::Accept(wishes)) => scenario::accept(wishes, args.json),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("postern-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread of tokio: what a source or a sink runs on.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Prints a report. A reader that went away is an error, not a panic.
fn print(report: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{report}")
}
