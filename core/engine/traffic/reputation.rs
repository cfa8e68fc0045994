//! The local reputation of addresses and networks: whose conduct is counted, and which score a client has. How conduct
//! becomes a score is [`super::conduct`]'s.
//!
//! An IPv6 host is its /64, since it may take any address of that. Each event counts for the host and for the network
//! around it (/24, /48). A client is judged by its own history; where that is not enough, by half its network's score:
//! neighbours say something of a stranger, but nobody is blocked or trusted as fully for them as for himself.

use super::client::network_of;
use super::conduct::{Conduct, History};
use super::saved::{self, Damage, Saving};
use super::table::Table;
use ipnet::IpNet;
use postern_vocab::{DnsListAnswer, DnsListing, Reputation, Timestamp, limits};
use std::hash::RandomState;
use std::net::IpAddr;

/// The kind of file that histories are saved in.
const KIND: &str = "reputation 1";

/// The histories of addresses and networks, at most `limits::REPUTATION_KEYS_MAX` of both together.
pub struct Histories(Table<IpNet, History>);

impl Histories {
    pub(super) fn new(seed: RandomState) -> Self {
        Self(Table::new(limits::REPUTATION_KEYS_MAX, seed))
    }

    /// Counts what a client did.
    pub fn note(&self, address: IpAddr, conduct: Conduct, now: Timestamp) {
        for key in [host(address), neighbourhood(address)] {
            self.0.update(key, now, |history| history.add(conduct, now));
        }
    }

    /// What is thought of a client; `None` if neither it nor its network has enough history.
    #[must_use]
    pub fn score(&self, address: IpAddr, now: Timestamp) -> Option<Reputation> {
        let score = |key| self.0.read(&key, |history| history.score(now)).flatten();
        score(host(address))
            .or_else(|| score(neighbourhood(address)).map(|network| Reputation(network.0 / 2)))
    }

    /// All histories that still say something, for [`Self::load`].
    #[must_use]
    pub fn save(&self, now: Timestamp) -> Vec<u8> {
        let mut saving = Saving::new(KIND);
        self.0.visit(|network, _, history| {
            if !history.is_faded(now) {
                saving.push(&(network, &*history));
            }
        });
        saving.finish()
    }

    /// Takes up what was saved, and says how many histories it was.
    ///
    /// # Errors
    /// The octets are not what [`Self::save`] made; nothing of them was taken up.
    pub fn load(&self, octets: &[u8]) -> Result<usize, Damage> {
        let histories: Vec<(IpNet, History)> = saved::records(KIND, octets)?;
        let sound = histories.into_iter().filter(|(_, history)| history.is_sound());
        let put = sound.map(|(network, history)| self.0.put(network, history.touched(), history));
        Ok(put.count())
    }
}

fn host(address: IpAddr) -> IpNet {
    network_of(address, 32, 64)
}

fn neighbourhood(address: IpAddr) -> IpNet {
    network_of(address, 24, 48)
}

