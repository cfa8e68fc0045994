//! Asking the next hop by SMTP, on the shard that wants to know: RCPT after a null sender, and no message. RFC 5321 §3.3.
//!
//! A hop that takes a recipient that cannot exist takes everyone's, and its yes means nothing: then every recipient of
//! that domain counts as valid without being asked about, for an hour.

use super::Validity;
use super::circuit::Circuit;
use crate::dns::{Dns, Unresolved};
use crate::net::{Conn, Net, Received, receive_within};
use bytes::BytesMut;
use postern_policy::Hop;
use postern_smtp::{Probe, ProbeAnswer, ProbeStep};
use postern_vocab::{Address, Domain, Timestamp, limits};
use std::collections::HashMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// Octets read from a next hop at a time: its replies are short.
const REPLY_BUFFER_BYTES: usize = 1024;

/// The shard that asks.
pub struct Asker<'a, N: Net> {
    /// Its network.
    pub net: &'a N,
    /// Its names.
    pub dns: &'a Dns,
    /// What it calls itself.
    pub hello_name: &'a str,
    /// Its time.
    pub now: Timestamp,
}

/// What a hop said, and whether its yes to one means anything for another.
pub(super) enum HopAnswer {
    /// About this recipient.
    Said(Validity),
    /// It takes every recipient of the domain.
    TakesAll,
}

/// Every next hop that was asked.
#[derive(Default)]
pub(super) struct Hops {
    known: Mutex<HashMap<Hop, Arc<AskedHop>>>,
    takes_all: Mutex<HashMap<(Hop, Domain), TakesAll>>,
}

struct AskedHop {
    circuit: Mutex<Circuit>,
    places: Semaphore,
}

struct TakesAll {
    answer: bool,
    since: Timestamp,
}

impl Hops {
    /// Whether a hop takes every recipient of a domain, if that is known.
    pub(super) fn takes_all(&self, hop: &Hop, domain: &Domain, now: Timestamp) -> Option<bool> {
        let remembered = lock(&self.takes_all);
        let known = remembered.get(&(hop.clone(), domain.clone()))?;
        (now.since(known.since) < limits::CALL_AHEAD_TAKES_ALL).then_some(known.answer)
    }

    /// Asks a hop about a recipient, within `limits::RECIPIENT_CHECK_TIMEOUT`.
    pub(super) async fn ask<N: Net>(&self, hop: &Hop, address: &Address, asker: &Asker<'_, N>) -> HopAnswer {
        let asked = self.of(hop);
        if let Err(why) = lock(&asked.circuit).may_ask(Instant::now()) {
            return HopAnswer::Said(Validity::Unavailable(why));
        }
        let deadline = Instant::now() + limits::RECIPIENT_CHECK_TIMEOUT;
        let call = Call {
            hop,
            address,
            deadline,
            wants_all: self.takes_all(hop, address.domain(), asker.now).is_none(),
        };
        let heard = match timeout_at(deadline, asked.places.acquire()).await {
            Ok(_place) => call.make(asker).await,
            Err(_) => Err(format!(
                "too many recipients wait for the next hop {hop}: it answers too slowly"
            )),
        };
        let mut circuit = lock(&asked.circuit);
        match heard {
            Err(why) => {
                circuit.failed(&why, Instant::now());
                HopAnswer::Said(Validity::Unavailable(why))
            }
            Ok(Heard { validity, takes_all }) => {
                match &validity {
                    Validity::Unavailable(why) => circuit.complained(why),
                    Validity::Valid | Validity::Unknown => circuit.succeeded(),
                }
                drop(circuit);
                if let Some(answer) = takes_all {
                    self.remember(call.hop, address.domain(), answer, asker.now);
                }
                match takes_all {
                    Some(true) => HopAnswer::TakesAll,
                    _ => HopAnswer::Said(validity),
                }
            }
        }
    }

    /// Each hop's name, and what went wrong the last time.
    pub(super) fn health(&self) -> Vec<(String, Option<String>)> {
        let known = lock(&self.known);
        let takes_all = lock(&self.takes_all);
        let mut health: Vec<_> = known
            .iter()
            .map(|(hop, asked)| {
                let blind = takes_all
                    .iter()
                    .find(|((one, _), known)| one == hop && known.answer)
                    .map(|((_, domain), _)| {
                        format!("it takes every recipient of {domain}: asking it ahead finds nothing out")
                    });
                let error = lock(&asked.circuit).last_error().map(str::to_owned);
                (format!("next hop {hop}"), error.or(blind))
            })
            .collect();
        health.sort();
        health
    }

    fn of(&self, hop: &Hop) -> Arc<AskedHop> {
        let mut known = lock(&self.known);
        if known.len() >= limits::CALL_AHEAD_REMEMBERED_MAX && !known.contains_key(hop) {
            known.clear();
        }
        let asked = known.entry(hop.clone()).or_insert_with(|| {
            Arc::new(AskedHop {
                circuit: Mutex::default(),
                places: Semaphore::new(limits::CALL_AHEADS_PER_HOP_MAX),
            })
        });
        Arc::clone(asked)
    }

