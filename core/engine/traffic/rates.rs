//! How much one client or sender may do in how long, over all shards. It does not know why something is limited, nor
//! what the peer hears when it is too much.
//!
//! A key is kept as a fingerprint of 128 bits: entries of one small size, whatever addresses strangers make up. Among
//! `limits::RATE_KEYS_MAX` keys two share one with a chance of 2^-93, and nobody can look for a pair without the seed,
//! which never leaves the process.

use super::table::Table;
use super::window::Window;
use ipnet::IpNet;
use postern_policy::Rate;
use postern_vocab::{Timestamp, limits};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// What is counted, and whose.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RateKey {
    /// Recipients from one client ([`super::client_network`]).
    RecipientsOfClient(IpNet),
    /// Recipients from one envelope sender, folded.
    RecipientsOfSender(String),
    /// Invalid recipients from one client.
    InvalidRecipients(IpNet),
}

/// Too much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exceeded {
    /// When as much as was asked for would be allowed, if nothing else is taken until then; the whole interval if it
    /// is more than is ever allowed.
    pub retry_after: Duration,
}

/// All rates.
pub struct Rates {
    windows: Table<u128, Window>,
    seed: RandomState,
}

impl Rates {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            windows: Table::new(limits::RATE_KEYS_MAX, seed.clone()),
            seed,
        }
    }

    /// Takes `count` if the rate allows all of it, else nothing. Two rates of the same interval see the same count;
    /// one of another interval has a count of its own.
    ///
    /// # Errors
    /// The rate does not allow it now.
    pub fn take(&self, key: RateKey, count: u32, rate: Rate, now: Timestamp) -> Result<(), Exceeded> {
        let Some(most_before) = rate.count.checked_sub(count) else {
            return Err(Exceeded {
                retry_after: rate.interval,
            });
        };
        self.windows
            .update(self.fingerprint(&key, rate.interval), now, |window| {
                if window.count(rate.interval, now) > most_before {
                    let retry_after = window.until_at_most(most_before, rate.interval, now);
                    return Err(Exceeded { retry_after });
                }
                window.add(count, rate.interval, now);
                Ok(())
            })
    }

    /// Counts `count` that happened anyway, allowed or not, and says how many there were within the interval with them.
    pub fn note(&self, key: RateKey, count: u32, interval: Duration, now: Timestamp) -> u32 {
        self.windows
            .update(self.fingerprint(&key, interval), now, |window| {
                window.add(count, interval, now);
                window.count(interval, now)
            })
    }

    /// How many there were within the interval; takes nothing.
    #[must_use]
    pub fn peek(&self, key: RateKey, interval: Duration, now: Timestamp) -> u32 {
        let fingerprint = self.fingerprint(&key, interval);
        let count = self
            .windows
            .read(&fingerprint, |window| window.count(interval, now));
        count.unwrap_or(0)
    }

    fn fingerprint(&self, key: &RateKey, interval: Duration) -> u128 {
        let half = |which: u8| u128::from(self.seed.hash_one((which, key, interval)));
        half(0) << 64 | half(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    const HOUR: Duration = Duration::from_secs(3_600);
    const NOW: Timestamp = Timestamp(1_000 * 3_600_000);

    fn rates() -> Rates {
        Rates::new(RandomState::new())
    }

    fn client(text: &str) -> RateKey {
        RateKey::RecipientsOfClient(text.parse().unwrap())
    }

    fn hourly(count: u32) -> Rate {
        Rate {
            count,
            interval: HOUR,
        }
    }

    #[test]
    fn twenty_an_hour_are_twenty_and_the_next_is_told_when() {
        let rates = rates();
        let take = |count, now| rates.take(client("192.0.2.1/32"), count, hourly(20), now);
        for _ in 0..20 {
            assert_eq!(take(1, NOW), Ok(()));
        }
        let late = NOW.plus(Duration::from_secs(3_599));
        let retry_after = Duration::from_secs(1);
        assert_eq!(take(1, late), Err(Exceeded { retry_after }));
        assert_eq!(take(20, NOW.plus(HOUR)), Ok(()));
    }

    #[test]
    fn all_or_nothing_and_more_than_ever_allowed_is_refused() {
        let rates = rates();
        let take = |count| rates.take(client("192.0.2.1/32"), count, hourly(10), NOW);
        let refused = Err(Exceeded { retry_after: HOUR });
        assert_eq!(take(8), Ok(()));
        assert_eq!(take(3), refused);
        assert_eq!(take(2), Ok(()), "the three took nothing");
        assert_eq!(take(11), refused);
        assert_eq!(rates.take(client("192.0.2.2/32"), 1, hourly(0), NOW), refused);
        assert_eq!(rates.peek(client("192.0.2.1/32"), HOUR, NOW), 10);
    }

    #[test]
    fn keys_and_intervals_are_counted_apart() {
        let rates = rates();
        let network = "192.0.2.1/32".parse().unwrap();
        rates.note(RateKey::RecipientsOfClient(network), 5, HOUR, NOW);
        let keys = [
            RateKey::InvalidRecipients(network),
            RateKey::RecipientsOfSender("192.0.2.1/32".to_owned()),
            client("192.0.2.0/24"),
            client("192.0.2.2/32"),
        ];
        for key in keys {
            assert_eq!(rates.peek(key.clone(), HOUR, NOW), 0, "{key:?}");
        }
        assert_eq!(rates.peek(client("192.0.2.1/32"), HOUR / 2, NOW), 0);
        assert_eq!(rates.peek(client("192.0.2.1/32"), HOUR, NOW), 5);
    }

    #[test]
    fn exactly_the_limit_is_taken_of_ten_times_as_many_at_once() {
        let rates = rates();
        let taken = AtomicU32::new(0);
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let (rates, taken) = (&rates, &taken);
                scope.spawn(move || {
                    for attempt in 0..1_250 {
                        // Clocks that are read at the same time are milliseconds apart, in any order.
                        let now = NOW.plus(Duration::from_millis((thread * 7 + attempt) % 50));
                        let sender = RateKey::RecipientsOfSender("bulk@example.com".to_owned());
                        if rates.take(sender, 1, hourly(1_000), now).is_ok() {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(taken.load(Ordering::Relaxed), 1_000);
    }

    #[test]
    fn a_sender_over_its_rate_is_not_forgotten_for_strangers() {
        let rates = rates();
        let bulk = || RateKey::RecipientsOfSender("bulk@example.com".to_owned());
        rates.note(bulk(), 100, HOUR, NOW);
        for stranger in 0..1_000_000_u32 {
            let now = NOW.plus(Duration::from_millis(stranger.into()));
            let sender = RateKey::RecipientsOfSender(format!("{stranger}@example.net"));
            assert!(rates.take(sender, 1, hourly(1), now).is_ok());
            if stranger % 10_000 == 0 {
                assert!(rates.take(bulk(), 1, hourly(100), now).is_err());
            }
        }
        let mut keys = 0;
        rates.windows.visit(|_, _, _| keys += 1);
        assert!(keys <= limits::RATE_KEYS_MAX, "{keys}");
    }
}
