//! Names, by hickory: the peer's reverse name with forward confirmation, and where a next hop is. Every look-up has a
//! deadline, and a late answer is a fact, not a wait.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use postern_policy::{Hop, HopHost};
use postern_vocab::{Domain, ReverseName, limits};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The port that MX hosts listen on. RFC 5321 §4.5.4.2.
const SMTP_PORT: u16 = 25;
/// How long the look-up of a next hop may take in all.
const HOP_TIMEOUT: Duration = Duration::from_secs(20);

/// One shard's resolver with its cache.
pub struct Dns {
    resolver: Option<TokioResolver>,
}

/// Why a next hop has no address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unresolved {
    /// Perhaps later.
    Temporary(String),
    /// The domain does not exist, has no mail host, or says that it takes no mail (RFC 7505).
    Permanent(String),
}

impl Dns {
    /// A resolver on these servers, or on the system's where none are given. Where the system has none either, names
    /// are not resolved and every answer says so.
    #[must_use]
    pub fn new(servers: &[SocketAddr]) -> Self {
        let builder = if servers.is_empty() {
            TokioResolver::builder_tokio().ok()
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            Some(TokioResolver::builder_with_config(
                config,
                TokioRuntimeProvider::default(),
            ))
        };
        let resolver = builder.and_then(|builder| builder.with_options(options()).build().ok());
        Self { resolver }
    }

    /// The peer's reverse name, within `limits::BANNER_DNS_TIMEOUT`. Loopback has none worth asking for.
    pub async fn reverse(&self, address: IpAddr) -> ReverseName {
        let Some(resolver) = self.resolver.as_ref().filter(|_| !address.is_loopback()) else {
            return ReverseName::NotAsked;
        };
        let look_up = reverse_confirmed(resolver, address);
        tokio::time::timeout(limits::BANNER_DNS_TIMEOUT, look_up)
            .await
            .unwrap_or(ReverseName::Unknown)
    }

    /// Where a named next hop is.
    ///
    /// # Errors
    /// [`Unresolved`].
    pub async fn hop(&self, hop: &Hop) -> Result<Vec<SocketAddr>, Unresolved> {
        match &hop.host {
            HopHost::Ip(address) => Ok(vec![SocketAddr::new(*address, hop.port)]),
            HopHost::Name(name) => within(self.addresses(name.as_str(), hop.port)).await,
        }
    }

    /// Where mail for a domain goes that has no route: its MX hosts by preference, or its own address where it has
    /// none. RFC 5321 §5.1.
    ///
    /// # Errors
    /// [`Unresolved`].
    pub async fn mail_hosts(&self, domain: &Domain) -> Result<Vec<SocketAddr>, Unresolved> {
        if let Some(address) = domain.literal() {
            return Ok(vec![SocketAddr::new(address, SMTP_PORT)]);
        }
        within(self.by_mx(domain)).await
    }

    async fn by_mx(&self, domain: &Domain) -> Result<Vec<SocketAddr>, Unresolved> {
        let answer = self.resolver()?.mx_lookup(format!("{domain}.")).await;
        let mut hosts: Vec<(u16, String)> = match answer {
            Ok(answer) => answer
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::MX(mx) => Some((mx.preference, mx.exchange.to_utf8())),
                    _ => None,
                })
                .collect(),
            Err(error) if error.is_no_records_found() && !error.is_nx_domain() => Vec::new(),
            Err(error) => return Err(unresolved(domain.as_str(), &error)),
        };
        if hosts.is_empty() {
            return self.addresses(domain.as_str(), SMTP_PORT).await;
        }
        if hosts.iter().all(|(_, host)| host == ".") {
            return Err(Unresolved::Permanent(format!(
                "{domain} says that it takes no mail"
            )));
        }
        hosts.sort();
        let mut found = Vec::new();
        let mut last = Unresolved::Temporary(format!("no mail host of {domain} has an address"));
        for (_, host) in hosts {
            match self.addresses(&host, SMTP_PORT).await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => last = error,
            }
        }
        if found.is_empty() { Err(last) } else { Ok(found) }
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
        let answer = self
            .resolver()?
            .lookup_ip(host)
            .await
            .map_err(|error| unresolved(host, &error))?;
        Ok(answer
            .iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }

    fn resolver(&self) -> Result<&TokioResolver, Unresolved> {
        let none = || Unresolved::Temporary("no name server is configured: set [dns] servers".to_owned());
        self.resolver.as_ref().ok_or_else(none)
    }
}

async fn within<T>(look_up: impl Future<Output = Result<T, Unresolved>>) -> Result<T, Unresolved> {
    let late = || Unresolved::Temporary("the name servers do not answer in time".to_owned());
    tokio::time::timeout(HOP_TIMEOUT, look_up)
        .await
        .unwrap_or_else(|_| Err(late()))
}

async fn reverse_confirmed(resolver: &TokioResolver, address: IpAddr) -> ReverseName {
    let answer = match resolver.reverse_lookup(address).await {
        Ok(answer) => answer,
        Err(error) if error.is_no_records_found() => return ReverseName::None,
        Err(_) => return ReverseName::Unknown,
    };
    let name = answer.answers().iter().find_map(|record| match &record.data {
        RData::PTR(name) => Some(name.0.to_utf8().trim_end_matches('.').to_ascii_lowercase()),
        _ => None,
    });
    let Some(name) = name else {
        return ReverseName::None;
    };
    match resolver.lookup_ip(format!("{name}.")).await {
        Ok(forward) if forward.iter().any(|one| one == address) => ReverseName::Verified(name),
        _ => ReverseName::Unverified(name),
    }
}

fn unresolved(name: &str, error: &hickory_resolver::net::NetError) -> Unresolved {
    if error.is_nx_domain() {
        Unresolved::Permanent(format!("{name} does not exist in the DNS"))
    } else if error.is_no_records_found() {
        Unresolved::Permanent(format!("{name} has no address in the DNS"))
    } else {
        Unresolved::Temporary(format!("the DNS has no answer for {name} now: {error}"))
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = Duration::from_secs(3);
    options.attempts = 2;
    options
}
