//! Whether a body comes in at a rate that anyone would wait for. RFC 5321 §4.5.3.2.5 bounds the silence between two
//! reads; this bounds the octet every two minutes that such a clock never sees.

use postern_vocab::{Timestamp, limits};
use std::time::Duration;

/// The clock of one message, from its first octet on. The time between two chunks of BDAT counts as well: a client
/// without a message to finish could otherwise hold one in memory for ever.
pub(super) struct Drip {
    last_at: Timestamp,
    counted: Duration,
    octets: u64,
    is_too_slow: bool,
}

impl Drip {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            last_at: now,
            counted: Duration::ZERO,
            octets: 0,
            is_too_slow: false,
        }
    }

    /// Octets that came in.
    pub(super) fn count(&mut self, octets: u64, now: Timestamp) {
        self.counted += now.since(self.last_at).min(limits::BODY_PAUSE_COUNTED_MAX);
        self.last_at = now;
        self.octets += octets;
        if self.counted >= limits::BODY_RATE_WINDOW {
            self.is_too_slow = self.octets < limits::BODY_RATE_MIN * self.counted.as_secs();
            (self.counted, self.octets) = (Duration::ZERO, 0);
        }
    }

    /// Whether the window that ended last was too slow.
    pub(super) fn is_too_slow(&self) -> bool {
        self.is_too_slow
    }
}
