//! The configuration as typed: what stands in the file, each value with its place, nothing added. Checking values
//! against each other and filling in what is not written is the next step's (`ready`). Tables with more to them have
//! both steps in a file of their own.

use crate::config::certificates::{self, TypedDkim, TypedTls};
use crate::config::directory::{self, TypedDirectory};
use crate::config::error::Problems;
use crate::config::flow_policy::{self, TypedFlowPolicy};
use crate::config::listening::{self, TypedListener, TypedLog};
use crate::config::recipients::{self, TypedDomain, TypedRecipient};
use crate::config::section::{At, Section, Tables};
use crate::config::sender_group::{self, TypedReputation, TypedSenderGroup};
use crate::config::senders::{self, TypedException, TypedSenders};
use crate::config::syntax::Readable;
use crate::config::{Driver, values};
use crate::hop::Hop;
use crate::policy::Action;
use crate::routes::RoutePattern;
use postern_vocab::{Address, Domain};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeTable;

/// The whole file.
pub(crate) struct Typed {
    pub(crate) hostname: Option<At<Domain>>,
    pub(crate) data_dir: Option<At<PathBuf>>,
    pub(crate) run_dir: Option<At<PathBuf>>,
    pub(crate) shards: Option<At<u64>>,
    pub(crate) driver: Option<At<Driver>>,
    pub(crate) listeners: Vec<TypedListener>,
    pub(crate) logs: Vec<TypedLog>,
    pub(crate) domains: Vec<TypedDomain>,
    pub(crate) recipients: Vec<TypedRecipient>,
    pub(crate) directory: Option<TypedDirectory>,
    pub(crate) sender_groups: Vec<TypedSenderGroup>,
    pub(crate) flow_policies: Vec<TypedFlowPolicy>,
    pub(crate) reputation: TypedReputation,
    pub(crate) senders: TypedSenders,
    pub(crate) exceptions: Vec<TypedException>,
    pub(crate) tls: TypedTls,
    pub(crate) dkim: Vec<TypedDkim>,
    pub(crate) portal: Option<TypedPortal>,
    pub(crate) routes: Vec<TypedRoute>,
    pub(crate) antispam: TypedAntiSpam,
    pub(crate) antivirus_action: Option<At<Action>>,
    pub(crate) unscannable_action: Option<At<Action>>,
    pub(crate) quarantines: Vec<TypedQuarantine>,
    pub(crate) digest_from: Option<At<Address>>,
    pub(crate) dns_servers: Vec<At<SocketAddr>>,
    pub(crate) limits: TypedLimits,
    /// Whether every line could be read; where not, what seems missing may be there.
    pub(crate) whole: bool,
}

/// `[portal]`.
pub(crate) struct TypedPortal {
    pub(crate) address: Option<At<SocketAddr>>,
    pub(crate) public_url: Option<At<String>>,
}

/// `[[route]]`.
pub(crate) struct TypedRoute {
    pub(crate) domain: Option<At<RoutePattern>>,
    pub(crate) to: Option<At<Hop>>,
}

/// `[antispam]`.
#[derive(Default)]
pub(crate) struct TypedAntiSpam {
    pub(crate) suspect: Option<At<u64>>,
    pub(crate) positive: Option<At<u64>>,
    pub(crate) suspect_action: Option<At<Action>>,
    pub(crate) positive_action: Option<At<Action>>,
}

/// `[[quarantine]]`.
pub(crate) struct TypedQuarantine {
    pub(crate) name: Option<At<String>>,
    pub(crate) retention: Option<At<Duration>>,
}

