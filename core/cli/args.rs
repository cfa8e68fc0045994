//! What can be typed: every verb with its options and its help. The help texts are the manual page; what a verb does is
//! in the file of its name.

use super::{init, times};
use clap::{ArgGroup, Args as Arguments, Parser, Subcommand};
use postern_quarantine::api::{HeldKey, Subject, TrackState};
use postern_vocab::{Address, ListOwner, Mid, Timestamp};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the configuration is unless `--config` names another file.
pub const CONFIG_FILE: &str = "/etc/postern/postern.toml";

/// Email security gateway: takes mail in, judges it, delivers, holds or refuses it, and can say why.
#[derive(Parser, Debug)]
#[command(
    name = "postern",
    version,
    after_help = "Exit status: 0 done; 1 the thing asked about failed or was not found; 2 wrong usage.\n\
                  Times are RFC 3339 (2026-01-31T14:00:00Z), local (2026-01-31, 2026-01-31 14:00) or relative (-2h, -3d, \
                  today, yesterday)."
)]
pub struct Args {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// Print data as JSON: one value, or one object a line for lists
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Everything `postern` can be told to do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// The whole appliance on loopback with sample mail; nothing leaves this machine
    Demo(Demo),
    /// Write a commented starter configuration
    Init(init::Wishes),
    /// Check the configuration and print every mistake with file, line, column and a hint
    Check,
    /// Run the gateway in the foreground (systemd starts it like this)
    Run,
    /// Make the running gateway take over the configuration; a wrong one changes nothing
    Reload,
    /// How the gateway is: versions, queue, quarantine
    Status {
        /// With all counters
        #[arg(value_parser = ["detail"])]
        detail: Option<String>,
    },
    /// Print the version
    Version,
    /// The last lines of a log, then follow it through rotation
    Tail(Tail),
    /// Search a log by a regular expression
    Grep(Grep),
    /// Gather all log lines of the messages that fit
    Findevent(Findevent),
    /// Search messages and refused connections, newest first
    Track(Box<Track>),
    /// Everything about one message or connection: fate, reasons, facts, timeline, conversation
    Show {
        /// MID 1042, ICID 77 or DCID 5; a bare number is a MID
        #[arg(required = true, num_args = 1..=2, value_name = "ID")]
        id: Vec<String>,
    },
    /// Held mail: list, show, release, delete
    Quarantine {
        /// `list` when left out.
        #[command(subcommand)]
        action: Option<Quarantine>,
    },
    /// Who has been told to come again by greylisting; let them in now
    Greylist {
        /// `list` when left out.
        #[command(subcommand)]
        action: Option<Greylist>,
    },
    /// Safelists and blocklists: show, add, remove
    Lists {
        /// `show` when left out.
        #[command(subcommand)]
        action: Option<Lists>,
    },
    /// Digests: preview one, send them now
    Digest {
        /// What.
        #[command(subcommand)]
        action: Digest,
    },
    /// Portal log-ins: add, passwd, remove, list
    User {
        /// `list` when left out.
        #[command(subcommand)]
        action: Option<User>,
    },
    /// Judge message files without a running gateway: one JSON line each
    Scan(Scan),
    /// The portal's own process; `run` starts it
    #[command(hide = true)]
    Portal,
}

/// `postern demo`.
#[derive(Arguments, Debug)]
pub struct Demo {
    /// Where everything is kept; a fresh directory under the system's temporary one unless given
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Feed every file below this directory instead of the samples, and account for each
    #[arg(long, value_name = "DIR", conflicts_with = "no_feed")]
    pub mail: Option<PathBuf>,
    /// Feed nothing
    #[arg(long)]
    pub no_feed: bool,
    /// Stop this long after the feed instead of at Ctrl-C
    #[arg(long = "for", alias = "seconds", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Where mail is taken in, on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = 2525)]
    pub smtp_port: u16,
    /// Where the built-in next hop listens, on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = 2526)]
    pub next_hop_port: u16,
    /// Where the portal listens, on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = 8025)]
    pub portal_port: u16,
}

/// `postern tail`.
#[derive(Arguments, Debug)]
pub struct Tail {
    /// The log, a file in data_dir/logs
    #[arg(default_value = "mail_logs")]
    pub log: String,
    /// How many lines to begin with
    #[arg(long, short = 'n', default_value_t = 10)]
    pub lines: usize,
    /// Stop after them
    #[arg(long)]
    pub no_follow: bool,
}

/// `postern grep`.
#[derive(Arguments, Debug)]
pub struct Grep {
    /// Upper and lower case are the same
    #[arg(short = 'i')]
    pub any_case: bool,
    /// The regular expression, where it begins with a dash
    #[arg(short = 'e', value_name = "PATTERN", allow_hyphen_values = true)]
    pub pattern: Option<String>,
    /// The regular expression, unless given with -e; then the log, a file in data_dir/logs (mail_logs)
    #[arg(value_name = "PATTERN] [LOG", num_args = 0..=2, required_unless_present = "pattern")]
    pub rest: Vec<String>,
}

