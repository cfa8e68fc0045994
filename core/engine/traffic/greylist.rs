//! Greylisting: a stranger's first attempt is put off, since real mail servers come again and most robots do not.
//!
//! What is known by is the triple of client network, sender and recipient. It waits, comes again, and is then known for
//! as long as it is used. A network of which `limits::GREYLIST_PASSES_TO_ADMIT` triples came again has shown that it
//! has a queue: all its further mail passes at once, and new correspondents of a known server do not wait. Whom
//! greylisting concerns, and what he is told, is not known here.
//!
//! The triple is kept as it reads, for it is shown and admitted by hand, and kept over restarts. Of each address
//! `limits::GREYLIST_TEXT_OCTETS_MAX` octets are kept and compared: who has two triples taken for one has to come again
//! once instead of twice.

use super::saved::{self, Damage, Saving};
use super::table::Table;
use ipnet::IpNet;
use postern_policy::Greylist;
use postern_vocab::{Timestamp, limits};
use serde::{Deserialize, Serialize};
use std::hash::RandomState;

/// The kind of file that triples are saved in.
const KIND: &str = "greylist 1";

/// Who sends to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Triple<'a> {
    /// The client's network ([`super::client_network`]).
    pub network: IpNet,
    /// The envelope sender, folded; empty for `<>`.
    pub sender: &'a str,
    /// The recipient, folded.
    pub recipient: &'a str,
}

/// What becomes of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grey {
    /// It may go on.
    Pass,
    /// It has to come again.
    Wait {
        /// From when on.
        until: Timestamp,
        /// Whether this is its first attempt, or its first since the last one was forgotten.
        first: bool,
    },
}

/// All triples, and the networks that need not wait.
pub struct Greylisting {
    pub(super) triples: Table<Key, State>,
    clients: Table<IpNet, Client>,
}

/// A triple as it is kept.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) network: IpNet,
    pub(super) sender: Box<str>,
    pub(super) recipient: Box<str>,
}

/// How far a triple has come.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) enum State {
    #[default]
    Unknown,
    Waiting {
        since: Timestamp,
        until: Timestamp,
        expires: Timestamp,
    },
    Passed {
        expires: Timestamp,
    },
}

/// A network, and how many of its triples came again.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Client {
    passes: u32,
    expires: Timestamp,
}

/// What is saved of either; the time is that of its last use.
#[derive(Serialize, Deserialize)]
enum Record {
    Triple(Key, Timestamp, State),
    Client(IpNet, Timestamp, Client),
}

impl Greylisting {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            triples: Table::new(limits::GREYLIST_TRIPLES_MAX, seed.clone()),
            clients: Table::new(limits::GREYLIST_CLIENTS_MAX, seed),
        }
    }

    /// An attempt: notes it, and says what becomes of it.
    pub fn check(&self, triple: Triple<'_>, settings: &Greylist, now: Timestamp) -> Grey {
        if self.is_known(triple.network, settings, now) {
            return Grey::Pass;
        }
        let attempt = |state: &mut State| state.attempt(settings, now);
        let (grey, came_again) = self.triples.update(triple.key(), now, attempt);
        if came_again {
            self.clients.update(triple.network, now, |client| {
                // What came again long ago says nothing of who has the address now.
                let passes = if client.expires < now { 0 } else { client.passes };
                client.passes = passes.saturating_add(1);
                client.expires = now.plus(settings.remember);
            });
        }
        grey
    }

    /// All that is still known, for [`Self::load`].
    #[must_use]
    pub fn save(&self, now: Timestamp) -> Vec<u8> {
        let mut saving = Saving::new(KIND);
        self.triples.visit(|key, touched, state| {
            if state.expires() >= now {
                saving.push(&Record::Triple(key.clone(), touched, *state));
            }
        });
        self.clients.visit(|network, touched, client| {
            if client.expires >= now {
                saving.push(&Record::Client(*network, touched, *client));
            }
        });
        saving.finish()
    }

    /// Takes up what was saved, and says how many triples and networks it was.
    ///
    /// # Errors
    /// The octets are not what [`Self::save`] made; nothing of them was taken up.
    pub fn load(&self, octets: &[u8]) -> Result<usize, Damage> {
        let records: Vec<Record> = saved::records(KIND, octets)?;
        let count = records.len();
        for record in records {
            match record {
                Record::Triple(key, touched, state) => self.triples.put(key, touched, state),
                Record::Client(network, touched, client) => self.clients.put(network, touched, client),
            }
        }
        Ok(count)
    }

    /// Whether the network need not wait; that it was here is noted then.
    fn is_known(&self, network: IpNet, settings: &Greylist, now: Timestamp) -> bool {
        let known =
            |client: &Client| client.passes >= limits::GREYLIST_PASSES_TO_ADMIT && client.expires >= now;
        let known = self.clients.read(&network, known).unwrap_or(false);
        if known {
            self.clients.update(network, now, |client| {
                client.expires = now.plus(settings.remember);
            });
        }
        known
    }
}