/// `[limits]`.
#[derive(Default)]
pub(crate) struct TypedLimits {
    pub(crate) message_bytes: Option<At<u64>>,
    pub(crate) recipients: Option<At<u64>>,
    pub(crate) messages_per_connection: Option<At<u64>>,
    pub(crate) conversation_lines: Option<At<u64>>,
    pub(crate) connections: Option<At<u64>>,
    pub(crate) command_timeout: Option<At<Duration>>,
    pub(crate) retry_first: Option<At<Duration>>,
    pub(crate) retry_max: Option<At<Duration>>,
    pub(crate) retry_for: Option<At<Duration>>,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Reads all tables. `None` only where the text is not TOML at all.
pub(crate) fn read(readable: &Readable<'_>, problems: &Problems<'_>) -> Option<Typed> {
    let document = DeTable::parse(&readable.text).ok()?;
    let tables = Tables::new(document.get_ref(), readable, problems);
    let top = tables.top();
    let dns = tables.one("dns");
    Some(Typed {
        hostname: top.required("hostname", values::domain),
        data_dir: top.optional("data_dir", values::path),
        run_dir: top.optional("run_dir", values::path),
        shards: top.optional("shards", values::number(0..=1_024)),
        driver: top.optional("driver", values::driver),
        listeners: tables.all("listener").iter().map(listening::read).collect(),
        logs: tables.all("log").iter().map(listening::read_log).collect(),
        domains: tables.all("domain").iter().map(recipients::read).collect(),
        recipients: tables
            .all("recipient")
            .iter()
            .map(recipients::read_recipient)
            .collect(),
        directory: tables.one("directory").map(directory::read),
        sender_groups: tables
            .all("sender_group")
            .iter()
            .map(sender_group::read)
            .collect(),
        flow_policies: tables.all("flow_policy").iter().map(flow_policy::read).collect(),
        reputation: tables
            .one("reputation")
            .map(sender_group::read_reputation)
            .unwrap_or_default(),
        senders: tables.one("senders").map(senders::read).unwrap_or_default(),
        exceptions: tables
            .all("sender_exception")
            .iter()
            .map(senders::read_exception)
            .collect(),
        tls: tables.one("tls").map(certificates::read).unwrap_or_default(),
        dkim: tables.all("dkim").iter().map(certificates::read_dkim).collect(),
        portal: tables.one("portal").map(portal),
        routes: tables.all("route").iter().map(route).collect(),
        antispam: tables.one("antispam").map(antispam).unwrap_or_default(),
        antivirus_action: tables
            .one("antivirus")
            .and_then(|one| one.optional("action", values::antivirus_action)),
        unscannable_action: tables
            .one("scan")
            .and_then(|one| one.optional("unscannable_action", values::action)),
        quarantines: tables.all("quarantine").iter().map(quarantine).collect(),
        digest_from: tables
            .one("digest")
            .and_then(|one| one.optional("from", values::address)),
        dns_servers: dns
            .and_then(|one| one.list("servers", values::dns_server))
            .unwrap_or_default(),
        limits: tables.one("limits").map(limits).unwrap_or_default(),
        whole: readable.whole,
    })
}

fn portal(section: Section<'_>) -> TypedPortal {
    TypedPortal {
        address: section.required("address", values::socket),
        public_url: section.optional("public_url", values::url),
    }
}

fn route(section: &Section<'_>) -> TypedRoute {
    TypedRoute {
        domain: section.required("domain", values::parsed),
        to: section.required("to", values::parsed),
    }
}

fn antispam(section: Section<'_>) -> TypedAntiSpam {
    TypedAntiSpam {
        suspect: section.optional("suspect", values::number(25..=99)),
        positive: section.optional("positive", values::number(50..=99)),
        suspect_action: section.optional("suspect_action", values::action),
        positive_action: section.optional("positive_action", values::action),
    }
}

fn quarantine(section: &Section<'_>) -> TypedQuarantine {
    TypedQuarantine {
        name: section.required("name", values::name),
        retention: section.optional("retention", values::span(HOUR..=3_650 * DAY)),
    }
}

fn limits(section: Section<'_>) -> TypedLimits {
    TypedLimits {
        message_bytes: section.optional("message_bytes", values::octets(1..=1 << 30)),
        recipients: section.optional("recipients", values::number(1..=10_000)),
        conversation_lines: section.optional("conversation_lines", values::number(0..=10_000)),
        messages_per_connection: section.optional("messages_per_connection", values::number(1..=1_000_000)),
        connections: section.optional("connections", values::number(1..=1_000_000)),
        command_timeout: section.optional("command_timeout", values::span(1..=HOUR)),
        retry_first: section.optional("retry_first", values::span(1..=DAY)),
        retry_max: section.optional("retry_max", values::span(1..=7 * DAY)),
        retry_for: section.optional("retry_for", values::span(1..=30 * DAY)),
    }
}
