//! The configuration, ready to use: every value present, checked, and fit for the others. It is made in two steps, and
//! there is no third form: the text is read into what was typed (`typed`), which is checked and completed (`ready`).
//! Both report every mistake they find, so that one run of `postern check` shows them all.

mod certificates;
mod directory;
mod error;
mod flow_policy;
mod keys;
mod listening;
mod ready;
mod recipients;
mod repeated;
mod rules;
mod section;
mod sender_group;
mod senders;
mod starter;
mod syntax;
mod typed;
mod values;

pub use error::ConfigError;
pub use keys::{Given, Key, TABLES, Table, keys};
pub use starter::starter;

use crate::policy::Policy;
use ipnet::IpNet;
use postern_vocab::{Address, Domain, limits};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A whole configuration without a mistake in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The name this gateway gives itself: banner, Received fields, bounces.
    pub hostname: Domain,
    /// Where the journal, the index, keys and logs are; absolute.
    pub data_dir: PathBuf,
    /// Where the door's socket is; absolute.
    pub run_dir: PathBuf,
    /// How many cores take mail; 0 is all of them.
    pub shards: usize,
    /// How the network is driven.
    pub driver: Driver,
    /// Where mail is taken in; at least one.
    pub listeners: Vec<Listener>,
    /// Our domains in the order they were written, without the `.domain` ones, which have no address of their own; what
    /// is taken for them is in the policy's RAT.
    pub domains: Vec<Domain>,
    /// The web portal, if it is wanted.
    pub portal: Option<Portal>,
    /// What may be tuned of the limits.
    pub limits: Limits,
    /// The DNS servers to ask; empty means the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// Who digests come from.
    pub digest_from: Address,
    /// Certificates of our own, and what is asked of clients'.
    pub tls: Tls,
    /// Where recipients can be looked up, if it is configured.
    pub directory: Option<Directory>,
    /// Keys that outbound mail is signed with.
    pub dkim: Vec<DkimKey>,
    /// A database of countries in MaxMind's format, if there is one.
    pub country_database: Option<PathBuf>,
    /// Every quarantine that a disposition can name.
    pub quarantines: Vec<Quarantine>,
    /// The rules that messages are judged by.
    pub policy: Policy,
}

/// How the network is driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Driver {
    /// io_uring where the kernel has it, else epoll.
    #[default]
    Auto,
    /// io_uring, or do not start.
    IoUring,
    /// epoll.
    Epoll,
}

/// One place where mail is taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Its name in logs and rules.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What holds for its connections.
    pub rules: ListenerRules,
}

/// What holds for the connections of one listener. It follows a reload; the address does not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListenerRules {
    /// How TLS begins.
    pub tls: TlsMode,
    /// Whether AUTH is offered, in TLS.
    pub auth: bool,
    /// The mail flow policy of clients that no sender group names; `None`: ACCEPTED.
    pub policy: Option<String>,
    /// Proxies that say for whom they speak in a PROXY header; one that is here must send it.
    pub proxy_protocol: Vec<IpNet>,
    /// Hosts that may say it by XCLIENT.
    pub xclient: Vec<IpNet>,
}

/// How TLS begins on a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsMode {
    /// By STARTTLS, where the mail flow policy offers it. RFC 3207.
    #[default]
    StartTls,
    /// With the first octet. RFC 8314 §3.3.
    Implicit,
    /// Never.
    Off,
}

/// Certificates.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tls {
    /// Our certificates with their keys; none: one is made and kept in the data directory.
    pub certificates: Vec<CertificateFiles>,
    /// Whether a client is asked for a certificate. It need not have one.
    pub ask_client_certificate: bool,
    /// Authorities whose client certificates count as verified; PEM.
    pub client_authorities: Option<PathBuf>,
}

/// One certificate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CertificateFiles {
    /// The chain, PEM, ours first.
    pub certificate: PathBuf,
    /// The private key, PEM; it may be the same file.
    pub key: PathBuf,
}

