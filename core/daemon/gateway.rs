//! What the door asks of the receiving side: how it is, and who waits by greylisting.

use postern_engine::Shared;
use postern_engine::dns::Dns;
use postern_engine::traffic::{Triple, Waiting};
use postern_quarantine::api::{GreylistFilter, Greylisted, ServiceHealth};
use postern_quarantine::{Gateway, GatewayHealth};
use postern_vocab::{Address, Domain, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;

/// The receiving side, as the door sees it.
pub(super) struct Receiving {
    pub(super) shared: Arc<Shared>,
    pub(super) dns: Dns,
    pub(super) now: fn() -> Timestamp,
}

impl Gateway for Receiving {
    fn health(&self) -> GatewayHealth {
        let zones = self.dns.health().into_iter().map(|zone| ServiceHealth {
            name: format!("dns list {}", zone.zone),
            healthy: zone.healthy,
            detail: zone.why,
        });
        let recipients = self.shared.equipment.recipients.health();
        let asked = recipients.into_iter().map(|(name, wrong)| ServiceHealth {
            name,
            healthy: wrong.is_none(),
            detail: wrong.unwrap_or_default(),
        });
        GatewayHealth {
            connections: self.shared.open_connections.counts(),
            services: zones.chain(asked).collect(),
        }
    }

    fn greylisted(&self, rows: usize) -> Vec<Greylisted> {
        let shown = |one: Waiting| Greylisted {
            network: one.network.to_string(),
            sender: one.sender,
            recipient: one.recipient,
            since: one.since,
            until: one.until,
        };
        let waiting = self.shared.traffic.greylist.waiting(rows, (self.now)());
        waiting.into_iter().map(shown).collect()
    }

    fn admit(&self, filter: &GreylistFilter) -> Result<u64, String> {
        let wanted = Wanted::read(filter)?;
        let greylist = &self.shared.traffic.greylist;
        Ok(greylist.admit(|triple| wanted.fits(triple), (self.now)()) as u64)
    }
}

/// A filter, read.
struct Wanted {
    network: Option<ipnet::IpNet>,
    sender: Option<String>,
    recipient: Option<String>,
}

impl Wanted {
    fn read(filter: &GreylistFilter) -> Result<Self, String> {
        Ok(Self {
            network: filter.network.as_deref().map(network).transpose()?,
            sender: filter.sender.as_deref().map(mailboxes).transpose()?,
            recipient: filter.recipient.as_deref().map(mailboxes).transpose()?,
        })
    }

    fn fits(&self, triple: &Triple<'_>) -> bool {
        let overlaps =
            |wanted: &ipnet::IpNet| wanted.contains(&triple.network) || triple.network.contains(wanted);
        self.network.as_ref().is_none_or(overlaps)
            && self
                .sender
                .as_deref()
                .is_none_or(|wanted| is_of(triple.sender, wanted))
            && self
                .recipient
                .as_deref()
                .is_none_or(|wanted| is_of(triple.recipient, wanted))
    }
}

fn network(text: &str) -> Result<ipnet::IpNet, String> {
    let address = text.parse::<IpAddr>().map(ipnet::IpNet::from).ok();
    address
        .or_else(|| text.parse().ok())
        .ok_or_else(|| format!("\"{text}\" is neither an address nor a network such as 192.0.2.0/24"))
}

/// An address, folded, or a domain with an `@` in front.
fn mailboxes(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<Address>() {
        return Ok(address.folded());
    }
    let domain = text.trim_start_matches('@').parse::<Domain>();
    domain
        .map(|domain| format!("@{domain}"))
        .map_err(|_| format!("\"{text}\" is neither an address nor a domain"))
}

fn is_of(folded: &str, wanted: &str) -> bool {
    match wanted.starts_with('@') {
        true => folded.ends_with(wanted),
        false => folded == wanted,
    }
}
