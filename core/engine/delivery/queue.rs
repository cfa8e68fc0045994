//! One shard's queue, in memory; the journal is what it is rebuilt from. Pure: knows what is due, for which next hop,
//! and what is left of each message. May not know sockets or clocks.
//!
//! A message's recipients are grouped by *lane*: the route that leads to them. Each lane of a message is one job, due at
//! a time of its own, so a dead destination holds up nothing but itself.

use crate::shared::Charge;
use bytes::Bytes;
use postern_journal::BodyAt;
use postern_policy::{Hop, Route, Routes};
use postern_vocab::{Address, Domain, Envelope, Mid, ReversePath, Rid, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// Where a job goes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// To a machine that a route names.
    Hop(Hop),
    /// To the mail hosts of a domain without a route.
    Mx(Domain),
}

impl Lane {
    /// The lane of a recipient.
    #[must_use]
    pub fn of(recipient: &Address, routes: &Routes) -> Self {
        match routes.find(recipient.domain()) {
            Route::Hop(hop) => Self::Hop(hop.clone()),
            Route::Mx => Self::Mx(recipient.domain().clone()),
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hop(hop) => hop.fmt(f),
            Self::Mx(domain) => domain.fmt(f),
        }
    }
}

/// Recipients by the lane that leads to them.
pub(super) fn lanes_of(envelope: &Envelope, rids: &[Rid], routes: &Routes) -> BTreeMap<Lane, Vec<Rid>> {
    let mut lanes: BTreeMap<Lane, Vec<Rid>> = BTreeMap::new();
    for rid in rids {
        if let Some(recipient) = envelope.recipient(*rid) {
            lanes.entry(Lane::of(recipient, routes)).or_default().push(*rid);
        }
    }
    lanes
}

/// What of a message does not change while it is queued.
pub struct Content {
    /// The message.
    pub mid: Mid,
    /// Sender and recipients.
    pub envelope: Envelope,
    /// In front of the body.
    pub trace_header: Bytes,
    /// Left out of the body.
    pub cuts: Vec<(u64, u64)>,
    /// Where the body is on disk.
    pub body_at: BodyAt,
    /// When it was accepted: the age at which delivery is given up counts from here.
    pub accepted_at: Timestamp,
}

/// A body that is still in memory from its arrival, with its share of the memory budget.
pub struct InMemory {
    /// The body.
    pub body: Bytes,
    /// Its share.
    pub charge: Charge,
}

struct Queued {
    content: Arc<Content>,
    in_memory: Option<Arc<InMemory>>,
    lanes: BTreeMap<Lane, Pending>,
}

/// What is left of a message in one lane.
#[derive(Default)]
pub(super) struct Left {
    pub(super) rids: Vec<Rid>,
    pub(super) attempts: u32,
    pub(super) due: Option<Timestamp>,
}

struct Pending {
    rids: Vec<Rid>,
    attempts: u32,
}

/// One message to be tried for the recipients of one lane.
pub struct Job {
    /// The lane.
    pub lane: Lane,
    /// The message.
    pub content: Arc<Content>,
    /// Its body, if it is still in memory.
    pub in_memory: Option<Arc<InMemory>>,
    /// The recipients.
    pub rids: Vec<Rid>,
    /// Which attempt this will be, counted from 1.
    pub attempt: u32,
}

impl Job {
    /// The recipients with their addresses.
    #[must_use]
    pub fn recipients(&self) -> Vec<(Rid, Address)> {
        let address = |rid: &Rid| Some((*rid, self.content.envelope.recipient(*rid)?.clone()));
        self.rids.iter().filter_map(address).collect()
    }

    /// Whom a bounce would go to.
    #[must_use]
    pub fn sender(&self) -> &ReversePath {
        &self.content.envelope.sender
    }
}

