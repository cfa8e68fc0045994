//! So many within an interval, exactly, in little memory. It knows nothing of who is counted.
//!
//! What administrators mean by "20 recipients an hour": the first 20 are taken however fast they come, the 21st is
//! not, and there is no hour, wherever it begins, that has more than 20. A window that begins anew each hour lets 40
//! through around its end; a leaking bucket (GCRA) that lets 20 through at once lets nearly 20 more through in the
//! same hour. So the window slides: what comes close together is one batch, and a batch counts until an interval after
//! its last. A burst counts for exactly the interval; steady traffic a [`PARTS`]th of it longer at most, which is what
//! not keeping each recipient's time costs, and errs on the side of the limit.

use postern_vocab::Timestamp;
use std::time::Duration;

/// What comes within this part of the interval may be one batch.
const PARTS: u32 = 6;

/// What was counted within the last interval. Batches begin a part of the interval apart, so there are no more than
/// `PARTS + 1` of them.
#[derive(Default)]
pub(super) struct Window {
    /// Oldest first.
    batches: Vec<Batch>,
}

struct Batch {
    first: Timestamp,
    last: Timestamp,
    count: u32,
}

impl Window {
    /// How many count at `now`.
    pub(super) fn count(&self, interval: Duration, now: Timestamp) -> u32 {
        let counting = self.batches.iter().filter(|batch| batch.counts(interval, now));
        counting.fold(0, |sum, batch| sum.saturating_add(batch.count))
    }

    /// Counts so many more.
    pub(super) fn add(&mut self, count: u32, interval: Duration, now: Timestamp) {
        self.batches.retain(|batch| batch.counts(interval, now));
        match self.batches.last_mut() {
            Some(batch) if now < batch.first.plus(interval / PARTS) => {
                batch.last = batch.last.max(now);
                batch.count = batch.count.saturating_add(count);
            }
            _ => self.batches.push(Batch {
                first: now,
                last: now,
                count,
            }),
        }
    }

    /// How long until no more than `most` of what is counted now count.
    pub(super) fn until_at_most(&self, most: u32, interval: Duration, now: Timestamp) -> Duration {
        let mut left = self.count(interval, now);
        for batch in self.batches.iter().filter(|batch| batch.counts(interval, now)) {
            if left <= most {
                break;
            }
            left = left.saturating_sub(batch.count);
            if left <= most {
                return batch.last.plus(interval).since(now);
            }
        }
        Duration::ZERO
    }
}

impl Batch {
    /// A batch from the future is one from before the clock was put back; threads that read the clock at the same time
    /// may come in the wrong order, so a little future is none.
    fn counts(&self, interval: Duration, now: Timestamp) -> bool {
        now < self.last.plus(interval) && self.first <= now.plus(interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    /// Long after the beginning of time.
    const START: Timestamp = Timestamp(1_000 * 3_600_000);

    fn minute(minute: u64) -> Timestamp {
        START.plus(Duration::from_secs(60 * minute))
    }

    #[test]
    fn a_burst_counts_for_exactly_the_interval() {
        let mut window = Window::default();
        window.add(20, HOUR, START);
        let end = START.plus(HOUR);
        assert_eq!(window.count(HOUR, Timestamp(end.0 - 1)), 20);
        assert_eq!(window.count(HOUR, end), 0);
    }

    #[test]
    fn no_interval_has_more_than_was_let_through_and_steady_traffic_goes_on() {
        // One a minute wants in, 20 an hour may, for ten hours.
        let mut window = Window::default();
        let mut taken = Vec::new();
        for at in 0..600 {
            if window.count(HOUR, minute(at)) < 20 {
                window.add(1, HOUR, minute(at));
                taken.push(at);
            }
            assert!(window.batches.len() <= PARTS as usize + 1);
        }
        for (place, begin) in taken.iter().enumerate() {
            let within = taken[place..].iter().filter(|at| **at < begin + 60).count();
            assert!(within <= 20, "{within} in the hour from minute {begin}");
        }
        assert!(
            taken.len() >= 10 * 20 * 6 / 7,
            "a part longer at most: {}",
            taken.len()
        );
    }

    #[test]
    fn the_wait_ends_when_enough_has_passed() {
        let mut window = Window::default();
        for (at, count) in [(0, 5), (20, 3), (40, 2)] {
            window.add(count, HOUR, minute(at));
        }
        // (at most, minutes to wait from minute 50, why)
        let rows = [
            (10, 0, "it is so already"),
            (9, 10, "the first five leave at minute 60"),
            (5, 10, "the same five are enough"),
            (4, 30, "the three leave at minute 80"),
            (0, 50, "the last at minute 100"),
        ];
        for (most, minutes, why) in rows {
            let wait = window.until_at_most(most, HOUR, minute(50));
            assert_eq!(wait, Duration::from_secs(60 * minutes), "{why}");
        }
    }

    #[test]
    fn a_clock_that_was_put_back_locks_nobody_out() {
        let mut window = Window::default();
        window.add(20, HOUR, minute(6_000));
        assert_eq!(
            window.count(HOUR, minute(5_999)),
            20,
            "threads may be a little out of order"
        );
        assert_eq!(window.count(HOUR, minute(0)), 0);
        window.add(1, HOUR, minute(0));
        assert_eq!(window.count(HOUR, minute(0)), 1);
    }
}
