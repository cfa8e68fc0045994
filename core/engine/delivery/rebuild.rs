//! The queue from the journal: records in order go in, what is left to deliver comes out. Pure.

use super::queue::{Content, Lane, Left, Queue, lanes_of};
use postern_policy::Routes;
use postern_vocab::events::Outcome;
use postern_vocab::{Mid, Rid};
use std::collections::BTreeMap;

/// A queue that is being rebuilt.
#[derive(Default)]
pub struct Rebuild {
    /// In the order of their ids, which is about that of their arrival.
    messages: BTreeMap<Mid, (Content, BTreeMap<Lane, Left>)>,
}

impl Rebuild {
    /// A message was accepted, or released, for these recipients.
    pub fn accepted(&mut self, content: Content, rids: &[Rid], routes: &Routes) {
        let lanes = lanes_of(&content.envelope, rids, routes);
        let (_, known) = self
            .messages
            .entry(content.mid)
            .or_insert_with(|| (content, BTreeMap::new()));
        for (lane, rids) in lanes {
            known.entry(lane).or_default().rids.extend(rids);
        }
    }

    /// An attempt for these recipients ended so.
    pub fn attempted(&mut self, mid: Mid, rids: &[Rid], (outcome, attempt): (&Outcome, u32)) {
        let Some((_, lanes)) = self.messages.get_mut(&mid) else {
            return;
        };
        let of_these = |left: &&mut Left| left.rids.iter().any(|rid| rids.contains(rid));
        let Some(left) = lanes.values_mut().find(of_these) else {
            return;
        };
        match outcome {
            Outcome::Delivered | Outcome::Bounced { .. } => left.rids.retain(|rid| !rids.contains(rid)),
            Outcome::Deferred { next_at } => (left.attempts, left.due) = (attempt, Some(*next_at)),
        }
    }

    /// Nothing is left to do for a message.
    pub fn finished(&mut self, mid: Mid) {
        self.messages.remove(&mid);
    }

    /// The queue, and the messages with nobody left though no `Finished` was recorded.
    #[must_use]
    pub fn finish(self) -> (Queue, Vec<Mid>) {
        let (mut queue, mut unfinished) = (Queue::default(), Vec::new());
        for (mid, (content, mut lanes)) in self.messages {
            lanes.retain(|_, left| !left.rids.is_empty());
            match lanes.is_empty() {
                true => unfinished.push(mid),
                false => queue.restore(content, lanes),
            }
        }
        (queue, unfinished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::queue::tests::{content, routes};
    use postern_vocab::Timestamp;

    #[test]
    fn the_queue_is_as_the_journal_left_it() {
        let mut rebuild = Rebuild::default();
        for mid in 1..=4 {
            let both = content(mid, &["a@example.test", "b@example.test"]);
            rebuild.accepted(both, &[Rid(0), Rid(1)], &routes());
        }
        let deferred = Outcome::Deferred {
            next_at: Timestamp(5_000),
        };
        rebuild.attempted(Mid(1), &[Rid(0)], (&Outcome::Delivered, 3));
        rebuild.attempted(Mid(1), &[Rid(1)], (&deferred, 3));
        rebuild.attempted(Mid(2), &[Rid(0), Rid(1)], (&Outcome::Bounced { dsn: None }, 1));
        rebuild.finished(Mid(3));
        rebuild.attempted(Mid(99), &[Rid(0)], (&Outcome::Delivered, 1));

        let (mut queue, unfinished) = rebuild.finish();
        assert_eq!(
            unfinished,
            [Mid(2)],
            "given up for all, but its end was not recorded"
        );
        assert_eq!((queue.len(), queue.next_due()), (2, Some(Timestamp(5_000))));

        let lane = queue
            .lanes_ready()
            .next()
            .map(|(lane, _)| lane.clone())
            .expect("one message is due at once");
        assert_eq!(
            queue.take(&lane).map(|job| (job.content.mid, job.attempt)),
            Some((Mid(4), 1))
        );
        assert!(queue.take(&lane).is_none(), "the other is not due");
        queue.promote(Timestamp(5_000));
        let job = queue.take(&lane).expect("due");
        assert_eq!(
            (job.content.mid, job.rids.as_slice(), job.attempt),
            (Mid(1), [Rid(1)].as_slice(), 4)
        );
    }

    #[test]
    fn a_release_after_the_end_is_a_message_again() {
        let mut rebuild = Rebuild::default();
        rebuild.accepted(
            content(1, &["a@example.test", "b@example.test"]),
            &[Rid(0)],
            &routes(),
        );
        rebuild.finished(Mid(1));
        rebuild.accepted(
            content(1, &["a@example.test", "b@example.test"]),
            &[Rid(1)],
            &routes(),
        );
        let (mut queue, _) = rebuild.finish();
        let lane = queue
            .lanes_ready()
            .next()
            .map(|(lane, _)| lane.clone())
            .expect("the release");
        assert_eq!(queue.take(&lane).expect("a job").rids, [Rid(1)]);
    }
}
