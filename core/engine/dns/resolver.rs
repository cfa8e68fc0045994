//! hickory's resolver with its cache, and what its answers mean: records, "there are none", or "not now". SERVFAIL, REFUSED
//! and silence are all "not now", and never cached; what exists or does not is cached within our bounds (RFC 2308).

use super::authentic::AskAuthentic;
use super::loopback::Loopback;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{TlsConfig, system_conf};
use postern_vocab::limits;
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a name server may take before it is asked once more. A resolver that does not have the answer yet needs a
/// second or two.
const TRY_TIMEOUT: Duration = Duration::from_secs(2);
/// Tries after the first.
const TRIES_MORE: usize = 1;

/// Some address of each family, for questions where only that matters.
pub(super) const ANY_IPV4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// See [`ANY_IPV4`].
pub(super) const ANY_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// See the module.
pub(super) struct Resolver {
    hickory: hickory_resolver::Resolver<AskAuthentic>,
    /// `None` on the system's name servers.
    loopback: Option<Loopback>,
}

/// The records of a name, at least one.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) records: Vec<T>,
    /// Whether the name server says that it validated them.
    pub(super) dnssec: bool,
}

/// Why there are none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// There is no such name.
    NoName,
    /// The name has no record of this type.
    NoRecord,
    /// Perhaps later: why.
    Unavailable(String),
}

impl Failure {
    /// Whether the name server said that there is nothing.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::NoName | Self::NoRecord)
    }
}

impl Resolver {
    pub(super) fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let tls = tls().map_err(|error| NetError::from(error.to_string()))?;
        let (config, options) = if servers.is_empty() {
            system_conf::read_system_conf()?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            (config, ResolverOpts::default())
        };
        let options = within_our_bounds(options);
        let loopback = (!servers.is_empty()).then(|| {
            let tls = TlsConfig { config: tls.clone() };
            Loopback::new(config.name_servers().to_vec(), &options, tls)
        });
        let hickory = hickory_resolver::Resolver::builder_with_config(config, AskAuthentic::default())
            .with_options(options)
            .with_tls_config(tls)
            .build()?;
        Ok(Self { hickory, loopback })
    }

    /// Whether the names of loopback addresses are worth asking for: the administrator's own name servers may know them,
    /// the Internet's do not.
    pub(super) fn knows_loopback(&self) -> bool {
        self.loopback.is_some()
    }

    /// The names that an address claims to have. RFC 1035 §3.5.
    pub(super) async fn pointers(&self, address: IpAddr) -> Result<Answer<Name>, Failure> {
        let name = Name::from(address);
        let pointer = |data: &RData| match data {
            RData::PTR(name) => Some(name.0.clone()),
            _ => None,
        };
        match &self.loopback {
            Some(loopback) if address.is_loopback() => {
                let asked = loopback.ask(Query::query(name, RecordType::PTR)).await;
                let message = asked.map_err(failure)?;
                let records = message.answers.iter().filter_map(|one| pointer(&one.data));
                answer(records.collect(), message.authentic_data)
            }
            _ => self.records(name, RecordType::PTR, pointer).await,
        }
    }

    /// The addresses of a host, of the same family as `like`.
    pub(super) async fn addresses(&self, host: Name, like: IpAddr) -> Result<Answer<IpAddr>, Failure> {
        let kind = if like.is_ipv4() {
            RecordType::A
        } else {
            RecordType::AAAA
        };
        self.records(host, kind, RData::ip_addr).await
    }

    /// The addresses of a host, of both families. A name without a dot at its end is looked for as /etc/resolv.conf says.
    pub(super) async fn all_addresses(&self, host: Name) -> Result<Vec<IpAddr>, Failure> {
        let (four, six) = tokio::join!(
            self.addresses(host.clone(), ANY_IPV4),
            self.addresses(host, ANY_IPV6)
        );
        match (four, six) {
            (Ok(four), Ok(six)) => Ok([four.records, six.records].concat()),
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one.records),
            // The family that nobody answers for may be the one that has them.
            (Err(unavailable @ Failure::Unavailable(_)), Err(_))
            | (Err(_), Err(unavailable @ Failure::Unavailable(_))) => Err(unavailable),
            (Err(absent), Err(_)) => Err(absent),
        }
    }

    /// The mail exchangers of a domain, most preferred first. RFC 5321 §5.1.
    pub(super) async fn mail_exchangers(&self, domain: Name) -> Result<Answer<(u16, Name)>, Failure> {
        let exchanger = |data: &RData| match data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.clone())),
            _ => None,
        };
        let mut found = self.records(domain, RecordType::MX, exchanger).await?;
        found.records.sort();
        Ok(found)
    }

    /// The next question about this name's A records goes to the name servers again.
    pub(super) fn forget_addresses(&self, name: &Name) {
        self.hickory.clear_lookup_cache(name.clone(), RecordType::A);
    }

    /// Whether any name server answers anything within this time.
    pub(super) async fn answers_within(&self, time: Duration) -> bool {
        self.hickory.clear_lookup_cache(Name::root(), RecordType::NS);
        let asked = timeout(time, self.hickory.lookup(Name::root(), RecordType::NS));
        matches!(asked.await, Ok(Ok(_) | Err(NetError::Dns(_))))
    }

    async fn records<T>(
        &self,
        name: Name,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Failure> {
        let found = self.hickory.lookup(name, kind).await.map_err(failure)?;
        let records = found.answers().iter().filter_map(|one| read(&one.data)).collect();
        answer(records, found.message().authentic_data)
    }
}

