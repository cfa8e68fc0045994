//! What DNS lists say of an address. RFC 5782. Only an answer that can be nothing but a listing counts: an A record in
//! 127.0.0.0/8 that is no error code, from a list that passed its own test ([`super::health`]).

use super::health::{Test, Zone};
use super::resolver::{ANY_IPV4, Failure, Resolver, full_name};
use super::{Dns, Shared, liveness};
use hickory_resolver::proto::rr::Name;
use postern_vocab::{DnsListAnswer, DnsListing, limits};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Why there is no answer when there was none in time.
const LATE: &str = "no answer in time";

impl Dns {
    /// What each of these lists says of an address: all of them at once, and within `limits::BANNER_DNS_TIMEOUT`.
    pub async fn listings(&self, address: IpAddr, zones: &[String]) -> Vec<DnsListing> {
        // A client over IPv4 on a socket for both is listed where IPv4 addresses are.
        let address = address.to_canonical();
        let asked: Vec<_> = zones.iter().map(|zone| self.listing(address, zone)).collect();
        let patience = self.shared.as_deref().map_or(Duration::ZERO, |shared| {
            shared.liveness.patience(limits::BANNER_DNS_TIMEOUT)
        });
        let deadline = Instant::now() + patience;
        let mut listings = Vec::with_capacity(zones.len());
        for (zone, asked) in zones.iter().zip(asked) {
            let answer = match asked {
                Ok(task) => match timeout_at(deadline, task).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => unavailable("the look-up was given up"),
                    Err(_) => {
                        self.shared.as_ref().inspect(|shared| liveness::suspect(shared));
                        unavailable(LATE)
                    }
                },
                Err(answer) => answer,
            };
            listings.push(DnsListing {
                zone: zone.clone(),
                answer,
            });
        }
        listings
    }

    /// Starts asking one list, unless the answer is known without.
    fn listing(
        &self,
        address: IpAddr,
        zone: &str,
    ) -> Result<tokio::task::JoinHandle<DnsListAnswer>, DnsListAnswer> {
        let shared = self
            .shared
            .as_ref()
            .ok_or_else(|| unavailable("no name server is configured: set [dns] servers"))?;
        let zone = shared
            .zones
            .of(zone)
            .ok_or_else(|| unavailable("too many DNS lists"))?;
        let room = Arc::clone(&shared.room)
            .try_acquire_owned()
            .map_err(|_| unavailable("too many DNS look-ups are under way"))?;
        let asking = Arc::clone(shared);
        Ok(shared.services.spawn(async move {
            let answer = timeout(limits::BANNER_DNS_TIMEOUT, trusted(asking, zone, address)).await;
            drop(room);
            answer.unwrap_or_else(|_| unavailable(LATE))
        }))
    }
}

/// Asks a list if it is one to be believed.
async fn trusted(shared: Arc<Shared>, zone: Arc<Zone>, address: IpAddr) -> DnsListAnswer {
    if let Err(why) = Arc::clone(&zone).trusted(&shared).await {
        return DnsListAnswer::Unavailable(why);
    }
    let look_up = zone.look_up();
    let answer = ask(&shared.resolver, address, zone.name()).await;
    look_up.came_to(&answer);
    answer
}

/// Runs a list's own test, with answers that are fresh.
pub(super) async fn test(resolver: &Resolver, zone: &str) -> Test {
    let fresh = async |address: IpAddr| {
        if let Ok(name) = question(address, zone) {
            resolver.forget_addresses(&name);
        }
        let answer = timeout(limits::DNS_LIST_TEST_TIMEOUT, ask(resolver, address, zone)).await;
        answer.unwrap_or_else(|_| unavailable(LATE))
    };
    let mapped = |four: Ipv4Addr| IpAddr::V6(four.to_ipv6_mapped());
    let (never, always) = (Test::NEVER_LISTED, Test::ALWAYS_LISTED);
    let (never, never_six, always, always_six) = tokio::join!(
        fresh(never.into()),
        fresh(mapped(never)),
        fresh(always.into()),
        fresh(mapped(always)),
    );
    Test {
        never: [never, never_six],
        always: [always, always_six],
    }
}

