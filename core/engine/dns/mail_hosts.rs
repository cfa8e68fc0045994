//! Where a next hop is, and where mail for a domain goes that has no route. RFC 5321 §5.1, RFC 7505.

use super::resolver::{Failure, Resolver, full_name, relative_name};
use super::{Dns, Unanswered};
use hickory_resolver::proto::rr::Name;
use postern_policy::{Hop, HopHost};
use postern_vocab::{Domain, limits};
use std::net::SocketAddr;

/// The port that MX hosts listen on. RFC 5321 §4.5.4.2.
const SMTP_PORT: u16 = 25;

/// Why a next hop has no address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unresolved {
    /// Perhaps later.
    Temporary(String),
    /// The domain does not exist, has no mail host, or says that it takes no mail (RFC 7505).
    Permanent(String),
}

impl From<Unanswered> for Unresolved {
    fn from(unanswered: Unanswered) -> Self {
        Self::Temporary(unanswered.to_string())
    }
}

/// The hosts that take a domain's mail, with what DNSSEC says of them: TLS to them is only as good as their names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailExchangers {
    /// Most preferred first; empty where the domain's own address takes the mail.
    pub hosts: Vec<Domain>,
    /// Whether the name server says that it validated the answer; `false` where there was none.
    pub dnssec: bool,
}

impl Dns {
    /// Where a named next hop is.
    ///
    /// # Errors
    /// [`Unresolved`].
    pub async fn hop(&self, hop: &Hop) -> Result<Vec<SocketAddr>, Unresolved> {
        let (host, port) = match &hop.host {
            HopHost::Ip(address) => return Ok(vec![SocketAddr::new(*address, hop.port)]),
            HopHost::Name(name) => (name.as_str().to_owned(), hop.port),
        };
        self.ask(limits::DNS_LOOKUP_TIMEOUT, |shared| async move {
            // A next hop is named by the administrator, whose search list may complete it.
            let name = relative_name(&host).map_err(|failure| unresolved(&host, failure))?;
            addresses(&shared.resolver, name, port).await
        })
        .await?
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
        let domain = domain.clone();
        self.ask(limits::DNS_LOOKUP_TIMEOUT, |shared| async move {
            by_mx(&shared.resolver, &domain).await
        })
        .await?
    }

    /// The domain's mail exchangers by name.
    ///
    /// # Errors
    /// [`Unresolved`].
    pub async fn mx(&self, domain: &Domain) -> Result<MailExchangers, Unresolved> {
        let domain = domain.clone();
        self.ask(limits::DNS_LOOKUP_TIMEOUT, |shared| async move {
            exchangers(&shared.resolver, &domain).await
        })
        .await?
    }
}

async fn by_mx(resolver: &Resolver, domain: &Domain) -> Result<Vec<SocketAddr>, Unresolved> {
    let hosts = exchangers(resolver, domain).await?.hosts;
    if hosts.is_empty() {
        let name = full_name(domain.as_str()).map_err(|failure| unresolved(domain.as_str(), failure))?;
        return addresses(resolver, name, SMTP_PORT).await;
    }
    let mut found = Vec::new();
    let mut permanent = Vec::new();
    let mut temporary = None;
    for host in hosts {
        let name = full_name(host.as_str()).map_err(|failure| unresolved(host.as_str(), failure))?;
        match addresses(resolver, name, SMTP_PORT).await {
            Ok(addresses) => found.extend(addresses),
            Err(Unresolved::Temporary(why)) => temporary = Some(why),
            Err(Unresolved::Permanent(why)) => permanent.push(why),
        }
    }
    match temporary {
        _ if !found.is_empty() => Ok(found),
        // One host that may have an address later is enough to wait for.
        Some(why) => Err(Unresolved::Temporary(why)),
        None => Err(Unresolved::Permanent(permanent.join("; "))),
    }
}

async fn exchangers(resolver: &Resolver, domain: &Domain) -> Result<MailExchangers, Unresolved> {
    let name = full_name(domain.as_str()).map_err(|failure| unresolved(domain.as_str(), failure))?;
    let found = match resolver.mail_exchangers(name).await {
        Ok(found) => found,
        Err(Failure::NoRecord) => {
            return Ok(MailExchangers {
                hosts: Vec::new(),
                dnssec: false,
            });
        }
        Err(failure) => return Err(unresolved(domain.as_str(), failure)),
    };
    if is_null_mx(&found.records) {
        let why = format!("{domain} says that it takes no mail");
        return Err(Unresolved::Permanent(why));
    }
    let host = |(_, exchange): &(u16, Name)| exchange.to_ascii().parse::<Domain>().ok();
    let hosts = found.records.iter().filter_map(host);
    let hosts: Vec<Domain> = hosts.take(limits::MAIL_EXCHANGERS_MAX).collect();
    if hosts.is_empty() {
        let why = format!("the MX records of {domain} name no host");
        return Err(Unresolved::Permanent(why));
    }
    Ok(MailExchangers {
        hosts,
        dnssec: found.dnssec,
    })
}

/// Whether a domain says that it takes and sends no mail. RFC 7505 §3.
pub(super) fn is_null_mx(exchangers: &[(u16, Name)]) -> bool {
    exchangers.iter().all(|(_, exchange)| exchange.is_root())
}

async fn addresses(resolver: &Resolver, host: Name, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
    let text = host.to_ascii();
    let found = resolver.all_addresses(host).await;
    let found = found.map_err(|failure| unresolved(text.trim_end_matches('.'), failure))?;
    let sockets = found.into_iter().map(|address| SocketAddr::new(address, port));
    Ok(sockets.take(limits::MAIL_HOST_ADDRESSES_MAX).collect())
}

fn unresolved(name: &str, failure: Failure) -> Unresolved {
    match failure {
        Failure::NoName => Unresolved::Permanent(format!("{name} does not exist in the DNS")),
        Failure::NoRecord => Unresolved::Permanent(format!("{name} has no address in the DNS")),
        Failure::Unavailable(why) => {
            Unresolved::Temporary(format!("the DNS has no answer for {name} now: {why}"))
        }
    }
}
