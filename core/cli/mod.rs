//! The command line: what was typed, and what is printed. Every verb is a file; what it needs to know it asks the daemon
//! through the door (`door`), or reads from the configuration and the logs. No logic of the gateway is here.

mod args;
mod check;
mod configuration;
mod digest;
pub mod door;
mod findevent;
mod grep;
mod greylist;
mod init;
mod lists;
mod log;
pub mod message_file;
pub mod output;
mod password;
mod portal;
mod quarantine;
mod reload;
mod run;
mod scan;
mod show;
mod show_facts;
mod status;
pub mod table;
mod tail;
pub mod times;
mod track;
pub mod trouble;
mod user;

pub use args::Demo;
pub use track::id as track_id;

use args::{Args, Verb};
use clap::Parser as _;
use output::Output;
use std::process::ExitCode;
use trouble::Trouble;

/// Does what was typed and says how it ended.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut output = Output::new(args.json);
    let ended = obey(args, &mut output).and_then(|code| {
        output.flush()?;
        Ok(code)
    });
    ended.unwrap_or_else(|trouble| trouble.tell())
}

fn obey(args: Args, output: &mut Output) -> Result<ExitCode, Trouble> {
    // These need no configuration, or say themselves what is wrong with it.
    match args.verb {
        Verb::Demo(wishes) => return crate::demo::demo(&wishes, output),
        Verb::Init(wishes) => return init::init(&wishes, output),
        Verb::Scan(wishes) => return scan::scan(&args.config, &wishes, output),
        Verb::Version => {
            output.line(concat!("postern ", env!("CARGO_PKG_VERSION")))?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let config = configuration::read(&args.config)?;
    match args.verb {
        Verb::Check => check::check(&args.config, &config, output),
        Verb::Run => run::run(config, &args.config),
        Verb::Portal => portal::portal(&config),
        Verb::Reload => reload::reload(&config, output),
        Verb::Status { detail } => status::status(&config, detail.is_some(), output),
        Verb::Tail(wishes) => tail::tail(&config, &wishes, output),
        Verb::Grep(wishes) => grep::grep(&config, wishes, output),
        Verb::Findevent(wishes) => findevent::findevent(&config, &wishes, output),
        Verb::Track(wishes) => track::track(&config, *wishes, output),
        Verb::Show { id } => show::show(&config, &id, output),
        Verb::Quarantine { action } => quarantine::quarantine(&config, action, output),
        Verb::Lists { action } => lists::lists(&config, action, output),
        Verb::Greylist { action } => greylist::greylist(&config, action, output),
        Verb::Digest { action } => digest::digest(&config, &action, output),
        Verb::User { action } => user::user(&config, action, output),
        Verb::Demo(_) | Verb::Init(_) | Verb::Scan(_) | Verb::Version => unreachable!("obeyed above"),
    }
}

/// Exit status 0 if it was done or found, else 1.
fn status_of(done: bool) -> ExitCode {
    if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
