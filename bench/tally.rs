//! What a load came to: counted while it runs, then reported.

use crate::quantiles::{Durations, Quantiles};
use postern_vocab::Reply;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Errors of connections that never got a banner are counted under this word.
pub const NO_CONNECTION: &str = "no connection";

/// Counts while the load runs.
pub struct Tally {
    messages: u64,
    octets: u64,
    errors: BTreeMap<String, u64>,
    accepted: Durations,
    banner: Durations,
}

/// What a load came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Messages that got 250.
    pub messages: u64,
    /// Octets of them.
    pub octets: u64,
    /// From the first connection to the last reply.
    pub seconds: f64,
    /// Messages that got 250, a second.
    pub messages_per_second: f64,
    /// Messages that did not, by reply code and enhanced status code.
    pub errors: BTreeMap<String, u64>,
    /// From the end of data to 250, in microseconds.
    pub end_of_data_to_250_us: Quantiles,
    /// From connecting to the banner, in microseconds.
    pub connect_to_banner_us: Quantiles,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            messages: 0,
            octets: 0,
            errors: BTreeMap::new(),
            accepted: Durations::new(),
            banner: Durations::new(),
        }
    }

    /// A banner came.
    pub fn greeted(&mut self, after: Duration) {
        self.banner.record(after);
    }

    /// A message has its reply.
    pub fn answered(&mut self, reply: &Reply, octets: u64, after: Duration) {
        if reply.is_positive() {
            self.messages += 1;
            self.octets += octets;
            self.accepted.record(after);
        } else {
            self.failed(format!("{} {}", reply.code, reply.enhanced).trim_end());
        }
    }

    /// A message has none.
    pub fn failed(&mut self, why: &str) {
        *self.errors.entry(why.to_owned()).or_default() += 1;
    }

    /// What it came to after so long.
    pub fn report(self, took: Duration) -> Report {
        Report {
            messages: self.messages,
            octets: self.octets,
            seconds: took.as_secs_f64(),
            messages_per_second: per_second(self.messages, took),
            errors: self.errors,
            end_of_data_to_250_us: self.accepted.quantiles(),
            connect_to_banner_us: self.banner.quantiles(),
        }
    }
}

/// None a second where no time has passed.
fn per_second(count: u64, took: Duration) -> f64 {
    match took.is_zero() {
        true => 0.0,
        false => count as f64 / took.as_secs_f64(),
    }
}

/// A message's share of CPU time, in microseconds; none where there was no message.
pub fn us_per_message(cpu: Duration, messages: u64) -> f64 {
    match messages {
        0 => 0.0,
        _ => cpu.as_secs_f64() * 1e6 / messages as f64,
    }
}

impl Report {
    /// Messages that did not get 250.
    pub fn failures(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} messages in {:.2} s: {:.0} messages/s, {:.1} MB/s",
            self.messages,
            self.seconds,
            self.messages_per_second,
            self.messages_per_second * self.octets as f64 / self.messages.max(1) as f64 / 1e6
        )?;
        for (why, count) in &self.errors {
            writeln!(f, "  failed: {count} x {why}")?;
        }
        writeln!(f, "  end of data to 250: {}", self.end_of_data_to_250_us)?;
        write!(f, "  connect to banner:  {}", self.connect_to_banner_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_adds_up() {
        let mut tally = Tally::new();
        tally.greeted(Duration::from_millis(3));
        let taken = Reply::fixed(250, "2.0.0", "Ok");
        for ms in [1, 2, 3, 4] {
            tally.answered(&taken, 100, Duration::from_millis(ms));
        }
        tally.answered(&Reply::fixed(452, "4.3.1", "full"), 100, Duration::ZERO);
        tally.answered(&Reply::fixed(452, "4.3.1", "still full"), 100, Duration::ZERO);
        tally.answered(&Reply::fixed(554, "", "no"), 100, Duration::ZERO);
        tally.failed(NO_CONNECTION);
        let report = tally.report(Duration::from_secs(2));
        assert_eq!((report.messages, report.octets, report.failures()), (4, 400, 4));
        assert!((report.messages_per_second - 2.0).abs() < 1e-9);
        let errors: Vec<_> = report
            .errors
            .iter()
            .map(|(why, count)| (why.as_str(), *count))
            .collect();
        assert_eq!(errors, [("452 4.3.1", 2), ("554", 1), (NO_CONNECTION, 1)]);
        assert_eq!(
            report.end_of_data_to_250_us.count, 4,
            "only what was taken is timed"
        );
        assert_eq!(report.connect_to_banner_us.count, 1);
    }

    #[test]
    fn nothing_divides_by_nothing() {
        let report = Tally::new().report(Duration::ZERO);
        assert_eq!((report.messages, report.messages_per_second), (0, 0.0));
        assert!(report.to_string().starts_with("0 messages"));
        assert_eq!(us_per_message(Duration::from_secs(1), 0), 0.0);
        assert!((us_per_message(Duration::from_secs(1), 1000) - 1000.0).abs() < 1e-9);
    }
}
