//! How long something took: a histogram of durations, and what of it is reported.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The longest duration that is told apart from longer ones.
const LONGEST_US: u64 = 600_000_000;

/// Durations, to three digits.
pub struct Durations(Histogram<u64>);

/// Percentiles in microseconds; all zero where nothing was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// Nine of ten are shorter.
    pub p90: u64,
    /// 99 of 100 are shorter.
    pub p99: u64,
    /// 999 of 1,000 are shorter.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Durations {
    /// None yet.
    pub fn new() -> Self {
        Self(
            Histogram::new_with_bounds(1, LONGEST_US, 3)
                .expect("the bounds are in order and 3 digits are allowed"),
        )
    }

    /// One more; what is out of bounds counts as the bound.
    pub fn record(&mut self, duration: Duration) {
        self.0
            .saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// What is reported.
    pub fn quantiles(&self) -> Quantiles {
        let at = |quantile| self.0.value_at_quantile(quantile);
        Quantiles {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max(),
        }
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |us: u64| f64::from(u32::try_from(us).unwrap_or(u32::MAX)) / 1000.0;
        write!(
            f,
            "p50 {:.2}  p90 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2} ms",
            ms(self.p50),
            ms(self.p90),
            ms(self.p99),
            ms(self.p999),
            ms(self.max)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut durations = Durations::new();
        assert_eq!(
            durations.quantiles(),
            Quantiles {
                count: 0,
                p50: 0,
                p90: 0,
                p99: 0,
                p999: 0,
                max: 0
            }
        );
        for us in 1..=1000 {
            durations.record(Duration::from_micros(us));
        }
        let found = durations.quantiles();
        assert_eq!(
            (found.count, found.p50, found.p90, found.p99, found.p999),
            (1000, 500, 900, 990, 999)
        );
        assert_eq!(found.max, 1000);
        assert_eq!(
            found.to_string(),
            "p50 0.50  p90 0.90  p99 0.99  p99.9 1.00  max 1.00 ms"
        );
    }

    #[test]
    fn what_is_out_of_bounds_is_counted_all_the_same() {
        let mut durations = Durations::new();
        durations.record(Duration::ZERO);
        durations.record(Duration::from_secs(3600));
        let found = durations.quantiles();
        assert_eq!((found.count, found.p50), (2, 1));
        assert!(found.max >= LONGEST_US);
    }
}
