//! Instants as people read them: the server's zone, always named, and how far away they are.

use jiff::tz::TimeZone;
use postern_vocab::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One instant, in the forms a page shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// For `<time datetime>`: RFC 3339 in UTC.
    pub iso: String,
    /// `2026-07-24 14:03 CEST`.
    pub text: String,
    /// `2026-07-24 14:03:07`, for rows that are looked up in a log.
    pub second: String,
    /// The same with milliseconds, for lines of a timeline.
    pub clock: String,
    /// `5 minutes ago`, `in 29 days`.
    pub relative: String,
}

impl Moment {
    /// `at` as seen at `now` in `zone`.
    pub fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        let zoned = instant.to_zoned(zone.clone());
        Self {
            iso: instant.to_string(),
            text: zoned.strftime("%Y-%m-%d %H:%M %Z").to_string(),
            second: zoned.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            clock: zoned.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            relative: relative(at, now),
        }
    }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let (ahead, behind) = (at.since(now).as_secs(), now.since(at).as_secs());
    if ahead.max(behind) < MINUTE {
        "now".to_owned()
    } else if ahead > 0 {
        format!("in {}", span(ahead))
    } else {
        format!("{} ago", span(behind))
    }
}

/// The largest unit that fits, rounded down.
fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        HOUR.. => (seconds / HOUR, "hour"),
        _ => (seconds / MINUTE, "minute"),
    };
    crate::words::counted(number, unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_instant_names_its_zone_and_its_distance() {
        let now = Timestamp(1_784_894_587_250);
        let later = now.plus(Duration::from_secs(29 * DAY + HOUR));
        let moment = Moment::new(later, now, &TimeZone::UTC);
        assert_eq!(moment.relative, "in 29 days");
        assert!(moment.text.ends_with(" UTC"), "{}", moment.text);
        assert!(moment.iso.ends_with('Z'), "{}", moment.iso);
        assert!(moment.clock.ends_with(".250"), "{}", moment.clock);
        assert_eq!(relative(now, now.plus(Duration::from_secs(HOUR))), "1 hour ago");
        assert_eq!(relative(now, now), "now");
    }

    #[test]
    fn the_end_of_time_is_a_moment_too() {
        let moment = Moment::new(Timestamp(u64::MAX), Timestamp(0), &TimeZone::UTC);
        assert!(moment.text.starts_with("9999-"), "{}", moment.text);
    }
}
