//! Times as people type and read them. RFC 3339 (as of RFC 9557 §4), local times, and times relative to now.

use jiff::{SignedDuration, Zoned, civil, tz::TimeZone};
use postern_vocab::Timestamp;
use std::time::Duration;

const FORMS: &str =
    "write 2026-01-31T14:00:00Z, 2026-01-31, \"2026-01-31 14:00\", -2h, -3d, today or yesterday";

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    from_jiff(jiff::Timestamp::now())
}

/// A time as typed.
///
/// # Errors
/// What forms there are.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text, &Zoned::now())
}

fn parse_at(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    let wrong = || format!("\"{text}\" is not a time; {FORMS}");
    let midnight = |day: civil::Date| day.to_zoned(now.time_zone().clone()).map_err(|_| wrong());
    let zoned = match text {
        "now" => now.clone(),
        "today" => midnight(now.date())?,
        "yesterday" => midnight(now.date().yesterday().map_err(|_| wrong())?)?,
        _ => {
            if let Some(ago) = text.strip_prefix('-') {
                let ago = duration(ago).ok_or_else(wrong)?;
                return Ok(from_jiff(now.timestamp()).minus(ago));
            }
            if let Ok(instant) = text.parse::<jiff::Timestamp>() {
                return Ok(from_jiff(instant));
            }
            let local: civil::DateTime = text.parse().map_err(|_| wrong())?;
            local.to_zoned(now.time_zone().clone()).map_err(|_| wrong())?
        }
    };
    Ok(from_jiff(zoned.timestamp()))
}

/// `90s`, `30m`, `2h`, `3d`, `1w`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 24 * 3_600,
        'w' => 7 * 24 * 3_600,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(seconds.saturating_mul(u64::from(count))))
}

/// For tables: local, to the second.
#[must_use]
pub fn shown(at: Timestamp) -> String {
    local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// For timelines: local, to the millisecond.
#[must_use]
pub fn shown_exactly(at: Timestamp) -> String {
    local(at).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// For programs: RFC 3339 in UTC.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", to_jiff(at))
}

fn local(at: Timestamp) -> Zoned {
    to_jiff(at).to_zoned(TimeZone::system())
}

/// What a record cannot hold (before 1970) becomes its end of time.
fn from_jiff(instant: jiff::Timestamp) -> Timestamp {
    Timestamp(u64::try_from(instant.as_millisecond()).unwrap_or(0))
}

fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    let since = SignedDuration::from_millis(i64::try_from(at.0).unwrap_or(i64::MAX));
    jiff::Timestamp::from_duration(since).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_in_every_form_that_people_type() {
        let now: Zoned = "2026-03-05T12:30:00+01:00[+01:00]".parse().expect("a time");
        let rows = [
            ("now", "2026-03-05T11:30:00.000Z", "the very moment"),
            ("today", "2026-03-04T23:00:00.000Z", "local midnight"),
            ("yesterday", "2026-03-03T23:00:00.000Z", "the midnight before"),
            ("-90s", "2026-03-05T11:28:30.000Z", "seconds ago"),
            ("-30m", "2026-03-05T11:00:00.000Z", "minutes ago"),
            ("-2h", "2026-03-05T09:30:00.000Z", "hours ago"),
            ("-1d", "2026-03-04T11:30:00.000Z", "24 hours ago"),
            ("-1w", "2026-02-26T11:30:00.000Z", "seven times that"),
            (
                "2026-01-31T14:00:00Z",
                "2026-01-31T14:00:00.000Z",
                "RFC 3339 in UTC",
            ),
            (
                "2026-01-31T14:00:00.5-08:00",
                "2026-01-31T22:00:00.500Z",
                "RFC 3339 elsewhere",
            ),
            ("2026-01-31", "2026-01-30T23:00:00.000Z", "local midnight"),
            ("2026-01-31 14:00", "2026-01-31T13:00:00.000Z", "local time"),
            ("1960-01-01", "1970-01-01T00:00:00.000Z", "before any record"),
        ];
        for (text, expected, reason) in rows {
            let at = parse_at(text, &now).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rfc3339(at), expected, "{text}: {reason}");
        }
        for wrong in ["", "-", "-h", "-2x", "--2h", "2h", "tomorrow", "31.1.2026", "-é"] {
            let error = parse_at(wrong, &now).expect_err(wrong);
            assert!(error.contains("-2h"), "the remedy is named: {error}");
        }
    }

    #[test]
    fn the_end_of_time_is_shown_too() {
        assert!(rfc3339(Timestamp(u64::MAX)).starts_with("9999-"));
    }
}