/// A directory (LDAP) that knows our recipients. RFC 4511.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// `ldap://host:389` or `ldaps://host:636`.
    pub url: String,
    /// Whether `ldap://` goes on in TLS.
    pub start_tls: bool,
    /// Authorities for its certificate, PEM; `None`: the system's.
    pub authorities: Option<PathBuf>,
    /// Who we are there; empty: nobody (anonymous).
    pub bind_dn: String,
    /// A file with our password, on its first line.
    pub bind_password_file: Option<PathBuf>,
    /// Where to search.
    pub base: String,
    /// What to search for; `{address}`, `{local}` and `{domain}` stand for the recipient, escaped (RFC 4515 §3).
    pub filter: String,
    /// What a recipient hears when the directory gives no answer.
    pub when_down: WhenDown,
}

/// What follows when it cannot be found out whether a recipient exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WhenDown {
    /// 451: come again.
    #[default]
    Defer,
    /// The recipient is taken.
    Accept,
}

/// A key that outbound mail of one domain is signed with. RFC 6376.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DkimKey {
    /// The domain of the sender, and the `d=` of the signature.
    pub domain: Domain,
    /// `s=`.
    pub selector: String,
    /// The private key, RSA or Ed25519, PEM (PKCS#8 or PKCS#1).
    pub key: PathBuf,
}

/// The web portal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Portal {
    /// Where it listens.
    pub address: SocketAddr,
    /// What links in digests begin with; no slash at its end.
    pub public_url: String,
}

/// The limits an administrator may tune; the defaults are those of `postern_vocab::limits`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Octets of one message.
    pub message_bytes: u64,
    /// Recipients of one message.
    pub recipients: usize,
    /// Messages of one connection.
    pub messages_per_connection: u32,
    /// Lines that are kept of one connection's conversation.
    pub conversation_lines: usize,
    /// Connections of one shard.
    pub connections: usize,
    /// How long a client may be silent between commands.
    pub command_timeout: Duration,
    /// First wait after a temporary failure of a delivery.
    pub retry_first: Duration,
    /// Longest wait between two attempts.
    pub retry_max: Duration,
    /// How long delivery is tried before it is given up.
    pub retry_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: limits::MESSAGE_BYTES_MAX,
            recipients: limits::RECIPIENTS_MAX,
            messages_per_connection: limits::MESSAGES_PER_CONNECTION_MAX,
            conversation_lines: limits::CONVERSATION_LINES_MAX,
            connections: limits::CONNECTIONS_PER_SHARD_MAX,
            command_timeout: limits::COMMAND_TIMEOUT,
            retry_first: limits::RETRY_WAIT_MIN,
            retry_max: limits::RETRY_WAIT_MAX,
            retry_for: limits::RETRY_FOR,
        }
    }
}

/// One quarantine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quarantine {
    /// Its name in dispositions and pages.
    pub name: String,
    /// How long mail stays in it.
    pub retention: Duration,
}

impl Config {
    /// How long mail stays in the quarantine of this name.
    #[must_use]
    pub fn retention(&self, quarantine: &str) -> Duration {
        let named = self.quarantines.iter().find(|one| one.name == quarantine);
        named.map_or(limits::QUARANTINE_RETENTION, |one| one.retention)
    }
}

/// Reads the text of a configuration file that names no other files to be read with it. `file` is its name, for the
/// errors: every mistake there is, in the order of the text.
pub fn load(text: &str, file: &str) -> Result<Config, Vec<ConfigError>> {
    load_with(text, file, &|_| {
        Err("only this one text is looked at here".to_owned())
    })
}

/// The same with files that belong to it, such as a domain's `recipients_file`: `read` brings their text, or says why
/// it cannot. Certificates and keys are not read here, nor is the directory's password.
pub fn load_with(
    text: &str,
    file: &str,
    read: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<Config, Vec<ConfigError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let problems = error::Problems::new(text, file);
    let readable = syntax::readable(text, &problems);
    let typed = readable.and_then(|readable| typed::read(&readable, &problems));
    let config = typed.and_then(|typed| ready::complete(typed, text, read, &problems));
    match (config, problems.into_errors()) {
        (Some(config), errors) if errors.is_empty() => Ok(config),
        (_, errors) => Err(errors),
    }
}

#[cfg(test)]
mod tests;