/// See the module.
#[derive(Default)]
pub struct Queue {
    messages: HashMap<Mid, Queued>,
    ready: BTreeMap<Lane, VecDeque<Mid>>,
    waiting: BTreeSet<(Timestamp, Lane, Mid)>,
}

impl Queue {
    /// Adds a message for some of its recipients. One that is queued already (a release while others wait) is extended.
    pub fn add(&mut self, content: Content, in_memory: Option<InMemory>, rids: &[Rid], routes: &Routes) {
        let mid = content.mid;
        let lanes = lanes_of(&content.envelope, rids, routes);
        let queued = self.messages.entry(mid).or_insert_with(|| Queued {
            content: Arc::new(content),
            in_memory: in_memory.map(Arc::new),
            lanes: BTreeMap::new(),
        });
        for (lane, rids) in lanes {
            match queued.lanes.get_mut(&lane) {
                Some(pending) => pending.rids.extend(rids),
                None => {
                    queued.lanes.insert(lane.clone(), Pending { rids, attempts: 0 });
                    self.ready.entry(lane).or_default().push_back(mid);
                }
            }
        }
    }

    /// Puts one message back as a journal left it: each lane with its recipients, the attempts so far, and when it is
    /// due (`None`: at once).
    pub(super) fn restore(&mut self, content: Content, lanes: impl IntoIterator<Item = (Lane, Left)>) {
        let mid = content.mid;
        let mut pending = BTreeMap::new();
        for (lane, left) in lanes {
            match left.due {
                Some(due) => drop(self.waiting.insert((due, lane.clone(), mid))),
                None => self.ready.entry(lane.clone()).or_default().push_back(mid),
            }
            pending.insert(
                lane,
                Pending {
                    rids: left.rids,
                    attempts: left.attempts,
                },
            );
        }
        self.messages.insert(
            mid,
            Queued {
                content: Arc::new(content),
                in_memory: None,
                lanes: pending,
            },
        );
    }

    /// Makes everything ready that is due by `now`.
    pub fn promote(&mut self, now: Timestamp) {
        while let Some((due, ..)) = self.waiting.first()
            && *due <= now
        {
            if let Some((_, lane, mid)) = self.waiting.pop_first() {
                self.ready.entry(lane).or_default().push_back(mid);
            }
        }
    }

