//! Which segments are still needed.
//!
//! Segments are removed oldest first only. A message's end (`Finished`) is recorded in the same or a later segment than
//! its beginning (`Accepted`); if the later one went first, the next recovery would find a beginning without an end
//! and deliver the message again.

use crate::position::{Entry, Position};
use postern_vocab::{Disposition, Event, Mid};
use std::collections::{BTreeMap, BTreeSet};

/// What a durable record means for the space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    Begins(Mid),
    Ends(Mid),
    Neither,
}

impl Mark {
    /// A message without a recipient to deliver to needs nothing from the journal once it is indexed. One whose
    /// decision names nobody is kept all the same: better too long than lost.
    pub(crate) fn of(event: &Event) -> Self {
        match event {
            Event::Accepted(accepted) => {
                let recipients = &accepted.decision.recipients;
                let queued = recipients
                    .iter()
                    .any(|one| one.disposition == Disposition::Deliver);
                if queued || recipients.is_empty() {
                    Self::Begins(accepted.mid)
                } else {
                    Self::Neither
                }
            }
            Event::Finished { mid } => Self::Ends(*mid),
            _ => Self::Neither,
        }
    }
}

/// The segments of one journal and the messages that still need them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Segments {
    /// Segment to the number of unfinished messages in it.
    known: BTreeMap<u64, u64>,
    /// Unfinished messages and where they are. A released message may be in several segments.
    unfinished: BTreeSet<(Mid, u64)>,
    indexed: Position,
}

impl Segments {
    pub(crate) fn add(&mut self, segment: u64) {
        self.known.entry(segment).or_default();
    }

    pub(crate) fn note(&mut self, segment: u64, mark: Mark) {
        match mark {
            Mark::Begins(mid) if self.unfinished.insert((mid, segment)) => {
                *self.known.entry(segment).or_default() += 1;
            }
            Mark::Ends(mid) => self.finished(mid),
            Mark::Begins(_) | Mark::Neither => {}
        }
    }

    pub(crate) fn note_entry(&mut self, entry: &Entry) {
        self.note(entry.position.segment, Mark::of(&entry.recorded.event));
    }

    fn finished(&mut self, mid: Mid) {
        let places: Vec<_> = self
            .unfinished
            .range((mid, 0)..=(mid, u64::MAX))
            .copied()
            .collect();
        for place in places {
            self.unfinished.remove(&place);
            if let Some(count) = self.known.get_mut(&place.1) {
                *count -= 1;
            }
        }
    }

    pub(crate) fn indexed_up_to(&mut self, position: Position) {
        self.indexed = self.indexed.max(position);
    }

    /// The oldest segments that nothing needs, oldest first; never the newest one.
    pub(crate) fn removable(&self) -> Vec<u64> {
        let newest = self.known.keys().next_back().copied().unwrap_or(0);
        let unneeded = |(segment, unfinished): &(&u64, &u64)| {
            **unfinished == 0 && **segment < newest && **segment < self.indexed.segment
        };
        self.known
            .iter()
            .take_while(unneeded)
            .map(|(segment, _)| *segment)
            .collect()
    }

    pub(crate) fn removed(&mut self, segment: u64) {
        self.known.remove(&segment);
    }

    pub(crate) fn unfinished_messages(&self) -> usize {
        self.unfinished.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Segments {
        let mut segments = Segments::default();
        segments.note(1, Mark::Begins(Mid(7)));
        segments.note(1, Mark::Begins(Mid(8)));
        segments.note(10, Mark::Begins(Mid(9)));
        segments.add(20);
        segments.indexed_up_to(Position {
            segment: 20,
            offset: 0,
            sequence: 25,
        });
        segments
    }

    #[test]
    fn only_the_oldest_go_and_only_when_nothing_needs_them() {
        let mut segments = three();
        segments.note(20, Mark::Ends(Mid(9)));
        assert_eq!(segments.removable(), [], "10 is free, but 1 is older and is not");
        segments.note(20, Mark::Ends(Mid(7)));
        segments.note(20, Mark::Ends(Mid(8)));
        assert_eq!(segments.removable(), [1, 10], "20 is the newest");
        segments.removed(1);
        assert_eq!(segments.removable(), [10]);
    }

    #[test]
    fn what_the_index_has_not_passed_stays() {
        let mut segments = three();
        segments.indexed = Position {
            segment: 10,
            offset: 999,
            sequence: 19,
        };
        for mid in [7, 8, 9] {
            segments.note(20, Mark::Ends(Mid(mid)));
        }
        assert_eq!(segments.removable(), [1]);
    }

    #[test]
    fn a_released_message_holds_both_of_its_segments() {
        let mut segments = three();
        segments.note(20, Mark::Begins(Mid(7)));
        segments.note(20, Mark::Begins(Mid(7)));
        segments.note(20, Mark::Ends(Mid(7)));
        segments.note(20, Mark::Ends(Mid(8)));
        assert_eq!(
            (segments.removable(), segments.unfinished_messages()),
            (vec![1], 1)
        );
    }
}