impl State {
    /// An attempt in this state, and whether it is the one by which the triple came again.
    fn attempt(&mut self, settings: &Greylist, now: Timestamp) -> (Grey, bool) {
        match *self {
            Self::Passed { expires } if now <= expires => {
                *self = Self::passed(settings, now);
                (Grey::Pass, false)
            }
            Self::Waiting { until, expires, .. } if until <= now && now <= expires => {
                *self = Self::passed(settings, now);
                (Grey::Pass, true)
            }
            // A wait that is longer than one can be began before the clock was put back.
            Self::Waiting { until, .. } if now < until && until <= now.plus(settings.wait * 2) => {
                (Grey::Wait { until, first: false }, false)
            }
            _ => {
                let until = now.plus(settings.wait);
                *self = Self::Waiting {
                    since: now,
                    until,
                    expires: now.plus(settings.retry_within),
                };
                (Grey::Wait { until, first: true }, false)
            }
        }
    }

    fn passed(settings: &Greylist, now: Timestamp) -> Self {
        Self::Passed {
            expires: now.plus(settings.remember),
        }
    }

    fn expires(self) -> Timestamp {
        match self {
            Self::Unknown => Timestamp::default(),
            Self::Waiting { expires, .. } | Self::Passed { expires } => expires,
        }
    }
}

impl Triple<'_> {
    fn key(&self) -> Key {
        Key {
            network: self.network,
            sender: kept(self.sender),
            recipient: kept(self.recipient),
        }
    }
}

impl Key {
    pub(super) fn triple(&self) -> Triple<'_> {
        Triple {
            network: self.network,
            sender: &self.sender,
            recipient: &self.recipient,
        }
    }
}