    fn remember(&self, hop: &Hop, domain: &Domain, answer: bool, now: Timestamp) {
        let mut remembered = lock(&self.takes_all);
        // A table that takes `.domain` has as many domains as a stranger can think of.
        if remembered.len() >= limits::CALL_AHEAD_REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert((hop.clone(), domain.clone()), TakesAll { answer, since: now });
    }
}

/// One connection's business.
struct Call<'a> {
    hop: &'a Hop,
    address: &'a Address,
    deadline: Instant,
    /// Whether to ask about a recipient that cannot exist, too.
    wants_all: bool,
}

struct Heard {
    validity: Validity,
    takes_all: Option<bool>,
}

impl Call<'_> {
    /// # Errors
    /// There is no connection, or it broke.
    async fn make<N: Net>(&self, asker: &Asker<'_, N>) -> Result<Heard, String> {
        let hop = self.hop;
        let found = timeout_at(self.deadline, asker.dns.hop(hop)).await;
        let addresses = match found {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(Unresolved::Temporary(why) | Unresolved::Permanent(why))) => {
                return Err(format!("the next hop {hop} is not found: {why}"));
            }
            Err(_) => return Err(format!("the next hop {hop} is not found: the DNS is too slow")),
        };
        let conn = self.connect(asker.net, &addresses).await?;
        let mut probe = Probe::new(asker.hello_name);
        let validity = match self.put(&conn, &mut probe, self.address).await {
            ProbeAnswer::Taken => Validity::Valid,
            ProbeAnswer::Unknown(_) => Validity::Unknown,
            ProbeAnswer::Unclear(reply) => {
                let why = format!("the next hop {hop} does not say whether a recipient exists: {reply}");
                Validity::Unavailable(why)
            }
            ProbeAnswer::Gone(reply) => {
                return Err(format!("the next hop {hop} is not to be asked: {reply}"));
            }
        };
        let mut takes_all = None;
        if self.wants_all
            && validity == Validity::Valid
            && let Some(nobody) = nobody_at(self.address.domain())
        {
            takes_all = match self.put(&conn, &mut probe, &nobody).await {
                ProbeAnswer::Taken => Some(true),
                ProbeAnswer::Unknown(_) => Some(false),
                ProbeAnswer::Unclear(_) | ProbeAnswer::Gone(_) => None,
            };
        }
        probe.quit();
        if let ProbeStep::Send(goodbye) = probe.next_step() {
            // A courtesy: its outcome changes nothing.
            let _ = timeout_at(self.deadline, conn.send(vec![goodbye])).await;
        }
        Ok(Heard { validity, takes_all })
    }

    /// The first address that answers; each gets its share of the time that is left.
    async fn connect<N: Net>(&self, net: &N, addresses: &[SocketAddr]) -> Result<N::Conn, String> {
        let mut why = format!("the next hop {} has no address", self.hop);
        let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            let now = Instant::now();
            let until = now + self.deadline.saturating_duration_since(now) / (left + 1);
            left -= 1;
            match timeout_at(until, net.connect(*address)).await {
                Ok(Ok(conn)) => return Ok(conn),
                Ok(Err(error)) => why = format!("cannot connect to the next hop {address}: {error}"),
                Err(_) => why = format!("cannot connect to the next hop {address}: no answer"),
            }
        }
        Err(why)
    }

    /// One question, carried between the protocol and the connection.
    async fn put<C: Conn>(&self, conn: &C, probe: &mut Probe, recipient: &Address) -> ProbeAnswer {
        probe.ask(recipient);
        loop {
            match probe.next_step() {
                ProbeStep::Send(octets) => {
                    let sent = timeout_at(self.deadline, conn.send(vec![octets])).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        probe.closed();
                    }
                }
                ProbeStep::Read => {
                    let left = self.deadline.saturating_duration_since(Instant::now());
                    let buffer = BytesMut::with_capacity(REPLY_BUFFER_BYTES);
                    match receive_within(conn, buffer, left, pending()).await {
                        (Received::Octets(octets), buffer) if octets > 0 => probe.received(&buffer),
                        (Received::TimedOut, _) => probe.timed_out(),
                        _ => probe.closed(),
                    }
                }
                ProbeStep::Answer(answer) => return answer,
                ProbeStep::Done => unreachable!("a recipient that was asked about gets an answer"),
            }
        }
    }
}

/// A recipient that no domain has: nobody can know its name before it is asked about.
fn nobody_at(domain: &Domain) -> Option<Address> {
    let mut octets = [0; 8];
    rustix::rand::getrandom(&mut octets, rustix::rand::GetRandomFlags::empty()).ok()?;
    format!("no-such-mailbox-{:016x}@{domain}", u64::from_ne_bytes(octets))
        .parse()
        .ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change under these locks is a single step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
