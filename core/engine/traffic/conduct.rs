//! What one address or network did, and what is to be thought of it. Numbers in, a score out; it knows no addresses and
//! keeps nothing.
//!
//! **What counts.** Each event adds its weight to the good or to the bad ([`Conduct`]). Weights halve every
//! `limits::REPUTATION_HALF_LIFE`. Together they are never more than `limits::REPUTATION_WEIGHT_MAX`: beyond it all
//! shrink in proportion, so that the last thousand messages or so count, and a host with years of good mail that is
//! broken into today has a bad score today.
//!
//! **The score.** It is `leaning x confidence`. The leaning follows from the bad share of the weight, straight between
//! these points:
//!
//! | bad share | 0 | 10 % | 50 % | 100 % |
//! |---|---|---|---|---|
//! | leaning | +10 | +2 | -3 | -10 |
//!
//! A tenth of spam is what a large provider of mailboxes sends and no reason to refuse it; at half the sender group
//! table as it is usually set (blocked from -3 down) closes. The confidence is `weight / (weight + k)`, with k = 100
//! for a good leaning and k = 10 for a bad one: trust, with which scanning may be skipped, is earned slowly. Below
//! `limits::REPUTATION_WEIGHT_MIN` there is no score.
//!
//! Who is refused sends no more evidence, so that a bad score fades with its weight, over weeks, into none.

use postern_vocab::{Reputation, Timestamp, limits};
use serde::{Deserialize, Serialize};

/// What a client did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conduct {
    /// A message that was taken and is no spam. Good, 1.
    Accepted,
    /// A message that is spam. Bad, 1.
    Spam,
    /// A message with a virus. Bad, 4: nobody sends one by mistake.
    Virus,
    /// A recipient that does not exist. Bad, ½: old lists have some, and there may be many in one message.
    UnknownRecipient,
    /// Talking before the banner, smuggling, another protocol. Bad, 1.
    ProtocolAbuse,
}

const KINDS: usize = 5;
const BAD_WEIGHTS: [f32; KINDS] = [0.0, 1.0, 4.0, 0.5, 1.0];
const HOUR_MS: u64 = 3_600_000;
/// Bad share, and the leaning there in tenths.
const LEANINGS: [(f32, f32); 4] = [(0.0, 100.0), (0.1, 20.0), (0.5, -30.0), (1.0, -100.0)];
const DOUBT_OF_GOOD: f32 = 100.0;
const DOUBT_OF_BAD: f32 = 10.0;

/// Everything that counts of one address or network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    /// The hour since the epoch for which the counts hold. They fade by whole hours: by the millisecond, a factor so
    /// near to one would be lost in rounding, and who sends all the time would never be forgiven.
    hour: u64,
    /// By kind of conduct, faded.
    counts: [f32; KINDS],
}

impl Conduct {
    fn place(self) -> usize {
        match self {
            Self::Accepted => 0,
            Self::Spam => 1,
            Self::Virus => 2,
            Self::UnknownRecipient => 3,
            Self::ProtocolAbuse => 4,
        }
    }
}

impl History {
    /// Counts one more.
    pub(super) fn add(&mut self, conduct: Conduct, now: Timestamp) {
        self.fade(now);
        self.counts[conduct.place()] += 1.0;
        let weight = self.weight();
        if weight > limits::REPUTATION_WEIGHT_MAX {
            self.scale(limits::REPUTATION_WEIGHT_MAX / weight);
        }
    }

    /// The score at `now`; `None` where there is not enough history.
    pub(super) fn score(&self, now: Timestamp) -> Option<Reputation> {
        let mut faded = self.clone();
        faded.fade(now);
        let weight = faded.weight();
        if weight < limits::REPUTATION_WEIGHT_MIN {
            return None;
        }
        let leaning = leaning(faded.bad() / weight);
        let doubt = if leaning > 0.0 {
            DOUBT_OF_GOOD
        } else {
            DOUBT_OF_BAD
        };
        let tenths = leaning * weight / (weight + doubt);
        Some(Reputation(tenths.round() as i16))
    }

    /// Whether so little is left of it that it need not be kept over a restart.
    pub(super) fn is_faded(&self, now: Timestamp) -> bool {
        let mut faded = self.clone();
        faded.fade(now);
        faded.weight() < 1.0
    }

    /// When it was last counted, to the hour.
    pub(super) fn touched(&self) -> Timestamp {
        Timestamp(self.hour.saturating_mul(HOUR_MS))
    }

    /// Whether the counts can be counted on with: what comes from a file may be anything.
    pub(super) fn is_sound(&self) -> bool {
        self.counts
            .iter()
            .all(|count| (0.0..=limits::REPUTATION_WEIGHT_MAX * 2.0).contains(count))
    }

    fn fade(&mut self, now: Timestamp) {
        let hour = now.0 / HOUR_MS;
        // A clock that was put back fades nothing, and goes on from here.
        let hours = hour.saturating_sub(self.hour);
        self.hour = hour;
        if hours > 0 {
            let half_lives = hours as f32 * 3_600.0 / limits::REPUTATION_HALF_LIFE.as_secs_f32();
            self.scale((-half_lives).exp2());
        }
    }

    fn scale(&mut self, factor: f32) {
        for count in &mut self.counts {
            *count *= factor;
        }
    }

    fn bad(&self) -> f32 {
        let weighted = self.counts.iter().zip(BAD_WEIGHTS);
        weighted.map(|(count, weight)| count * weight).sum()
    }