/// `postern findevent`.
#[derive(Arguments, Debug)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct Findevent {
    /// Upper and lower case are the same
    #[arg(short = 'i')]
    pub any_case: bool,
    /// Envelope sender, a regular expression
    #[arg(short = 'f', group = "what", value_name = "FROM")]
    pub from: Option<String>,
    /// Envelope recipient, a regular expression
    #[arg(short = 't', group = "what", value_name = "TO")]
    pub to: Option<String>,
    /// Subject, a regular expression
    #[arg(short = 's', group = "what", value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Message id
    #[arg(short = 'm', group = "what", value_name = "MID")]
    pub mid: Option<Mid>,
    /// The log, a file in data_dir/logs
    #[arg(default_value = "mail_logs")]
    pub log: String,
}

/// `postern track`.
#[derive(Arguments, Debug)]
pub struct Track {
    /// Envelope sender: an address, @domain, or any part of it
    #[arg(long)]
    pub from: Option<String>,
    /// Envelope recipient, in the same forms
    #[arg(long)]
    pub to: Option<String>,
    /// Words of the subject
    #[arg(long)]
    pub subject: Option<String>,
    /// Message-ID, with or without angle brackets
    #[arg(long, value_name = "ID")]
    pub message_id: Option<String>,
    /// The client's address, or a network: 192.0.2.0/24
    #[arg(long, value_name = "IP[/LEN]", value_parser = network)]
    pub ip: Option<String>,
    /// Part of an attachment's name
    #[arg(long, value_name = "NAME")]
    pub attachment: Option<String>,
    /// A mail flow policy or a sender group
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Last state: bounced, deferred, queued, quarantined, dropped, expired, deleted, released, delivered, refused,
    /// aborted, empty
    #[arg(long)]
    pub state: Option<TrackState>,
    /// Only what was refused
    #[arg(long)]
    pub rejected: bool,
    /// Not before this time
    #[arg(long, value_name = "TIME", value_parser = times::parse, allow_hyphen_values = true)]
    pub since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = times::parse, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,
    /// How many rows at most
    #[arg(long, default_value_t = 50, value_name = "ROWS")]
    pub limit: usize,
}

/// `postern quarantine`.
#[derive(Subcommand, Debug)]
pub enum Quarantine {
    /// Held messages, newest first
    List {
        /// Held for this recipient
        #[arg(long, value_name = "ADDRESS")]
        rcpt: Option<Address>,
        /// Held in this quarantine
        #[arg(long, value_name = "NAME")]
        quarantine: Option<String>,
        /// Words of sender or subject
        #[arg(long, default_value = "")]
        words: String,
        /// Released, deleted and expired ones too
        #[arg(long)]
        all: bool,
        /// How many rows at most
        #[arg(long, default_value_t = 50, value_name = "ROWS")]
        limit: usize,
    },
    /// One held message: why it is held, and its source made harmless for a terminal
    Show(Held),
    /// Deliver it after all, to every recipient it is held for or to the one named
    Release(Held),
    /// Throw it away, for every recipient it is held for or for the one named
    Delete(Held),
}

/// One held message.
#[derive(Arguments, Debug)]
pub struct Held {
    /// MID, or MID-RID for one recipient
    #[arg(value_name = "MID")]
    pub id: HeldId,
    /// Only for this recipient
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Option<Address>,
}

/// A held message as it is typed: for all its recipients, or for one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeldId {
    /// `1042`.
    Message(Mid),
    /// `1042-0`.
    One(HeldKey),
}

/// `postern lists`.
#[derive(Subcommand, Debug)]
pub enum Lists {
    /// All entries, or one owner's
    Show {
        /// This mailbox's; `everyone` for the global lists
        #[arg(long, value_name = "ADDRESS|everyone", value_parser = owner)]
        owner: Option<ListOwner>,
    },
    /// Add a sender; it counts from the next message on
    Add(Entry),
    /// Remove a sender
    Remove(Entry),
}

/// One entry of a list.
#[derive(Arguments, Debug)]
pub struct Entry {
    /// Which list
    #[arg(value_parser = ["safe", "block"])]
    pub list: String,
    /// user@example.com, example.com, or .example.com for all below it
    pub sender: String,
    /// Whose list: a mailbox, or `everyone`
    #[arg(long, value_name = "ADDRESS|everyone", default_value = "everyone", value_parser = owner)]
    pub owner: ListOwner,
}

/// `postern greylist`.
#[derive(Subcommand, Debug)]
pub enum Greylist {
    /// Everyone who waits, oldest first
    List,
    /// Let those that fit in at their next attempt
    #[command(group = ArgGroup::new("which").required(true).multiple(true))]
    Admit {
        /// Of this envelope sender, or of all of a domain
        #[arg(long, value_name = "ADDRESS|DOMAIN", group = "which")]
        sender: Option<String>,
        /// To this recipient, or to all of a domain
        #[arg(long, value_name = "ADDRESS|DOMAIN", group = "which")]
        rcpt: Option<String>,
        /// From this address or network
        #[arg(long, value_name = "ADDRESS|CIDR", group = "which")]
        network: Option<String>,
    },
}