    /// When the next waiting job is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(due, ..)| *due)
    }

    /// The lanes with work, and how much.
    pub fn lanes_ready(&self) -> impl Iterator<Item = (&Lane, usize)> {
        self.ready
            .iter()
            .map(|(lane, line)| (lane, line.len()))
            .filter(|(_, count)| *count > 0)
    }

    /// Takes the next job of a lane: it is nobody else's until it is settled.
    pub fn take(&mut self, lane: &Lane) -> Option<Job> {
        let line = self.ready.get_mut(lane)?;
        let mid = line.pop_front();
        if line.is_empty() {
            self.ready.remove(lane);
        }
        let queued = self.messages.get(&mid?)?;
        let pending = queued.lanes.get(lane)?;
        Some(Job {
            lane: lane.clone(),
            content: Arc::clone(&queued.content),
            in_memory: queued.in_memory.clone(),
            rids: pending.rids.clone(),
            attempt: pending.attempts + 1,
        })
    }

    /// Ends an attempt: `done` need nothing more, the rest of the job is tried again at `next_at`. Tells whether the
    /// message has nobody left.
    pub fn settle(&mut self, job: &Job, done: &[Rid], next_at: Timestamp) -> bool {
        let mid = job.content.mid;
        let Some(queued) = self.messages.get_mut(&mid) else {
            return false;
        };
        queued.in_memory = None;
        if let Some(pending) = queued.lanes.get_mut(&job.lane) {
            pending.rids.retain(|rid| !done.contains(rid));
            if pending.rids.is_empty() {
                queued.lanes.remove(&job.lane);
            } else if pending.rids.iter().all(|rid| !job.rids.contains(rid)) {
                // Released for a further recipient while this attempt was under way: a new job.
                pending.attempts = 0;
                self.ready.entry(job.lane.clone()).or_default().push_back(mid);
            } else {
                pending.attempts = job.attempt;
                self.waiting.insert((next_at, job.lane.clone(), mid));
            }
        }
        let empty = queued.lanes.is_empty();
        if empty {
            self.messages.remove(&mid);
        }
        empty
    }

    /// Messages in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::delivery) fn routes() -> Routes {
        let hop = |text: &str| text.parse::<Hop>().expect("a hop");
        let pattern = |text: &str| text.parse().expect("a pattern");
        Routes::new([
            (pattern("example.test"), hop("192.0.2.1:25")),
            (pattern("*"), hop("192.0.2.2:25")),
        ])
    }

    pub(in crate::delivery) fn content(mid: u64, recipients: &[&str]) -> Content {
        let recipients = recipients
            .iter()
            .map(|one| one.parse().expect("an address"))
            .collect();
        Content {
            mid: Mid(mid),
            envelope: Envelope {
                recipients,
                ..Envelope::default()
            },
            trace_header: Bytes::new(),
            cuts: Vec::new(),
            body_at: BodyAt::default(),
            accepted_at: Timestamp(0),
        }
    }

    fn lanes(queue: &Queue) -> Vec<(String, usize)> {
        queue
            .lanes_ready()
            .map(|(lane, count)| (lane.to_string(), count))
            .collect()
    }

    #[test]
    fn a_message_is_one_job_for_each_next_hop_and_ends_with_the_last_of_them() {
        let mut queue = Queue::default();
        let three = content(1, &["a@example.test", "b@example.test", "c@example.org"]);
        queue.add(three, None, &[Rid(0), Rid(1), Rid(2)], &routes());
        assert_eq!(
            lanes(&queue),
            [("192.0.2.1:25".to_owned(), 1), ("192.0.2.2:25".to_owned(), 1)]
        );

        let home = queue
            .lanes_ready()
            .next()
            .map(|(lane, _)| lane.clone())
            .expect("two lanes");
        let job = queue.take(&home).expect("one job");
        assert_eq!(
            (job.rids.as_slice(), job.attempt),
            ([Rid(0), Rid(1)].as_slice(), 1)
        );
        assert!(queue.take(&home).is_none(), "a job is given out once");
        assert!(
            !queue.settle(&job, &[Rid(0)], Timestamp(60_000)),
            "two recipients are left"
        );

        queue.promote(Timestamp(59_999));
        assert!(queue.take(&home).is_none(), "not due");
        queue.promote(Timestamp(60_000));
        let again = queue.take(&home).expect("due");
        assert_eq!((again.rids.as_slice(), again.attempt), ([Rid(1)].as_slice(), 2));
        assert!(!queue.settle(&again, &[Rid(1)], Timestamp(0)));

        let (away, _) = queue.lanes_ready().next().expect("the other lane");
        let away = away.clone();
        let last = queue.take(&away).expect("its job");
        assert!(queue.settle(&last, &[Rid(2)], Timestamp(0)), "nobody is left");
        assert!(queue.is_empty());
    }

    #[test]
    fn a_release_during_an_attempt_is_not_lost() {
        let mut queue = Queue::default();
        queue.add(
            content(1, &["a@example.test", "b@example.test"]),
            None,
            &[Rid(0)],
            &routes(),
        );
        let lane = queue
            .lanes_ready()
            .next()
            .map(|(lane, _)| lane.clone())
            .expect("a lane");
        let job = queue.take(&lane).expect("a job");
        queue.add(
            content(1, &["a@example.test", "b@example.test"]),
            None,
            &[Rid(1)],
            &routes(),
        );
        assert!(!queue.settle(&job, &[Rid(0)], Timestamp(0)));
        assert_eq!(queue.take(&lane).expect("the released one").rids, [Rid(1)]);
    }
}
