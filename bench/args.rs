//! What can be typed. The help texts are the manual page.

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use postern_vocab::Address;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Load for mail servers, and what they make of it.
#[derive(Parser, Debug)]
#[command(name = "postern-bench", version)]
pub struct Args {
    /// Print the report as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Everything `postern-bench` can be told to do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Send messages to a mail server over many sessions at once
    Source(Source),
    /// Take every message, count it and forget it; the report comes at SIGINT or SIGTERM
    Sink(Sink),
    /// Measure the gateway
    #[command(subcommand)]
    Run(Scenario),
}

/// What can be measured.
#[derive(Subcommand, Debug)]
pub enum Scenario {
    /// Accept mail durably and relay it to a sink, beside a bare sink and, where it is installed, Postfix
    Accept(Accept),
}

/// A load to send.
#[derive(Arguments, Debug)]
pub struct Source {
    /// The mail server
    #[arg(long, value_name = "ADDR")]
    pub to: SocketAddr,
    /// How much
    #[command(flatten)]
    pub load: Load,
    /// The recipient
    #[arg(long, default_value = "alice@example.test")]
    pub rcpt: Address,
    /// The sender
    #[arg(long, default_value = "load@example.com")]
    pub from: Address,
    /// Report the CPU time of these processes too
    #[arg(long, value_name = "PID", num_args = 1..)]
    pub verify_pid: Vec<u32>,
}

/// How much load, and its shape.
#[derive(Arguments, Clone, Debug)]
pub struct Load {
    /// Sessions at once
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sessions: u32,
    /// Messages in all [default: 10000, unless --seconds is given]
    #[arg(long, conflicts_with = "seconds")]
    pub messages: Option<u64>,
    /// Send for this long
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Octets of a message: 10k, 1m
    #[arg(long, default_value = "10k", value_parser = size)]
    pub size: usize,
    /// Messages of one connection; the session then connects again
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_connection: u32,
}

/// A sink.
#[derive(Arguments, Debug)]
pub struct Sink {
    /// Where to listen
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Keep each message as a file here
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// The scenario `accept`.
#[derive(Arguments, Debug)]
pub struct Accept {
    /// The gateway's program
    #[arg(long, value_name = "PATH")]
    pub postern: PathBuf,
    /// How much
    #[command(flatten)]
    pub load: Load,
    /// A directory on a real disk for everything that is stored [default: target]
    #[arg(long, default_value = "target", hide_default_value = true)]
    pub dir: PathBuf,
    /// The gateway's driver
    #[arg(long, value_enum, default_value = "auto")]
    pub driver: Driver,
    /// Leave Postfix out
    #[arg(long)]
    pub no_peer: bool,
    /// Lines kept of each conversation, if other than the gateway's default: 0 shows what keeping them costs
    #[arg(long, value_name = "N")]
    pub conversation_lines: Option<u32>,
    /// Write the figures to bench/runs/NAME.json
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub save: Option<String>,
}

/// As in the gateway's configuration.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Driver {
    /// Left to the gateway.
    Auto,
    /// io_uring.
    #[value(name = "io_uring")]
    IoUring,
    /// epoll.
    Epoll,
}

impl Driver {
    /// As it is written in the configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::IoUring => "io_uring",
            Self::Epoll => "epoll",
        }
    }
}

/// The largest message that is sent.
const SIZE_MAX: usize = 1024 * 1024 * 1024;

fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.to_ascii_lowercase().chars().last() {
        Some('k') => (&text[..text.len() - 1], 1024),
        Some('m') => (&text[..text.len() - 1], 1024 * 1024),
        _ => (text, 1),
    };
    let octets = digits
        .parse::<usize>()
        .ok()
        .and_then(|count| count.checked_mul(unit));
    match octets {
        Some(octets) if (1..=SIZE_MAX).contains(&octets) => Ok(octets),
        _ => Err("a number of octets from 1 to 1024m, with k or m if wanted: 10k".to_owned()),
    }
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !text.starts_with('.') && !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits, - _ and . only: it becomes the name of a file".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn source(words: &str) -> Result<Source, clap::Error> {
        let words = ["postern-bench", "source", "--to", "127.0.0.1:2525"]
            .into_iter()
            .chain(words.split_whitespace());
        Args::try_parse_from(words).map(|args| match args.verb {
            Verb::Source(source) => source,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_load_has_the_defaults_that_the_help_names() {
        let source = source("").expect("good");
        let load = source.load;
        assert_eq!((load.sessions, load.messages, load.seconds), (50, None, None));
        assert_eq!((load.size, load.per_connection), (10 * 1024, 100));
        assert_eq!(source.rcpt.to_string(), "alice@example.test");
    }

    #[test]
    fn sizes_have_units_and_bounds() {
        let rows = [
            ("1", Some(1)),
            ("10k", Some(10_240)),
            ("10K", Some(10_240)),
            ("2m", Some(2_097_152)),
            ("1024m", Some(SIZE_MAX)),
            ("1025m", None),
            ("0", None),
            ("k", None),
            ("", None),
            ("-1k", None),
            ("10 k", None),
            ("1é", None),
            ("99999999999999999999m", None),
        ];
        for (text, octets) in rows {
            assert_eq!(size(text).ok(), octets, "{text}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for words in [
            "--messages 1 --seconds 1",
            "--sessions 0",
            "--per-connection 0",
            "--rcpt nobody",
            "--size x",
        ] {
            assert!(source(words).is_err(), "{words}");
        }
        let several = source("--verify-pid 1 2 --seconds 3").expect("good");
        assert_eq!((several.verify_pid, several.load.seconds), (vec![1, 2], Some(3)));
    }

    #[test]
    fn a_saved_run_stays_in_its_directory() {
        for (text, good) in [
            ("accept-2025.1", true),
            ("../x", false),
            ("a/b", false),
            (".", false),
            ("", false),
        ] {
            assert_eq!(name(text).is_ok(), good, "{text}");
        }
    }
}
