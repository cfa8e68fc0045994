//! What can go wrong with a command, in words that name the cause and the remedy, and the exit status that follows.

use postern_engine::policy::ConfigError;
use postern_quarantine::api::DoorError;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The configuration cannot be read at all.
    #[error(
        "cannot read the configuration {file}: {source}; name another with --config FILE, or write one with `postern \
         init DIR --hostname H --domain D --route HOST:PORT`"
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has mistakes.
    #[error("{}", all(.0))]
    Configuration(Vec<ConfigError>),
    /// Certificates, keys or databases that it names do not do.
    #[error("{}", .0.join("\npostern: "))]
    Files(Vec<String>),
    /// The daemon could not be asked, or said no.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// A file or stream failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the file's name.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal or pipe we print to.
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
    /// The arguments make no sense together; clap could not see it.
    #[error("{0}")]
    Usage(String),
    /// Anything else, cause and remedy in the text.
    #[error("{0}")]
    Said(String),
}

fn all(errors: &[ConfigError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Trouble {
    /// For [`Result::map_err`]: `what` failed.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Prints it and says how the process ends.
    pub fn tell(&self) -> ExitCode {
        match self {
            // `postern track | head`: whoever reads has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Configuration(errors) => {
                let count = errors.len();
                eprintln!(
                    "{self}\npostern: {count} mistake{} in the configuration",
                    if count == 1 { "" } else { "s" }
                );
                ExitCode::FAILURE
            }
            Self::Usage(_) => {
                eprintln!("postern: {self}; `postern help` shows how");
                ExitCode::from(2)
            }
            _ => {
                eprintln!("postern: {self}");
                ExitCode::FAILURE
            }
        }
    }
}
