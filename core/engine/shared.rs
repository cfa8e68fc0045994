//! What the cores share, and nothing else: the immutable snapshots of policy and lists, the ids, the budget for bodies
//! in memory, the counters of traffic, and those who are asked beside the shards. No locks but short ones inside the
//! latter two, which nobody holds while they wait.

use crate::countries::Countries;
use crate::credentials::Credentials;
use crate::dkim::Signers;
use crate::injection_debug::InjectionDebug;
use crate::recipients::Recipients;
use crate::tls::ServerTls;
use crate::traffic::Traffic;
use arc_swap::ArcSwap;
use postern_policy::{Config, Lists, Policy};
use postern_scan::Scanner;
use postern_smtp::ServerSettings;
use postern_vocab::{Address, Dcid, Icid, Mid, limits};
use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all shards of one appliance.
pub struct Shared {
    /// The rules in force; a message keeps the snapshot it began with.
    pub policy: ArcSwap<Policy>,
    /// Everyone's safelists and blocklists.
    pub lists: ArcSwap<Lists>,
    /// The configuration the daemon was started with: what cannot change without a restart.
    pub config: Config,
    /// The same, as the protocol wants to have it.
    pub server_settings: Arc<ServerSettings>,
    /// The compiled engines.
    pub scanner: Scanner,
    /// Gives out ids.
    pub ids: Ids,
    /// Octets of message bodies in memory.
    pub bodies: Budget,
    /// How many connections each shard has open.
    pub open_connections: OpenConnections,
    /// What is counted of clients and senders.
    pub traffic: Traffic,
    /// Peers whose conversations are logged in full.
    pub injection_debug: InjectionDebug,
    /// What the configuration names beside rules.
    pub equipment: Equipment,
}

/// What a configuration names beside rules: files that were read, and those who are asked beside the shards.
pub struct Equipment {
    /// Our certificates.
    pub tls: ServerTls,
    /// Keys that outbound mail is signed with.
    pub signers: ArcSwap<Signers>,
    /// Which country an address is in.
    pub countries: Countries,
    /// Who knows whether a recipient exists.
    pub recipients: Recipients,
    /// Who knows passwords.
    pub credentials: Credentials,
}

impl Shared {
    /// What a configuration amounts to, with the lists as they are now and ids that begin behind the highest ever used.
    #[must_use]
    pub fn new(config: Config, lists: Lists, used: HighestIds, equipment: Equipment) -> Arc<Self> {
        Arc::new(Self {
            policy: ArcSwap::from_pointee(config.policy.clone()),
            lists: ArcSwap::from_pointee(lists),
            server_settings: Arc::new(server_settings(&config)),
            scanner: Scanner::new(config.hostname.as_str()),
            injection_debug: InjectionDebug::new(config.data_dir.join("logs")),
            config,
            ids: Ids::after(used),
            bodies: Budget::default(),
            open_connections: OpenConnections::default(),
            traffic: Traffic::new(RandomState::new()),
            equipment,
        })
    }
}

fn server_settings(config: &Config) -> ServerSettings {
    ServerSettings {
        message_bytes_max: config.limits.message_bytes,
        recipients_max: config.limits.recipients,
        messages_max: config.limits.messages_per_connection,
        conversation_lines: config.limits.conversation_lines,
        ..ServerSettings::new(config.hostname.as_str(), postmaster(config))
    }
}

/// Whom `RCPT TO:<postmaster>` means. RFC 5321 §4.5.1.
fn postmaster(config: &Config) -> Address {
    let domain = config.domains.first().unwrap_or(&config.hostname);
    format!("postmaster@{domain}")
        .parse()
        .expect("a domain makes a valid address")
}

/// The highest ids that were ever given out; zero where none was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HighestIds {
    /// Of connections in.
    pub icid: Icid,
    /// Of messages.
    pub mid: Mid,
    /// Of connections out.
    pub dcid: Dcid,
}

impl HighestIds {
    /// The higher one of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            icid: self.icid.max(other.icid),
            mid: self.mid.max(other.mid),
            dcid: self.dcid.max(other.dcid),
        }
    }
}

/// The appliance's counters for ids.
pub struct Ids {
    icid: AtomicU64,
    mid: AtomicU64,
    dcid: AtomicU64,
}

impl Ids {
    fn after(used: HighestIds) -> Self {
        Self {
            icid: AtomicU64::new(used.icid.0),
            mid: AtomicU64::new(used.mid.0),
            dcid: AtomicU64::new(used.dcid.0),
        }
    }

    /// A connection in.
    pub fn next_icid(&self) -> Icid {
        Icid(self.icid.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A message.
    pub fn next_mid(&self) -> Mid {
        Mid(self.mid.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A connection out.
    pub fn next_dcid(&self) -> Dcid {
        Dcid(self.dcid.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// How many connections each shard has open, for the status page. Each shard writes its own number only.
#[derive(Default)]
pub struct OpenConnections(Mutex<BTreeMap<u16, Arc<AtomicUsize>>>);

impl OpenConnections {
    /// This shard's number, which it counts in.
    #[must_use]
    pub fn of(&self, shard: u16) -> Arc<AtomicUsize> {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shards.entry(shard).or_default())
    }

    /// All numbers, in the order of the shards.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shards
            .values()
            .map(|count| count.load(Ordering::Relaxed) as u64)
            .collect()
    }
}

/// Octets of message bodies in memory, over all shards.
#[derive(Clone, Default)]
pub struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Whether `limits::BODIES_IN_MEMORY_BYTES_MAX` is reached: no further message is begun then.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= limits::BODIES_IN_MEMORY_BYTES_MAX
    }

    /// A share of it, empty at first.
    #[must_use]
    pub fn charge(&self) -> Charge {
        Charge {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

/// One body's share of the budget; given back when dropped.
pub struct Charge {
    budget: Budget,
    bytes: u64,
}

impl Charge {
    /// Makes the share `bytes` large.
    pub fn set(&mut self, bytes: u64) {
        self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_given_back_when_the_body_is_gone() {
        let budget = Budget::default();
        let mut charge = budget.charge();
        charge.set(limits::BODIES_IN_MEMORY_BYTES_MAX);
        assert!(budget.is_spent());
        charge.set(10);
        assert!(!budget.is_spent());
        let mut other = budget.charge();
        other.set(limits::BODIES_IN_MEMORY_BYTES_MAX - 10);
        assert!(budget.is_spent());
        drop(charge);
        assert!(!budget.is_spent());
    }
}
