//! The names of loopback addresses, asked past hickory's resolver: that one calls each of them "localhost" and asks nobody,
//! though RFC 6761 §6.3 wants this for the name, not for the addresses. Only name servers that the administrator wrote
//! down are asked, since no other can know.

use super::authentic::AskAuthentic;
use hickory_resolver::config::{NameServerConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Message, Query};
use hickory_resolver::{NameServerPool, PoolContext, ResponseCache, TlsConfig, TtlConfig};
use postern_vocab::limits;
use std::sync::Arc;
use std::time::Instant;

/// The name servers, with a small cache of hickory's kind.
pub(super) struct Loopback {
    servers: NameServerPool<AskAuthentic>,
    cache: ResponseCache,
}

impl Loopback {
    pub(super) fn new(servers: Vec<NameServerConfig>, options: &ResolverOpts, tls: TlsConfig) -> Self {
        let cache = ResponseCache::new(limits::DNS_LOOPBACK_CACHE_MAX, TtlConfig::from_opts(options));
        let context = Arc::new(PoolContext::new(options.clone(), tls));
        Self {
            servers: NameServerPool::from_config(servers, context, AskAuthentic::default()),
            cache,
        }
    }

    pub(super) async fn ask(&self, query: Query) -> Result<Message, NetError> {
        if let Some(known) = self.cache.get(&query, Instant::now()) {
            return known;
        }
        let asked = self.servers.lookup(query.clone(), DnsRequestOptions::default());
        let answer = asked.first_answer().await.map(DnsResponse::into_message);
        self.cache.insert(query, answer.clone(), Instant::now());
        answer
    }
}