/// The score with DNS lists taken into account: each that lists the client takes `points_tenths` off. A listed client
/// without a score begins at zero. A list that gave no answer that counts takes nothing.
#[must_use]
pub fn lowered_by(
    score: Option<Reputation>,
    listings: &[DnsListing],
    points_tenths: i16,
) -> Option<Reputation> {
    let listed = |listing: &&DnsListing| matches!(listing.answer, DnsListAnswer::Listed(_));
    let listed = listings.iter().filter(listed);
    listed.fold(score, |score, _| {
        let from = score.unwrap_or(Reputation(0));
        let lowered = from.0.saturating_sub(points_tenths.max(0));
        Some(Reputation(lowered).max(Reputation::WORST))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Conduct::{Accepted, Spam};
    use std::thread;

    const NOW: Timestamp = Timestamp(20_000 * 24 * 3_600_000);

    fn histories() -> Histories {
        Histories::new(RandomState::new())
    }

    fn note(histories: &Histories, address: &str, times: usize, conduct: Conduct) {
        for _ in 0..times {
            histories.note(address.parse().unwrap(), conduct, NOW);
        }
    }

    fn tenths(histories: &Histories, address: &str) -> Option<i16> {
        let score = histories.score(address.parse().unwrap(), NOW);
        score.map(|score| score.0)
    }

    #[test]
    fn the_address_speaks_for_itself_and_the_network_for_strangers() {
        let histories = histories();
        note(&histories, "192.0.2.1", 100, Spam);
        note(&histories, "192.0.2.2", 100, Accepted);
        note(&histories, "2001:db8:0:1::1", 100, Spam);
        let rows = [
            ("192.0.2.1", Some(-91), "its own history"),
            ("::ffff:192.0.2.1", Some(-91), "the same in IPv6"),
            ("192.0.2.2", Some(50), "its own, whatever its neighbour does"),
            ("192.0.2.3", Some(-14), "half of a network that is half spam"),
            ("198.51.100.1", None, "nobody knows it"),
            (
                "2001:db8:0:1:ffff::9",
                Some(-91),
                "another address of the same host",
            ),
            ("2001:db8:0:2::1", Some(-45), "half of its /48"),
            ("2001:db8:1::1", None, "another /48"),
        ];
        for (address, expected, why) in rows {
            assert_eq!(tenths(&histories, address), expected, "{address}: {why}");
        }
    }

    #[test]
    fn dns_lists_lower_the_score() {
        let listing = |answer: &DnsListAnswer| DnsListing {
            zone: "bl.example.org".to_owned(),
            answer: answer.clone(),
        };
        let listed = DnsListAnswer::Listed(vec![[127, 0, 0, 2].into()]);
        let dead = DnsListAnswer::Unavailable("timed out".to_owned());
        let rows = [
            // (score, answers, points, result, why)
            (Some(20), vec![], 40, Some(20), "no list"),
            (
                None,
                vec![DnsListAnswer::NotListed, dead.clone()],
                40,
                None,
                "nothing known",
            ),
            (Some(20), vec![dead], 40, Some(20), "a dead list says nothing"),
            (Some(20), vec![listed.clone()], 40, Some(-20), "one"),
            (None, vec![listed.clone(); 2], 30, Some(-60), "two, from zero"),
            (
                Some(-50),
                vec![listed.clone(); 9],
                40,
                Some(-100),
                "never below the worst",
            ),
            (
                Some(0),
                vec![listed.clone()],
                i16::MAX,
                Some(-100),
                "whatever is configured",
            ),
            (Some(20), vec![listed], -40, Some(20), "a listing is no praise"),
        ];
        for (score, answers, points, expected, why) in rows {
            let listings: Vec<_> = answers.iter().map(listing).collect();
            let result = lowered_by(score.map(Reputation), &listings, points);
            assert_eq!(result, expected.map(Reputation), "{why}");
        }
    }

    #[test]
    fn all_shards_count_for_one_history() {
        let histories = histories();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| note(&histories, "192.0.2.1", 25, Spam));
            }
        });
        assert_eq!(tenths(&histories, "192.0.2.1"), Some(-91));
    }

    #[test]
    fn saved_histories_are_the_same_when_loaded() {
        let before = histories();
        note(&before, "192.0.2.1", 100, Spam);
        note(&before, "2001:db8::1", 1_000, Accepted);
        let after = histories();
        assert_eq!(after.load(&before.save(NOW)), Ok(4), "two hosts, two networks");
        for address in ["192.0.2.1", "192.0.2.9", "2001:db8::1", "2001:db8:0:9::1"] {
            assert_eq!(tenths(&after, address), tenths(&before, address), "{address}");
            assert!(tenths(&after, address).is_some());
        }
        let a_year_later = NOW.plus(std::time::Duration::from_secs(365 * 24 * 3_600));
        assert_eq!(after.load(&before.save(a_year_later)), Ok(0), "faded is not kept");
    }

    #[test]
    fn damaged_histories_are_never_taken_up() {
        let saved = {
            let histories = histories();
            note(&histories, "192.0.2.1", 100, Spam);
            note(&histories, "2001:db8::1", 10, Accepted);
            histories.save(NOW)
        };
        let refused = |octets: &[u8]| {
            let histories = histories();
            assert!(histories.load(octets).is_err(), "{octets:?}");
            assert_eq!(
                tenths(&histories, "192.0.2.1"),
                None,
                "nothing of it was taken up"
            );
        };
        for at in 0..saved.len() {
            refused(&saved[..at]);
            for flip in [0x01, 0x80, 0xff] {
                let mut flipped = saved.clone();
                flipped[at] ^= flip;
                refused(&flipped);
            }
        }
        refused(b"something else entirely");
        refused(&[saved.clone(), vec![0]].concat());
    }

    #[test]
    fn many_strangers_take_no_more_room_and_a_busy_one_stays_known() {
        let histories = histories();
        note(&histories, "192.0.2.1", 100, Spam);
        for stranger in 0..600_000_u32 {
            let now = NOW.plus(std::time::Duration::from_millis(stranger.into()));
            let address = IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + stranger * 16));
            histories.note(address, Accepted, now);
            if stranger % 10_000 == 0 {
                histories.note([192, 0, 2, 1].into(), Spam, now);
            }
        }
        let mut keys = 0;
        histories.0.visit(|_, _, _| keys += 1);
        assert!(keys <= limits::REPUTATION_KEYS_MAX, "{keys}");
        assert!(tenths(&histories, "192.0.2.1") < Some(-90));
    }
}
