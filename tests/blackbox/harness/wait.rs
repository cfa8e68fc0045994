//! Waiting for what must come: looked for again and again until a deadline, never slept for by luck.

use std::thread;
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The usual deadline.
pub const SOON: Duration = Duration::from_secs(20);

/// What `look` finds, as soon as it finds it; a failed test when that takes longer than `within`.
#[track_caller]
pub fn until<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    try_until(within, look).unwrap_or_else(|| panic!("{what}: not within {within:?}"))
}

/// The same with the usual deadline: generous, since a loaded machine is not a broken product.
#[track_caller]
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until(what, SOON, look)
}

/// What `look` finds within this time.
#[track_caller]
pub fn try_until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let found = look();
        if found.is_some() || begun.elapsed() > within {
            return found;
        }
        thread::sleep(LOOK_EVERY);
    }
}
