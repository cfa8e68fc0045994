//! The account of what was taken: every message is delivered, held, dropped or bounced, or it is on its way. All from
//! tracking, and from nothing that the demo remembers itself.

use super::Scene;
use crate::cli::door::Door;
use crate::cli::output::Output;
use postern_quarantine::api::{DoorError, Reply, Request, TrackQuery, TrackRow, TrackState};
use postern_vocab::{Mid, Timestamp};
use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

/// How long nothing may change before we stop waiting.
const STANDSTILL: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Messages by their last state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Answered with 250.
    pub accepted: usize,
    /// Handed on to every recipient.
    pub delivered: usize,
    /// Held for a recipient, or it was.
    pub quarantined: usize,
    /// Thrown away by a rule.
    pub dropped: usize,
    /// Given up.
    pub bounced: usize,
    /// Queued, deferred or just released.
    pub on_the_way: usize,
    /// Refused, messages and connections.
    pub refused: usize,
}

impl Ledger {
    /// Of all mail that came by SMTP since then.
    pub fn since(door: &Door, since: Timestamp) -> Result<Self, DoorError> {
        Ok(Self::of(
            rows(door, since)?.iter().filter(|row| row.icid.is_some()),
        ))
    }

    /// Of these messages only.
    pub fn of_messages(door: &Door, since: Timestamp, mids: &HashSet<Mid>) -> Result<Self, DoorError> {
        let rows = rows(door, since)?;
        Ok(Self::of(
            rows.iter()
                .filter(|row| row.mid.is_some_and(|mid| mids.contains(&mid))),
        ))
    }

    fn of<'a>(rows: impl Iterator<Item = &'a TrackRow>) -> Self {
        let mut ledger = Self::default();
        for row in rows {
            ledger.add(row.state);
        }
        ledger
    }

    fn add(&mut self, state: TrackState) {
        let count = match state {
            TrackState::Delivered => &mut self.delivered,
            TrackState::Quarantined | TrackState::Expired | TrackState::Deleted => &mut self.quarantined,
            TrackState::Dropped => &mut self.dropped,
            TrackState::Bounced => &mut self.bounced,
            TrackState::Queued | TrackState::Deferred | TrackState::Released => &mut self.on_the_way,
            TrackState::Refused => {
                self.refused += 1;
                return;
            }
            TrackState::Aborted | TrackState::Empty => return,
        };
        *count += 1;
        self.accepted += 1;
    }

    /// Whether everything that was taken is where it belongs.
    pub fn adds_up(&self) -> bool {
        self.accepted == self.delivered + self.quarantined + self.dropped
    }

    /// One line.
    pub fn print(&self, title: &str, output: &mut Output) -> io::Result<()> {
        output.line(format_args!(
            "{title}: accepted {} = delivered {} + held {} + dropped {}{}{}; refused {}",
            self.accepted,
            self.delivered,
            self.quarantined,
            self.dropped,
            more(self.bounced, "bounced"),
            more(self.on_the_way, "on the way"),
            self.refused,
        ))
    }
}

fn more(count: usize, what: &str) -> String {
    if count == 0 {
        String::new()
    } else {
        format!(" + {what} {count}")
    }
}

fn rows(door: &Door, since: Timestamp) -> Result<Vec<TrackRow>, DoorError> {
    door.track(
        &TrackQuery {
            since: Some(since),
            ..TrackQuery::default()
        },
        usize::MAX,
    )
}

/// Waits until each of these messages is where it belongs. Gives up when nothing changes for long, or when told to stop:
/// the account then shows what is missing.
pub fn settled(scene: &Scene, mids: &HashSet<Mid>) -> Result<Ledger, DoorError> {
    let (mut last, mut changed) = (Ledger::default(), Instant::now());
    loop {
        wait_for_queue(scene)?;
        let ledger = Ledger::of_messages(&scene.door, scene.began_at, mids)?;
        let is_settled = ledger.accepted == mids.len() && ledger.on_the_way == 0;
        if ledger != last {
            (last, changed) = (ledger, Instant::now());
        }
        if is_settled || changed.elapsed() > STANDSTILL || scene.stop.wait(Some(LOOK_EVERY)) {
            return Ok(last);
        }
    }
}

/// The queue is cheap to ask for; the account is not, so it is made when the queue is empty.
fn wait_for_queue(scene: &Scene) -> Result<(), DoorError> {
    let (mut last, mut changed) = (u64::MAX, Instant::now());
    loop {
        let Reply::Health(health) = scene.door.ask(Request::Health)? else {
            return Err(DoorError::Unexpected);
        };
        let waiting = health.queued + health.index_behind;
        if waiting != last {
            (last, changed) = (waiting, Instant::now());
        }
        if waiting == 0 || changed.elapsed() > STANDSTILL || scene.stop.wait(Some(LOOK_EVERY)) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_in_one_column() {
        let mut ledger = Ledger::default();
        for state in TrackState::ALL {
            ledger.add(state);
        }
        let columns = [
            ledger.delivered,
            ledger.quarantined,
            ledger.dropped,
            ledger.bounced,
            ledger.on_the_way,
        ];
        assert_eq!((columns, ledger.refused), ([1, 3, 1, 1, 3], 1));
        assert_eq!(ledger.accepted, columns.iter().sum::<usize>());
        assert!(
            !ledger.adds_up(),
            "what bounced or is on its way is not where it belongs"
        );
    }
}
