//! The wall clock, read in one place. In tests it follows tokio's paused clock, so that a week passes in a moment.

use postern_vocab::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's.
    Wall,
    /// `start`, and what has passed on tokio's clock since `since`.
    Simulated {
        /// The time at `since`.
        start: Timestamp,
        /// When the simulation began.
        since: Instant,
    },
}

impl Clock {
    /// Now. A system clock before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::default().plus(since)
            }
            Self::Simulated { start, since } => start.plus(since.elapsed()),
        }
    }
}