    fn weight(&self) -> f32 {
        self.counts[Conduct::Accepted.place()] + self.bad()
    }
}

fn leaning(bad_share: f32) -> f32 {
    for pair in LEANINGS.windows(2) {
        let ((from, high), (to, low)) = (pair[0], pair[1]);
        if bad_share <= to {
            return high + (low - high) * (bad_share - from) / (to - from);
        }
    }
    LEANINGS[LEANINGS.len() - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use Conduct::{Accepted, ProtocolAbuse, Spam, UnknownRecipient, Virus};

    const START: Timestamp = Timestamp(20_000 * 24 * HOUR_MS);

    fn day(day: u64) -> Timestamp {
        Timestamp(START.0 + day * 24 * HOUR_MS)
    }

    fn after(events: &[(usize, Conduct)], now: Timestamp) -> History {
        let mut history = History::default();
        for (times, conduct) in events {
            for _ in 0..*times {
                history.add(*conduct, now);
            }
        }
        history
    }

    fn tenths(history: &History, now: Timestamp) -> Option<i16> {
        history.score(now).map(|score| score.0)
    }

    #[test]
    fn typical_histories_have_the_scores_that_administrators_expect() {
        type Row = (&'static [(usize, Conduct)], Option<i16>, &'static str);
        let rows: &[Row] = &[
            (&[], None, "a stranger"),
            (&[(9, Accepted)], None, "too little to say"),
            (&[(9, Spam)], None, "too little to say"),
            (
                &[(10, Accepted)],
                Some(9),
                "a first good impression is a small one",
            ),
            (&[(10, Spam)], Some(-50), "a first bad one is not"),
            (&[(100, Accepted)], Some(50), "a good correspondent"),
            (&[(1_000, Accepted)], Some(91), "a clean sender"),
            (&[(100_000, Accepted)], Some(91), "no better with size"),
            (&[(990, Accepted), (10, Spam)], Some(84), "a leak of a hundredth"),
            (
                &[(900, Accepted), (100, Spam)],
                Some(18),
                "a large provider of mailboxes",
            ),
            (&[(750, Accepted), (250, Spam)], Some(1), "mixed"),
            (&[(500, Accepted), (500, Spam)], Some(-30), "half spam"),
            (&[(50, Accepted), (50, Spam)], Some(-27), "half spam, less of it"),
            (&[(100, Accepted), (900, Spam)], Some(-85), "nearly all spam"),
            (&[(100, Spam)], Some(-91), "all spam"),
            (&[(1_000, Spam)], Some(-99), "all spam, much of it"),
            (&[(3, Virus)], Some(-55), "three viruses and nothing else"),
            (
                &[(1_000, Accepted), (1, Virus)],
                Some(88),
                "one virus from a good host",
            ),
            (
                &[(500, Accepted), (25, Virus)],
                Some(10),
                "a good host with an infected user",
            ),
            (&[(200, UnknownRecipient)], Some(-91), "a harvester"),
            (
                &[(25, UnknownRecipient)],
                Some(-56),
                "a harvester that was stopped",
            ),
            (
                &[(1_000, Accepted), (50, UnknownRecipient)],
                Some(73),
                "an old mailing list",
            ),
            (&[(20, ProtocolAbuse)], Some(-67), "a robot that cannot wait"),
        ];
        for (events, expected, why) in rows {
            assert_eq!(tenths(&after(events, START), START), *expected, "{why}");
        }
    }

    #[test]
    fn the_last_thousand_messages_count_more_than_years_of_good_ones() {
        let mut history = after(&[(100_000, Accepted)], START);
        let mut course = Vec::new();
        for _ in 0..4 {
            for _ in 0..500 {
                history.add(Spam, START);
            }
            course.push(tenths(&history, START).unwrap());
        }
        assert_eq!(course, [-16, -48, -68, -80], "a host that was broken into");
    }

    #[test]
    fn a_bad_name_fades_over_weeks_into_none() {
        let spammer = after(&[(100, Spam)], START);
        let course: Vec<_> = [0, 7, 14, 21, 28]
            .map(|days| tenths(&spammer, day(days)))
            .to_vec();
        assert_eq!(course, [Some(-91), Some(-83), Some(-71), Some(-56), None]);
        assert!(!spammer.is_faded(day(28)));
        assert!(spammer.is_faded(day(50)));
    }

    #[test]
    fn good_mail_makes_up_for_bad_slowly() {
        let mut history = after(&[(100, Spam)], START);
        let mut course = Vec::new();
        for week in 1..=4 {
            for _ in 0..50 {
                history.add(Accepted, day(7 * week));
            }
            course.push(tenths(&history, day(7 * week)).unwrap());
        }
        assert_eq!(course, [-27, 1, 8, 25]);
    }

    #[test]
    fn who_sends_all_the_time_fades_as_well() {
        let mut history = after(&[(1_000, Spam)], START);
        // A good message a minute, for two weeks.
        for minute in 0..14 * 24 * 60 {
            history.add(Accepted, START.plus(std::time::Duration::from_secs(60 * minute)));
        }
        assert!(history.bad() < 1.0, "{history:?}");
        assert_eq!(tenths(&history, day(14)), Some(91));
    }

    #[test]
    fn a_clock_that_is_put_back_neither_fades_nor_holds_up() {
        let mut history = after(&[(100, Spam)], day(100));
        history.add(Spam, day(0));
        assert_eq!(tenths(&history, day(0)), Some(-91));
        assert_eq!(tenths(&history, day(28)), None);
    }
}
