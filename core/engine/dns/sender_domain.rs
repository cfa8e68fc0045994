//! Whether a sender's domain could take a reply: it has an MX record, or else an address. RFC 5321 §5.1; a domain that says
//! that it takes no mail sends none that could be answered (RFC 7505 §4.2).

use super::Dns;
use super::mail_hosts::is_null_mx;
use super::resolver::{ANY_IPV4, ANY_IPV6, Failure, Resolver, full_name};
use hickory_resolver::proto::rr::Name;
use postern_vocab::{Domain, SenderDomain, limits};

impl Dns {
    /// Whether this domain exists as a sender, within `limits::SENDER_DOMAIN_TIMEOUT`. An address literal does: there is
    /// nothing to look up.
    pub async fn sender_domain(&self, domain: &Domain) -> SenderDomain {
        if domain.literal().is_some() {
            return SenderDomain::Exists;
        }
        let Ok(name) = full_name(domain.as_str()) else {
            return SenderDomain::Missing;
        };
        let answer = self.ask(limits::SENDER_DOMAIN_TIMEOUT, |shared| async move {
            standing(&shared.resolver, name).await
        });
        answer.await.unwrap_or(SenderDomain::Unavailable)
    }
}

async fn standing(resolver: &Resolver, domain: Name) -> SenderDomain {
    match resolver.mail_exchangers(domain.clone()).await {
        Ok(found) if is_null_mx(&found.records) => SenderDomain::Missing,
        Ok(_) => SenderDomain::Exists,
        Err(Failure::NoName) => SenderDomain::Missing,
        Err(Failure::NoRecord) => by_address(resolver, domain).await,
        Err(Failure::Unavailable(_)) => SenderDomain::Unavailable,
    }
}

async fn by_address(resolver: &Resolver, domain: Name) -> SenderDomain {
    let mut standing = SenderDomain::Missing;
    for family in [ANY_IPV4, ANY_IPV6] {
        match resolver.addresses(domain.clone(), family).await {
            Ok(_) => return SenderDomain::Exists,
            Err(Failure::Unavailable(_)) => standing = SenderDomain::Unavailable,
            Err(_) => {}
        }
    }
    standing
}
