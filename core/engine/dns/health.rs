//! Which DNS lists can be believed. A list that lists everything, answers with errors or is gone must never turn mail away:
//! each is tested before its first answer counts and every few minutes while it is used. RFC 5782 §5: 127.0.0.2 is on
//! every list, 127.0.0.1 on none; the same for ::FFFF:7F00:2 and ::FFFF:7F00:1.

use super::{Shared, lists};
use crate::clock::Clock;
use postern_vocab::{DnsListAnswer, Timestamp, limits};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Said of a list before its first test.
const UNTESTED: &str = "not checked yet";

/// What is known of one list, for the status page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneHealth {
    /// Its zone.
    pub zone: String,
    /// Whether its listings count.
    pub healthy: bool,
    /// Why they do not; empty when they do.
    pub why: String,
    /// When that was found; `None` before the first test.
    pub checked_at: Option<Timestamp>,
}

/// All lists that were ever asked, `limits::DNS_LIST_ZONES_MAX` at most. Shared by the shards, and locked for moments.
#[derive(Default)]
pub(super) struct Zones(Mutex<BTreeMap<String, Arc<Zone>>>);

impl Zones {
    /// A list; `None` when there are too many.
    pub(super) fn of(&self, zone: &str) -> Option<Arc<Zone>> {
        let mut zones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = zones.get(zone) {
            return Some(Arc::clone(zone));
        }
        if zones.len() >= limits::DNS_LIST_ZONES_MAX {
            return None;
        }
        let new = Arc::new(Zone {
            name: zone.to_owned(),
            state: Mutex::default(),
            testing: Arc::default(),
        });
        zones.insert(zone.to_owned(), Arc::clone(&new));
        Some(new)
    }

    pub(super) fn health(&self) -> Vec<ZoneHealth> {
        let zones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        zones.values().map(|zone| zone.health()).collect()
    }
}

/// One list.
pub(super) struct Zone {
    name: String,
    state: Mutex<State>,
    /// Held while a test runs.
    testing: Arc<tokio::sync::Mutex<()>>,
}

impl Zone {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its answers count; why not. Only those who come before its first test is done wait for it.
    pub(super) async fn trusted(self: Arc<Self>, shared: &Arc<Shared>) -> Result<(), String> {
        let standing = self.state().standing(Instant::now());
        if standing.is_due {
            Arc::clone(&self).start_test(shared);
        }
        match standing.trouble {
            Some(trouble) => trouble.map_or(Ok(()), Err),
            None => {
                drop(self.testing.lock().await);
                let standing = self.state().standing(Instant::now());
                standing
                    .trouble
                    .unwrap_or(Some(UNTESTED.to_owned()))
                    .map_or(Ok(()), Err)
            }
        }
    }

    /// A look-up of an ordinary address begins.
    pub(super) fn look_up(self: &Arc<Self>) -> LookUp {
        LookUp {
            zone: Arc::clone(self),
            answered: false,
        }
    }

    /// Tests the list, unless that is being done.
    fn start_test(self: Arc<Self>, shared: &Arc<Shared>) {
        let Ok(testing) = Arc::clone(&self.testing).try_lock_owned() else {
            return;
        };
        let asking = Arc::clone(shared);
        shared.services.spawn(async move {
            let test = lists::test(&asking.resolver, &self.name).await;
            self.state().tested(test.trouble(), Instant::now());
            drop(testing);
        });
    }

