//! Connections at once, from one address and from one network. Exact, since a limit of 3 that lets a fourth in is not
//! a limit; nothing is ever evicted, since what is counted is open, and so bounded by the connections there can be
//! (`limits::CONNECTIONS_PER_SHARD_MAX` a shard, two keys each).
//!
//! One lock over both counts: a client is let in by both or by neither, and none is refused for one that was let in by
//! the first and then refused by the second. It is taken twice in a connection's life and held for two look-ups.

use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All open connections.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    by_address: HashMap<IpAddr, u32>,
    by_network: HashMap<IpNet, u32>,
}

/// How many at once; `None`: any number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ConnectionLimits {
    /// From one address.
    pub per_address: Option<u32>,
    /// From one network.
    pub per_network: Option<u32>,
}

/// A connection too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooMany {
    /// `address` or `network`.
    pub scope: &'static str,
    /// The limit that is reached.
    pub limit: u32,
}

/// One connection's place; free again when this is dropped.
pub struct Permit {
    connections: Connections,
    address: IpAddr,
    network: IpNet,
}

impl Connections {
    /// Lets one more in, from this address and the network that [`super::client_network`] finds it in. Every connection
    /// is counted, whether its own policy has limits or not: another policy's limit may bind the same network.
    ///
    /// # Errors
    /// A limit is reached; nothing was counted.
    pub fn enter(
        &self,
        address: IpAddr,
        network: IpNet,
        limits: ConnectionLimits,
    ) -> Result<Permit, TooMany> {
        let address = address.to_canonical();
        let mut open = self.open();
        let of_address = open.by_address.get(&address).copied().unwrap_or(0);
        let of_network = open.by_network.get(&network).copied().unwrap_or(0);
        refuse_over("address", of_address, limits.per_address)?;
        refuse_over("network", of_network, limits.per_network)?;
        open.by_address.insert(address, of_address + 1);
        open.by_network.insert(network, of_network + 1);
        Ok(Permit {
            connections: self.clone(),
            address,
            network,
        })
    }

    /// A thread that panicked with the lock held has at worst not counted one connection.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse_over(scope: &'static str, open: u32, limit: Option<u32>) -> Result<(), TooMany> {
    match limit {
        Some(limit) if open >= limit => Err(TooMany { scope, limit }),
        _ => Ok(()),
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        one_less(&mut open.by_address, &self.address);
        one_less(&mut open.by_network, &self.network);
    }
}

fn one_less<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => drop(counts.remove(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    fn limits(per_address: u32, per_network: u32) -> ConnectionLimits {
        ConnectionLimits {
            per_address: Some(per_address),
            per_network: Some(per_network),
        }
    }

    fn client(last: u8) -> (IpAddr, IpNet) {
        (IpAddr::from([192, 0, 2, last]), "192.0.2.0/24".parse().unwrap())
    }

    fn open(connections: &Connections) -> (usize, usize) {
        let open = connections.open();
        (open.by_address.len(), open.by_network.len())
    }

    #[test]
    fn each_limit_binds_and_a_place_given_back_is_free() {
        let connections = Connections::default();
        let enter = |last| connections.enter(client(last).0, client(last).1, limits(2, 3));
        let refused = |last| enter(last).err().map(|too_many| (too_many.scope, too_many.limit));

        let first = enter(1).ok().unwrap();
        let _second = enter(1).ok().unwrap();
        assert_eq!(refused(1), Some(("address", 2)));
        let _third = enter(2).ok().unwrap();
        assert_eq!(refused(3), Some(("network", 3)));
        drop(first);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        let fourth = connections.enter(mapped, client(1).1, limits(2, 3));
        assert!(fourth.is_ok());
        assert_eq!(
            refused(1),
            Some(("address", 2)),
            "IPv4 inside IPv6 is the same client"
        );
    }

    #[test]
    fn those_without_a_limit_are_counted_for_those_with_one() {
        let connections = Connections::default();
        let (address, network) = client(1);
        let free = connections.enter(address, network, ConnectionLimits::default());
        assert!(free.is_ok());
        assert!(connections.enter(address, network, limits(1, 9)).is_err());
    }

    #[test]
    fn exactly_the_limit_is_admitted_of_many_at_once_and_all_places_come_back() {
        let connections = Connections::default();
        let admitted = AtomicU32::new(0);
        let permits = Mutex::new(Vec::new());
        thread::scope(|scope| {
            // Ten addresses of one network, 30 attempts each: each address may have 7, the network 50.
            for last in 0..10 {
                let (connections, admitted, permits) = (&connections, &admitted, &permits);
                scope.spawn(move || {
                    for _ in 0..30 {
                        let (address, network) = client(last);
                        if let Ok(permit) = connections.enter(address, network, limits(7, 50)) {
                            admitted.fetch_add(1, Ordering::Relaxed);
                            permits.lock().unwrap().push(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(admitted.load(Ordering::Relaxed), 50);
        drop(permits);
        assert_eq!(open(&connections), (0, 0));
    }

    #[test]
    fn coming_and_going_from_many_threads_never_exceeds_the_limit_and_ends_at_zero() {
        let connections = Connections::default();
        let inside = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let (address, network) = client(1);
                        if let Ok(permit) = connections.enter(address, network, limits(3, 9)) {
                            assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(open(&connections), (0, 0));
    }
}