async fn ask(resolver: &Resolver, address: IpAddr, zone: &str) -> DnsListAnswer {
    let Ok(question) = question(address, zone) else {
        return unavailable("the zone is no domain name");
    };
    match resolver.addresses(question, ANY_IPV4).await {
        Ok(found) => reading(&found.records),
        Err(Failure::NoName | Failure::NoRecord) => DnsListAnswer::NotListed,
        Err(Failure::Unavailable(why)) => DnsListAnswer::Unavailable(why),
    }
}

/// The name under which a list keeps an address: its octets or nibbles backwards, then the zone. RFC 5782 §2.1, §2.4.
fn question(address: IpAddr, zone: &str) -> Result<Name, Failure> {
    let mut name = String::with_capacity(64 + zone.len());
    // Writing to a text cannot fail.
    let _ = match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            write!(name, "{d}.{c}.{b}.{a}.")
        }
        IpAddr::V6(address) => {
            let mut octets = address.octets().into_iter().rev();
            octets.try_for_each(|octet| write!(name, "{:x}.{:x}.", octet & 15, octet >> 4))
        }
    };
    name.push_str(zone);
    full_name(&name)
}

/// What a list's records mean. RFC 5782 §2.1 puts listings into 127.0.0.0/8; what lies outside is a domain that was sold or
/// a resolver that lies. 127.255.255.x is how large lists say "you may not ask" or "no such list", and 127.0.0.1 is how
/// others do.
fn reading(records: &[IpAddr]) -> DnsListAnswer {
    let mut codes = Vec::new();
    for record in records {
        match record {
            IpAddr::V4(code) if is_error(*code) => {
                return unavailable(&format!("it answers with error {code}"));
            }
            IpAddr::V4(code) if code.is_loopback() => codes.push(*code),
            other => return unavailable(&format!("it answers {other}, which no list does")),
        }
    }
    codes.truncate(limits::DNS_LIST_CODES_MAX);
    DnsListAnswer::Listed(codes)
}

fn is_error(code: Ipv4Addr) -> bool {
    matches!(code.octets(), [127, 255, 255, _] | [127, 0, 0, 1])
}

fn unavailable(why: &str) -> DnsListAnswer {
    DnsListAnswer::Unavailable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_asked_for_backwards() {
        let rows = [
            ("192.0.2.99", "99.2.0.192.bl.example.", "octets"),
            (
                "2001:db8:1:2:3:4:567:89ab",
                "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example.",
                "the example of RFC 5782 §2.4",
            ),
        ];
        for (address, expected, why) in rows {
            let name = question(address.parse().unwrap(), "bl.example").unwrap();
            assert_eq!(name.to_ascii(), expected, "{why}");
        }
    }

    #[test]
    fn only_what_can_be_nothing_else_is_a_listing() {
        let rows = [
            ("127.0.0.2", "listed [127.0.0.2]", "the usual code"),
            (
                "127.0.0.4 127.0.0.11",
                "listed [127.0.0.4, 127.0.0.11]",
                "several",
            ),
            (
                "127.255.255.254",
                "error 127.255.255.254",
                "an open resolver may not ask",
            ),
            ("127.255.255.252", "error 127.255.255.252", "no such list"),
            ("127.0.0.1", "error 127.0.0.1", "too many questions"),
            ("203.0.113.7", "answers 203.0.113.7", "the domain was sold"),
            (
                "127.0.0.2 203.0.113.7",
                "answers 203.0.113.7",
                "one lie spoils the rest",
            ),
        ];
        for (records, expected, why) in rows {
            let records: Vec<IpAddr> = records.split(' ').map(|one| one.parse().unwrap()).collect();
            let text = match reading(&records) {
                DnsListAnswer::Listed(codes) => format!("listed {codes:?}"),
                DnsListAnswer::NotListed => "not listed".to_owned(),
                DnsListAnswer::Unavailable(text) => text,
            };
            assert!(text.contains(expected), "{why}: {text}");
        }
    }
}