    fn health(&self) -> ZoneHealth {
        let state = self.state();
        let why = match &state.finding {
            Some(finding) => finding.trouble.clone().unwrap_or_default(),
            None => UNTESTED.to_owned(),
        };
        ZoneHealth {
            zone: self.name.clone(),
            healthy: why.is_empty(),
            why,
            checked_at: state.finding.as_ref().map(|finding| finding.at),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look-up under way; one that ends without an answer, given up or not, counts against its list.
pub(super) struct LookUp {
    zone: Arc<Zone>,
    answered: bool,
}

impl LookUp {
    pub(super) fn came_to(mut self, answer: &DnsListAnswer) {
        self.answered = !matches!(answer, DnsListAnswer::Unavailable(_));
    }
}

impl Drop for LookUp {
    fn drop(&mut self) {
        self.zone.state().answered(self.answered, Instant::now());
    }
}

/// What the state of a list means now.
struct Standing {
    /// Why it does not count, if it does not; `None` before the first test.
    trouble: Option<Option<String>>,
    /// Whether it is time for a test.
    is_due: bool,
}

#[derive(Default)]
struct State {
    finding: Option<Finding>,
    /// Look-ups without an answer since the last that had one.
    unanswered: u32,
}

struct Finding {
    trouble: Option<String>,
    since: Instant,
    at: Timestamp,
}

impl State {
    fn standing(&self, now: Instant) -> Standing {
        let Some(finding) = &self.finding else {
            return Standing {
                trouble: None,
                is_due: true,
            };
        };
        let every = match finding.trouble {
            None => limits::DNS_LIST_TEST_EVERY,
            Some(_) => limits::DNS_LIST_RETEST_EVERY,
        };
        Standing {
            trouble: Some(finding.trouble.clone()),
            is_due: now.duration_since(finding.since) >= every,
        }
    }

    fn tested(&mut self, trouble: Option<String>, now: Instant) {
        self.unanswered = 0;
        self.finding = Some(Finding {
            trouble,
            since: now,
            at: Clock::Wall.now(),
        });
    }

    fn answered(&mut self, answered: bool, now: Instant) {
        self.unanswered = if answered { 0 } else { self.unanswered + 1 };
        if self.unanswered >= limits::DNS_LIST_UNANSWERED_MAX {
            let why = format!("no answer to the last {} look-ups", self.unanswered);
            self.tested(Some(why), now);
        }
    }
}

/// What a list said of its own test addresses, IPv4 and IPv6.
pub(super) struct Test {
    pub(super) never: [DnsListAnswer; 2],
    pub(super) always: [DnsListAnswer; 2],
}

impl Test {
    /// On no list. RFC 5782 §5.
    pub(super) const NEVER_LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
    /// On every list. RFC 5782 §5.
    pub(super) const ALWAYS_LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    /// Why the list is not to be believed. One family's test address is enough: few lists keep IPv6 (bends RFC 5782 §5).
    fn trouble(&self) -> Option<String> {
        let is_listed = |answer: &DnsListAnswer| matches!(answer, DnsListAnswer::Listed(_));
        if self.never.iter().any(is_listed) {
            let never = Self::NEVER_LISTED;
            return Some(format!(
                "it lists {never}, which is on no list: it lists everything"
            ));
        }
        let [never, _] = &self.never;
        if self.always.iter().any(is_listed) && *never == DnsListAnswer::NotListed {
            return None;
        }
        let unavailable = |answer: &DnsListAnswer| match answer {
            DnsListAnswer::Unavailable(why) => Some(why.clone()),
            _ => None,
        };
        let why = [&self.always[0], never, &self.always[1]]
            .into_iter()
            .find_map(unavailable);
        let always = Self::ALWAYS_LISTED;
        Some(why.unwrap_or_else(|| {
            format!("it does not list {always}, which is on every list: it is empty or gone")
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(text: &str) -> DnsListAnswer {
        match text {
            "listed" => DnsListAnswer::Listed(vec![Ipv4Addr::new(127, 0, 0, 2)]),
            "not" => DnsListAnswer::NotListed,
            why => DnsListAnswer::Unavailable(why.to_owned()),
        }
    }

    #[test]
    fn a_list_is_believed_only_when_it_passes_its_own_test() {
        let rows = [
            (["not", "not", "listed", "listed"], None, "keeps both families"),
            (["not", "not", "listed", "not"], None, "keeps IPv4 only"),
            (["not", "late", "listed", "late"], None, "its server drops IPv6"),
            (["not", "not", "not", "listed"], None, "keeps IPv6 only"),
            (
                ["listed", "not", "listed", "not"],
                Some("lists everything"),
                "of IPv4",
            ),
            (
                ["not", "listed", "listed", "listed"],
                Some("lists everything"),
                "of IPv6",
            ),
            (
                ["not", "not", "not", "not"],
                Some("does not list 127.0.0.2"),
                "was emptied",
            ),
            (["late", "late", "late", "late"], Some("late"), "is gone"),
            (
                ["late", "not", "listed", "not"],
                Some("late"),
                "half a test is none",
            ),
            (
                ["error", "not", "error", "not"],
                Some("error"),
                "we may not ask it",
            ),
        ];
        for (answers, expected, why) in rows {
            let [never, never_six, always, always_six] = answers.map(answer);
            let test = Test {
                never: [never, never_six],
                always: [always, always_six],
            };
            match (test.trouble(), expected) {
                (None, None) => {}
                (Some(trouble), Some(part)) => assert!(trouble.contains(part), "{why}: {trouble}"),
                (trouble, _) => panic!("{why}: {trouble:?}"),
            }
        }
    }

    #[test]
    fn a_test_is_due_before_the_first_use_and_again_after_a_while() {
        let start = Instant::now();
        let mut state = State::default();
        assert!(state.standing(start).trouble.is_none() && state.standing(start).is_due);
        for (trouble, every) in [
            (None, limits::DNS_LIST_TEST_EVERY),
            (Some("late".to_owned()), limits::DNS_LIST_RETEST_EVERY),
        ] {
            state.tested(trouble.clone(), start);
            let before = state.standing(start + every - Duration::from_secs(1));
            assert_eq!((before.trouble, before.is_due), (Some(trouble.clone()), false));
            let after = state.standing(start + every);
            assert_eq!(
                (after.trouble, after.is_due),
                (Some(trouble), true),
                "its answers count on"
            );
        }
    }

    #[test]
    fn a_list_that_falls_silent_is_not_asked_any_more() {
        let now = Instant::now();
        let mut state = State::default();
        state.tested(None, now);
        for _ in 1..limits::DNS_LIST_UNANSWERED_MAX {
            state.answered(false, now);
        }
        state.answered(true, now);
        for _ in 1..limits::DNS_LIST_UNANSWERED_MAX {
            state.answered(false, now);
        }
        assert_eq!(
            state.standing(now).trouble,
            Some(None),
            "one answer in between is enough"
        );
        state.answered(false, now);
        let trouble = state.standing(now).trouble.flatten().unwrap();
        assert!(trouble.contains("no answer to the last"), "{trouble}");
    }
}
