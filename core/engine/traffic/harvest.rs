//! Directory harvest prevention: a client that asks for many addresses that do not exist is reading our directory. It
//! does not know what becomes of such a client; that is the protocol's.

use super::{RateKey, Traffic};
use ipnet::IpNet;
use postern_vocab::Timestamp;
use std::time::Duration;

/// The limit's interval.
const HOUR: Duration = Duration::from_secs(3_600);

/// Whether a client harvests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harvest {
    /// No more invalid recipients than anyone may have.
    Fine,
    /// More than that within the last hour.
    Over,
}

impl Traffic {
    /// Counts an invalid recipient. The one after the `limit_per_hour`th is over; so is every further one while the
    /// hour before it has more than the limit, those that were over included: who goes on stays out.
    pub fn note_invalid(&self, client: IpNet, limit_per_hour: u32, now: Timestamp) -> Harvest {
        let key = RateKey::InvalidRecipients(client);
        judge(self.rates.note(key, 1, HOUR, now), limit_per_hour)
    }

    /// Whether the client is over the limit now, without counting: for a connection that it opens meanwhile.
    #[must_use]
    pub fn harvest(&self, client: IpNet, limit_per_hour: u32, now: Timestamp) -> Harvest {
        let key = RateKey::InvalidRecipients(client);
        judge(self.rates.peek(key, HOUR, now), limit_per_hour)
    }
}

fn judge(invalid: u32, limit: u32) -> Harvest {
    if invalid > limit {
        Harvest::Over
    } else {
        Harvest::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Harvest::{Fine, Over};
    use std::hash::RandomState;
    use std::thread;

    const NOW: Timestamp = Timestamp(1_000 * 3_600_000);

    fn client() -> IpNet {
        "192.0.2.1/32".parse().unwrap()
    }

    #[test]
    fn the_one_after_the_limit_is_over_and_so_are_those_behind_it_for_an_hour() {
        let traffic = Traffic::new(RandomState::new());
        let minute = |minute: u64| NOW.plus(Duration::from_secs(60 * minute));
        for _ in 0..25 {
            assert_eq!(traffic.note_invalid(client(), 25, NOW), Fine);
        }
        assert_eq!(traffic.harvest(client(), 25, NOW), Fine, "25 are allowed");
        assert_eq!(traffic.note_invalid(client(), 25, minute(30)), Over);
        assert_eq!(traffic.harvest(client(), 25, minute(59)), Over);
        assert_eq!(traffic.note_invalid(client(), 25, minute(59)), Over);
        assert_eq!(
            traffic.note_invalid(client(), 25, minute(61)),
            Fine,
            "the burst has passed"
        );
        let other = "192.0.2.2/32".parse().unwrap();
        assert_eq!(traffic.note_invalid(other, 25, minute(59)), Fine);
    }

    #[test]
    fn over_many_shards_it_is_one_count() {
        let traffic = Traffic::new(RandomState::new());
        let over = thread::scope(|scope| {
            let ask = || {
                let asked = (0..25).map(|_| traffic.note_invalid(client(), 25, NOW));
                asked.filter(|answer| *answer == Over).count()
            };
            let shards: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            shards
                .into_iter()
                .map(|shard| shard.join().unwrap())
                .sum::<usize>()
        });
        assert_eq!(over, 75, "exactly 25 were fine");
    }
}