/// A name as it is written, which is all of it: nothing of a search list is ever put behind it.
pub(super) fn full_name(text: &str) -> Result<Name, Failure> {
    let mut name = relative_name(text)?;
    name.set_fqdn(true);
    Ok(name)
}

/// A name that a search list may complete.
pub(super) fn relative_name(text: &str) -> Result<Name, Failure> {
    // The other parser applies the rules of IDNA, which know no underscore.
    let parsed = if text.is_ascii() {
        Name::from_ascii(text)
    } else {
        Name::from_utf8(text)
    };
    parsed.map_err(|_| Failure::NoName)
}

fn answer<T>(records: Vec<T>, dnssec: bool) -> Result<Answer<T>, Failure> {
    if records.is_empty() {
        return Err(Failure::NoRecord);
    }
    Ok(Answer { records, dnssec })
}

fn failure(error: NetError) -> Failure {
    if error.is_nx_domain() {
        Failure::NoName
    } else if error.is_no_records_found() {
        Failure::NoRecord
    } else {
        Failure::Unavailable(error.to_string())
    }
}

/// hickory's cache counts answers, and moka below it evicts when there are too many.
fn within_our_bounds(mut options: ResolverOpts) -> ResolverOpts {
    options.cache_size = limits::DNS_CACHE_MAX;
    options.positive_max_ttl = Some(limits::DNS_CACHE_TIME_MAX);
    options.negative_max_ttl = Some(limits::DNS_CACHE_ABSENT_TIME_MAX);
    options.timeout = TRY_TIMEOUT;
    options.attempts = TRIES_MORE;
    options
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}

/// hickory wants it though no name server is spoken to by TLS. Its own choice reads the system's certificates, and where a
/// small machine has none, there would be no DNS either.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded_in_size_and_time() {
        let resolver = Resolver::new(&[SocketAddr::from(([127, 0, 0, 1], 53))]).unwrap();
        let options = resolver.hickory.options();
        assert_eq!(options.cache_size, limits::DNS_CACHE_MAX);
        assert_eq!(options.positive_max_ttl, Some(limits::DNS_CACHE_TIME_MAX));
        assert_eq!(options.negative_max_ttl, Some(limits::DNS_CACHE_ABSENT_TIME_MAX));
    }
}
