//! Spans of time as people write them: `30s`, `5 min`, `5d`, or a number of seconds.

use crate::size::split;
use std::time::Duration;

/// Every unit and its seconds.
const UNITS: [(&str, u64); 12] = [
    ("", 1),
    ("s", 1),
    ("sec", 1),
    ("m", 60),
    ("min", 60),
    ("h", 3_600),
    ("hour", 3_600),
    ("hours", 3_600),
    ("d", 86_400),
    ("day", 86_400),
    ("days", 86_400),
    ("w", 604_800),
];

/// The span a text stands for, or why it stands for none.
pub fn parse(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)) else {
        return Err(format!(
            "\"{unit}\" is not a unit of time: there are s, m, h, d and w"
        ));
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("\"{text}\" does not begin with a whole number"))?;
    let seconds = number
        .checked_mul(*seconds)
        .ok_or_else(|| format!("\"{text}\" is too long"))?;
    Ok(Duration::from_secs(seconds))
}

/// The span as it would be written: in the largest unit that leaves a whole number.
#[must_use]
pub fn shown(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
    let whole = units
        .iter()
        .find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{seconds}s"),
        |(name, unit)| format!("{}{name}", seconds / unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_in_every_unit() {
        let rows = [
            ("30", Some(30), "seconds"),
            ("30s", Some(30), "seconds"),
            ("5m", Some(300), "minutes"),
            ("5 min", Some(300), "spelled out"),
            ("2H", Some(7_200), "case does not matter"),
            ("5d", Some(432_000), "days"),
            ("30 days", Some(2_592_000), "spelled out"),
            ("1w", Some(604_800), "weeks"),
            ("5x", None, "no such unit"),
            ("1h30m", None, "one unit only"),
            ("1.5h", None, "whole numbers only"),
            ("-5m", None, "not negative"),
            ("", None, "nothing"),
            ("9999999999999999999 w", None, "too long"),
        ];
        for (text, expected, reason) in rows {
            assert_eq!(
                parse(text).ok(),
                expected.map(Duration::from_secs),
                "{text}: {reason}"
            );
        }
    }

    #[test]
    fn spans_are_shown_in_the_largest_unit_that_fits() {
        for text in ["0s", "1s", "90s", "5m", "36h", "30d"] {
            assert_eq!(shown(parse(text).expect(text)), text);
        }
    }
}
