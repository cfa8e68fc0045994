//! Times as people read them.

use postern_vocab::Timestamp;

/// `2026-11-21 21:00 UTC`.
pub(crate) fn when(at: Timestamp) -> String {
    let milliseconds = i64::try_from(at.0).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => format!("second {}", at.seconds()),
    }
}