fn kept(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(limits::GREYLIST_TEXT_OCTETS_MAX)].into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    const START: Timestamp = Timestamp(20_000 * 24 * 3_600_000);
    const MINUTE: u64 = 60;
    const DAY: u64 = 24 * 3_600;

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn greylisting() -> Greylisting {
        Greylisting::new(RandomState::new())
    }

    fn triple(sender: &str) -> Triple<'_> {
        Triple {
            network: "192.0.2.0/24".parse().unwrap(),
            sender,
            recipient: "joe@example.com",
        }
    }

    fn check(greylisting: &Greylisting, sender: &str, now: Timestamp) -> Grey {
        greylisting.check(triple(sender), &Greylist::default(), now)
    }

    fn wait(until: u64, first: bool) -> Grey {
        let until = at(until);
        Grey::Wait { until, first }
    }

    #[test]
    fn a_triple_waits_comes_again_and_is_known_while_it_is_used() {
        let rows: &[(&[u64], Grey, &str)] = &[
            (&[0], wait(180, true), "a stranger"),
            (&[0, 179], wait(180, false), "too early, and its time stays"),
            (
                &[0, 60, 120, 180],
                Grey::Pass,
                "impatience does not make it longer",
            ),
            (&[0, 2 * DAY], Grey::Pass, "just in time"),
            (&[0, 2 * DAY + 1], wait(2 * DAY + 1 + 180, true), "too late: anew"),
            (&[0, 180, 36 * DAY], Grey::Pass, "known"),
            (
                &[0, 180, 36 * DAY, 71 * DAY],
                Grey::Pass,
                "36 days since its last use",
            ),
            (&[0, 180, 37 * DAY], wait(37 * DAY + 180, true), "forgotten"),
        ];
        for (attempts, expected, why) in rows {
            let greylisting = greylisting();
            let mut answer = None;
            for seconds in *attempts {
                answer = Some(check(&greylisting, "eve@example.net", at(*seconds)));
            }
            assert_eq!(answer, Some(*expected), "{why}");
        }
    }

    #[test]
    fn every_part_of_the_triple_counts() {
        let greylisting = greylisting();
        let known = triple("eve@example.net");
        let check = |triple, seconds| greylisting.check(triple, &Greylist::default(), at(seconds));
        check(known, 0);
        assert_eq!(check(known, 180), Grey::Pass);
        let others = [
            Triple { sender: "", ..known },
            Triple {
                recipient: "ann@example.com",
                ..known
            },
            Triple {
                network: "192.0.3.0/24".parse().unwrap(),
                ..known
            },
        ];
        for other in others {
            assert_eq!(check(other, 200), wait(380, true), "{other:?}");
        }
    }

    #[test]
    fn a_network_that_came_again_five_times_need_not_wait() {
        let greylisting = greylisting();
        let sender = |number: u64| format!("{number}@example.net");
        for number in 1..=5 {
            assert_eq!(check(&greylisting, &sender(number), at(0)), wait(180, true));
        }
        for number in 1..=4 {
            assert_eq!(check(&greylisting, &sender(number), at(180)), Grey::Pass);
            // The same one again is no further proof.
            assert_eq!(check(&greylisting, &sender(number), at(190)), Grey::Pass);
        }
        assert_eq!(check(&greylisting, "new@example.net", at(200)), wait(380, true));
        assert_eq!(check(&greylisting, &sender(5), at(200)), Grey::Pass);
        assert_eq!(check(&greylisting, "newer@example.net", at(200)), Grey::Pass);
        assert_eq!(
            check(&greylisting, "newest@example.net", at(36 * DAY)),
            Grey::Pass,
            "in use"
        );
        let silent = 36 * DAY + 37 * DAY;
        assert_eq!(
            check(&greylisting, "a@example.net", at(silent)),
            wait(silent + 180, true)
        );
        assert_eq!(check(&greylisting, "a@example.net", at(silent + 180)), Grey::Pass);
        assert_eq!(
            check(&greylisting, "b@example.net", at(silent + 180)),
            wait(silent + 360, true),
            "after long silence one that came again is one, not the sixth"
        );
    }

    #[test]
    fn of_many_attempts_at_once_one_is_the_first() {
        let greylisting = greylisting();
        let first = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..500 {
                        let sender = format!("{number}@example.net");
                        if let Grey::Wait { first: true, .. } = check(&greylisting, &sender, at(0)) {
                            first.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(first.load(Ordering::Relaxed), 500);
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_waiting() {
        let greylisting = greylisting();
        check(&greylisting, "eve@example.net", at(10 * DAY));
        assert_eq!(check(&greylisting, "eve@example.net", at(0)), wait(180, true));
        assert_eq!(check(&greylisting, "eve@example.net", at(180)), Grey::Pass);
    }

    #[test]
    fn a_flood_takes_no_more_room() {
        let greylisting = greylisting();
        let long = "x".repeat(5_000);
        for number in 0..1_000_000_u64 {
            check(&greylisting, &format!("{number}@{long}")[..300], at(number / 100));
        }
        let (mut triples, mut octets) = (0, 0);
        greylisting.triples.visit(|key, _, _| {
            triples += 1;
            octets = octets.max(key.sender.len());
        });
        assert!(triples <= limits::GREYLIST_TRIPLES_MAX, "{triples}");
        assert_eq!(octets, limits::GREYLIST_TEXT_OCTETS_MAX);
        assert_eq!(
            &*kept(&"ä".repeat(400)),
            "ä".repeat(limits::GREYLIST_TEXT_OCTETS_MAX / 2)
        );
    }

    #[test]
    fn saved_triples_go_on_where_they_were() {
        let before = greylisting();
        check(&before, "waits@example.net", at(0));
        for number in 0..5 {
            let sender = format!("{number}@example.net");
            let other = Triple {
                network: "2001:db8::/64".parse().unwrap(),
                ..triple(&sender)
            };
            before.check(other, &Greylist::default(), at(0));
            before.check(other, &Greylist::default(), at(3 * MINUTE));
        }
        let after = greylisting();
        assert_eq!(
            after.load(&before.save(at(3 * MINUTE))),
            Ok(7),
            "six triples and a network"
        );
        assert_eq!(check(&after, "waits@example.net", at(100)), wait(180, false));
        assert_eq!(check(&after, "waits@example.net", at(180)), Grey::Pass);
        let fresh = Triple {
            network: "2001:db8::/64".parse().unwrap(),
            ..triple("fresh@example.net")
        };
        assert_eq!(after.check(fresh, &Greylist::default(), at(200)), Grey::Pass);
        let later = greylisting();
        assert_eq!(
            later.load(&before.save(at(3 * DAY))),
            Ok(6),
            "who did not come again is not kept"
        );
    }

    #[test]
    fn damaged_triples_are_never_taken_up() {
        let saved = {
            let greylisting = greylisting();
            check(&greylisting, "eve@example.net", at(0));
            check(&greylisting, "eve@example.net", at(180));
            greylisting.save(at(180))
        };
        let after = greylisting();
        for at in 0..saved.len() {
            assert!(after.load(&saved[..at]).is_err());
            for bit in 0..8 {
                let mut flipped = saved.clone();
                flipped[at] ^= 1 << bit;
                assert!(after.load(&flipped).is_err(), "octet {at}");
            }
        }
        assert_eq!(check(&after, "eve@example.net", at(180)), wait(360, true));
    }
}
