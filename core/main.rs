//! The `postern` program. Wiring only: `cli` reads what was typed, `daemon` puts the rooms together, `demo` shows them.

mod cli;
mod configuration;
mod daemon;
mod demo;

use std::process::ExitCode;

fn main() -> ExitCode {
    postern_engine::tls::install_provider();
    cli::main()
}
