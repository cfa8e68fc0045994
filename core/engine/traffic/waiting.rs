//! Who has to wait under greylisting, for a person: a page of them, and "admit now". It does not decide who waits.

use super::greylist::{Greylisting, State, Triple};
use ipnet::IpNet;
use postern_vocab::{Timestamp, limits};
use std::cmp::Reverse;

/// A triple that has to wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The client's network.
    pub network: IpNet,
    /// The envelope sender; cut at `limits::GREYLIST_TEXT_OCTETS_MAX`.
    pub sender: String,
    /// The recipient; likewise.
    pub recipient: String,
    /// Its first attempt.
    pub since: Timestamp,
    /// From when on it may come again.
    pub until: Timestamp,
}

impl Greylisting {
    /// The newest `rows` of those that have to wait, the newest first; at most `limits::PAGE_ROWS_MAX`. One whose wait
    /// is over is not among them: it is its sender that is waited for now.
    #[must_use]
    pub fn waiting(&self, rows: usize, now: Timestamp) -> Vec<Waiting> {
        let rows = rows.min(limits::PAGE_ROWS_MAX);
        let mut page = Vec::new();
        self.triples.visit(|key, _, state| {
            if let State::Waiting { since, until, .. } = *state
                && until > now
            {
                page.push(Waiting {
                    network: key.network,
                    sender: key.sender.to_string(),
                    recipient: key.recipient.to_string(),
                    since,
                    until,
                });
                if page.len() > 2 * rows {
                    keep_newest(&mut page, rows);
                }
            }
        });
        keep_newest(&mut page, rows);
        page
    }

    /// "Admit now": ends the wait of those that match, and says how many they were. Each passes when it comes again.
    pub fn admit(&self, matches: impl Fn(&Triple<'_>) -> bool, now: Timestamp) -> usize {
        let mut admitted = 0;
        self.triples.visit(|key, _, state| {
            if let State::Waiting { until, .. } = state
                && *until > now
                && matches(&key.triple())
            {
                *until = now;
                admitted += 1;
            }
        });
        admitted
    }
}

fn keep_newest(page: &mut Vec<Waiting>, rows: usize) {
    page.sort_by_key(|waiting| Reverse(waiting.since));
    page.truncate(rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Grey;
    use postern_policy::Greylist;
    use std::hash::RandomState;
    use std::time::Duration;

    const START: Timestamp = Timestamp(20_000 * 24 * 3_600_000);

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    /// One triple a second, of two networks in turn.
    fn with_strangers(count: u64) -> Greylisting {
        let greylisting = Greylisting::new(RandomState::new());
        for number in 0..count {
            check(&greylisting, number, at(number));
        }
        greylisting
    }

    fn check(greylisting: &Greylisting, number: u64, now: Timestamp) -> Grey {
        let triple = Triple {
            network: format!("192.0.{}.0/24", number % 2).parse().unwrap(),
            sender: &format!("{number}@example.net"),
            recipient: "joe@example.com",
        };
        greylisting.check(triple, &Greylist::default(), now)
    }

    fn senders(page: &[Waiting]) -> Vec<&str> {
        page.iter().map(|waiting| waiting.sender.as_str()).collect()
    }

    #[test]
    fn a_page_has_the_newest_first_and_is_bounded() {
        let greylisting = with_strangers(100);
        let page = greylisting.waiting(2, at(100));
        assert_eq!(senders(&page), ["99@example.net", "98@example.net"]);
        assert_eq!(page[0].recipient, "joe@example.com");
        assert_eq!(page[0].network.to_string(), "192.0.1.0/24");
        assert_eq!((page[0].since, page[0].until), (at(99), at(99 + 180)));
        assert_eq!(greylisting.waiting(1_000, at(100)).len(), 100);
        assert_eq!(
            greylisting.waiting(1_000, at(180 + 49)).len(),
            50,
            "the older 50 may come"
        );
        assert!(greylisting.waiting(0, at(100)).is_empty());
        let many = with_strangers(3 * limits::PAGE_ROWS_MAX as u64);
        assert_eq!(many.waiting(usize::MAX, at(0)).len(), limits::PAGE_ROWS_MAX);
    }

    #[test]
    fn who_is_admitted_passes_when_it_comes_again() {
        let greylisting = with_strangers(10);
        let now = at(20);
        let network = "192.0.1.0/24".parse().unwrap();
        let one =
            |triple: &Triple<'_>| triple.sender == "4@example.net" && triple.recipient.starts_with("joe@");
        let rest = |triple: &Triple<'_>| triple.network == network;
        assert_eq!(greylisting.admit(one, now), 1);
        assert_eq!(greylisting.admit(one, now), 0, "it waits no more");
        assert_eq!(greylisting.admit(rest, now), 5);
        assert_eq!(greylisting.waiting(10, now).len(), 4);
        for (number, passes) in [(4, true), (6, false), (1, true), (9, true)] {
            assert_eq!(check(&greylisting, number, now) == Grey::Pass, passes, "{number}");
        }
    }
}