/// `postern digest`.
#[derive(Subcommand, Debug)]
pub enum Digest {
    /// Print the mail that would be sent
    Preview {
        /// To whom
        #[arg(long, value_name = "ADDRESS")]
        rcpt: Address,
    },
    /// Send it now
    Send {
        /// To whom; everyone with something new when left out
        #[arg(long, value_name = "ADDRESS")]
        rcpt: Option<Address>,
    },
}

/// `postern user`.
#[derive(Subcommand, Debug)]
pub enum User {
    /// A new log-in; a user's is their mail address
    Add {
        /// Its name
        login: String,
        /// May see and do everything, for everyone
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// A new password
    Passwd {
        /// Its name
        login: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a log-in and end its sessions
    Remove {
        /// Its name
        login: String,
    },
    /// All log-ins
    List,
}

/// `postern scan`.
#[derive(Arguments, Debug)]
pub struct Scan {
    /// Message files; `-` reads their names from standard input, one a line
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a line, which is how it prints anyway
    #[arg(long)]
    pub jsonl: bool,
}

impl FromStr for HeldId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(mid) = text.parse() {
            return Ok(Self::Message(mid));
        }
        let one = text.parse().map(Self::One);
        one.map_err(|_| {
            format!("\"{text}\" is not a held message; write MID or MID-RID, as in 1042 or 1042-0")
        })
    }
}

impl fmt::Display for HeldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(mid) => write!(f, "MID {mid}"),
            Self::One(key) => write!(f, "MID {key}"),
        }
    }
}

fn owner(text: &str) -> Result<ListOwner, String> {
    if text == "everyone" {
        return Ok(ListOwner::Everyone);
    }
    let address: Address = text
        .parse()
        .map_err(|why| format!("{why}; write alice@example.com, or everyone for the global lists"))?;
    Ok(ListOwner::of(&address))
}

fn network(text: &str) -> Result<String, String> {
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    match (address.parse::<IpAddr>(), length.parse::<u8>()) {
        (Ok(ip), Ok(length)) if length <= if ip.is_ipv4() { 32 } else { 128 } => Ok(text.to_owned()),
        _ => Err("write an address or a network, as in 192.0.2.7 or 192.0.2.0/24".to_owned()),
    }
}

/// `show MID 7` comes as two words, `show 7` and `show MID7` as one.
pub fn subject(words: &[String]) -> Result<Subject, String> {
    words.join(" ").parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parsed(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_administrators_type_is_taken() {
        let lines = [
            "postern demo --for 5 --dir /tmp/x",
            "postern demo --seconds 5",
            "postern init /etc/postern --hostname mx.example.com --domain example.com --route 192.0.2.1:25",
            "postern check --config /tmp/p.toml",
            "postern --config /tmp/p.toml check",
            "postern status detail",
            "postern tail",
            "postern tail mail_logs --lines 3 --no-follow",
            "postern grep -i -e -x mail_logs",
            "postern grep x",
            "postern findevent -i -f someone@example.com",
            "postern findevent -m 7 mail_logs",
            "postern track --since -2h --until now --rejected --state refused --ip 192.0.2.0/24 --json",
            "postern track --ip 2001:db8::/32",
            "postern show MID 7",
            "postern show 7 --json",
            "postern show ICID12",
            "postern quarantine",
            "postern quarantine list --rcpt alice@example.com --all",
            "postern quarantine release 7 --rcpt alice@example.com",
            "postern quarantine release 7-0",
            "postern lists",
            "postern lists add block example.com --owner alice@example.com",
            "postern digest preview --rcpt alice@example.com",
            "postern digest send",
            "postern user add alice@example.com --password-stdin",
            "postern scan --jsonl a.eml b.eml",
            "postern scan -",
        ];
        for line in lines {
            if let Err(error) = parsed(line) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn wrong_usage_is_told_before_anything_is_asked() {
        let lines = [
            "postern",
            "postern nonsense",
            "postern show",
            "postern grep",
            "postern grep a b c",
            "postern findevent",
            "postern findevent -f a -t b",
            "postern track --since tomorrowish",
            "postern track --ip 192.0.2.0/33",
            "postern track --state lost",
            "postern quarantine release",
            "postern quarantine release seven",
            "postern lists add grey example.com",
            "postern lists add safe example.com --owner nobody",
            "postern scan",
            "postern demo --mail /tmp --no-feed",
            "postern init /etc/postern",
        ];
        for line in lines {
            match parsed(line) {
                Err(error) => assert_eq!(error.exit_code(), 2, "{line}"),
                Ok(args) => panic!("{line}: {args:?}"),
            }
        }
    }
}
