//! The peer's reverse name with forward confirmation: what its address says it is called, believed only where that name
//! leads back to the address. RFC 1912 §2.1, RFC 8601 §2.7.3 (`iprev`).

use super::resolver::{Failure, Resolver, full_name};
use super::{Dns, Shared, Unanswered};
use hickory_resolver::proto::rr::Name;
use postern_vocab::{Domain, ReverseName, limits};
use std::net::IpAddr;
use std::sync::Arc;

/// A reverse name, with what DNSSEC says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reversed {
    /// The name.
    pub name: ReverseName,
    /// Whether the name server says that it validated each record this rests on; `None` when it rests on none.
    pub dnssec: Option<bool>,
}

impl Dns {
    /// The peer's reverse name, within `limits::BANNER_DNS_TIMEOUT`. Loopback is asked about only where name servers are
    /// configured.
    pub async fn reverse(&self, address: IpAddr) -> ReverseName {
        self.reverse_with_dnssec(address).await.name
    }

    /// The same, and whether DNSSEC vouches for it.
    pub async fn reverse_with_dnssec(&self, address: IpAddr) -> Reversed {
        // A client over IPv4 on a socket for both has its name where IPv4 addresses have theirs.
        let address = address.to_canonical();
        let unasked = |shared: &Shared| address.is_loopback() && !shared.resolver.knows_loopback();
        if self.shared.as_deref().is_none_or(unasked) {
            return without_dnssec(ReverseName::NotAsked);
        }
        let look_up = |shared: Arc<Shared>| async move { confirmed(&shared.resolver, address).await };
        match self.ask(limits::BANNER_DNS_TIMEOUT, look_up).await {
            Ok(reversed) => reversed,
            Err(Unanswered::NoServers) => without_dnssec(ReverseName::NotAsked),
            Err(_) => without_dnssec(ReverseName::Unknown),
        }
    }
}

async fn confirmed(resolver: &Resolver, address: IpAddr) -> Reversed {
    let pointers = match resolver.pointers(address).await {
        Ok(pointers) => pointers,
        Err(failure) if failure.is_absence() => return without_dnssec(ReverseName::None),
        Err(_) => return without_dnssec(ReverseName::Unknown),
    };
    // What is no host name is no name: it could not be written into a header or a log line.
    let host = |name: &Name| name.to_ascii().parse::<Domain>().ok();
    let hosts = pointers.records.iter().filter_map(host);
    let hosts: Vec<Domain> = hosts.take(limits::REVERSE_NAMES_MAX).collect();
    let Some(first) = hosts.first() else {
        return without_dnssec(ReverseName::None);
    };
    let mut unconfirmed = ReverseName::Unverified(first.to_string());
    for host in &hosts {
        let Ok(name) = full_name(host.as_str()) else {
            continue;
        };
        match resolver.addresses(name, address).await {
            Ok(forward) if forward.records.contains(&address) => {
                return Reversed {
                    name: ReverseName::Verified(host.to_string()),
                    dnssec: Some(pointers.dnssec && forward.dnssec),
                };
            }
            // It may be the right one: nobody can say now.
            Err(Failure::Unavailable(_)) => unconfirmed = ReverseName::Unknown,
            Ok(_) | Err(_) => {}
        }
    }
    let dnssec = unconfirmed.name().map(|_| pointers.dnssec);
    Reversed {
        name: unconfirmed,
        dnssec,
    }
}

fn without_dnssec(name: ReverseName) -> Reversed {
    Reversed { name, dnssec: None }
}
