//! Names, by hickory: one resolver and one cache for all shards, on the services' runtime. Every look-up has a deadline,
//! and a late answer is a fact, not a wait.
//!
//! One question a file: the peer's [`reverse`] name, where mail goes ([`mail_hosts`]), whether a [`sender_domain`] exists,
//! what DNS [`lists`] say and whether they can be believed ([`health`]). It may not know sessions or policy.

mod authentic;
mod health;
mod lists;
mod liveness;
mod loopback;
mod mail_hosts;
mod resolver;
mod reverse;
mod sender_domain;

pub use health::ZoneHealth;
pub use mail_hosts::{MailExchangers, Unresolved};
pub use reverse::Reversed;

use health::Zones;
use liveness::Liveness;
use postern_vocab::limits;
use resolver::Resolver;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The resolver as the shards have it: a clone asks the same one.
#[derive(Clone)]
pub struct Dns {
    shared: Option<Arc<Shared>>,
}

/// What all clones have in common.
struct Shared {
    resolver: Resolver,
    liveness: Liveness,
    zones: Zones,
    services: Handle,
    room: Arc<Semaphore>,
}

/// Why a question has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum Unanswered {
    #[error("no name server is configured: set [dns] servers")]
    NoServers,
    #[error("too many DNS look-ups are under way")]
    TooMany,
    #[error("the name servers do not answer in time")]
    Late,
    #[error("the look-up was given up")]
    GivenUp,
}

impl Dns {
    /// A resolver on these servers, or on the system's where none are given. Where the system has none either, that is
    /// said in the log, names are not resolved and every answer says so.
    #[must_use]
    pub fn new(servers: &[SocketAddr], services: &Handle) -> Self {
        let shared = match Resolver::new(servers) {
            Ok(resolver) => Some(Arc::new(Shared {
                resolver,
                liveness: Liveness::default(),
                zones: Zones::default(),
                services: services.clone(),
                room: Arc::new(Semaphore::new(limits::DNS_LOOKUPS_MAX)),
            })),
            Err(error) => {
                eprintln!("postern: names cannot be resolved: {error}; set [dns] servers");
                None
            }
        };
        Self { shared }
    }

    /// Without a resolver: every question is answered at once, and nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self { shared: None }
    }

    /// The DNS lists that were asked since the start, by name, with what the health guard found.
    #[must_use]
    pub fn health(&self) -> Vec<ZoneHealth> {
        self.shared
            .as_ref()
            .map_or_else(Vec::new, |shared| shared.zones.health())
    }

    /// Looks up on the services' runtime and waits no longer than `patience`. A late look-up goes on there for a while:
    /// its answer is in the cache when the client comes again.
    async fn ask<T, F>(
        &self,
        patience: Duration,
        look_up: impl FnOnce(Arc<Shared>) -> F,
    ) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let shared = self.shared.as_ref().ok_or(Unanswered::NoServers)?;
        let room = Arc::clone(&shared.room)
            .try_acquire_owned()
            .map_err(|_| Unanswered::TooMany)?;
        let look_up = look_up(Arc::clone(shared));
        let task = shared.services.spawn(async move {
            let answer = tokio::time::timeout(limits::DNS_LOOKUP_TIMEOUT, look_up).await;
            drop(room);
            answer
        });
        let patience = shared.liveness.patience(patience);
        match tokio::time::timeout(patience, task).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(_))) | Err(_) => {
                liveness::suspect(shared);
                Err(Unanswered::Late)
            }
            // The services stop, or it panicked and has said so.
            Ok(Err(_)) => Err(Unanswered::GivenUp),
        }
    }
}
