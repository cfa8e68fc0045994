//! What follows from an attempt: delivered, tried again later, or given up with a bounce. Every outcome is a journal
//! record before the queue forgets anything.

use super::dsn::{self, Failed};
use super::queue::Job;
use super::worker::body_of;
use crate::driver::Driver;
use crate::shard::Shard;
use crate::trace_header;
use bytes::Bytes;
use postern_vocab::events::{Accepted, Attempted, Origin, Outcome};
use postern_vocab::{
    Address, Dcid, Decision, Disposition, Envelope, Event, Mid, RecipientDecision, Reply, ReversePath, Rid,
    Timestamp,
};
use std::time::Duration;

/// One attempt with what the next hop, or we in its place, said of each recipient.
pub struct Attempt {
    /// The job.
    pub job: Job,
    /// The connection, if there was one.
    pub dcid: Option<Dcid>,
    /// Recipient by recipient.
    pub outcomes: Vec<(Rid, Reply)>,
}

impl Attempt {
    /// The same answer for everyone.
    pub fn failed(job: Job, dcid: Option<Dcid>, reply: &Reply) -> Self {
        let outcomes = job.rids.iter().map(|rid| (*rid, reply.clone())).collect();
        Self { job, dcid, outcomes }
    }
}

/// The recipients of one job by what happens to them next.
#[derive(Default)]
struct Sorted {
    delivered: Vec<(Rid, Reply)>,
    deferred: Vec<(Rid, Reply)>,
    failed: Vec<(Rid, Reply)>,
}

/// Records the attempt and takes its consequences.
pub async fn settle<D: Driver>(shard: &Shard<D>, attempt: Attempt) {
    let now = shard.clock.now();
    let limits = &shard.shared.config.limits;
    let expired = now.since(attempt.job.content.accepted_at) >= limits.retry_for;
    let mut sorted = sort(attempt.outcomes, expired);
    let next_at = now.plus(wait(attempt.job.attempt, limits.retry_first, limits.retry_max));

    record(
        shard,
        &attempt.job,
        attempt.dcid,
        (&sorted.delivered, &Outcome::Delivered),
    );
    match bounce(shard, &attempt.job, &sorted.failed).await {
        Ok(dsn) => record(
            shard,
            &attempt.job,
            attempt.dcid,
            (&sorted.failed, &Outcome::Bounced { dsn }),
        ),
        // The sender could not be told now: nothing is given up before they are.
        Err(()) => sorted.deferred.append(&mut sorted.failed),
    }
    record(
        shard,
        &attempt.job,
        attempt.dcid,
        (&sorted.deferred, &Outcome::Deferred { next_at }),
    );

    let done: Vec<Rid> = sorted
        .delivered
        .iter()
        .chain(&sorted.failed)
        .map(|(rid, _)| *rid)
        .collect();
    if shard.queue.borrow_mut().settle(&attempt.job, &done, next_at) {
        shard.record(Event::Finished {
            mid: attempt.job.content.mid,
        });
    }
    shard.work.notify_one();
}

fn sort(outcomes: Vec<(Rid, Reply)>, expired: bool) -> Sorted {
    let mut sorted = Sorted::default();
    for (rid, reply) in outcomes {
        let list = match () {
            () if reply.is_positive() => &mut sorted.delivered,
            () if reply.is_permanent() || expired => &mut sorted.failed,
            () => &mut sorted.deferred,
        };
        list.push((rid, reply));
    }
    sorted
}

/// How long to wait after the attempt of this number: doubled each time, up to a longest.
fn wait(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(longest)
}

/// One record for all recipients that got the same answer.
fn record<D: Driver>(
    shard: &Shard<D>,
    job: &Job,
    dcid: Option<Dcid>,
    (of, outcome): (&[(Rid, Reply)], &Outcome),
) {
    let mut groups: Vec<(&Reply, Vec<Rid>)> = Vec::new();
    for (rid, reply) in of {
        match groups.iter_mut().find(|(known, _)| *known == reply) {
            Some((_, rids)) => rids.push(*rid),
            None => groups.push((reply, vec![*rid])),
        }
    }
    for (reply, rids) in groups {
        shard.record(Event::Attempted(Attempted {
            mid: job.content.mid,
            rids,
            dcid,
            hop: job.lane.to_string(),
            reply: reply.clone(),
            outcome: outcome.clone(),
            attempt: job.attempt,
        }));
    }
}

/// Tells the sender who did not get the message: a new message in our care. `None` when there is no one to tell, since
/// a null sender is never bounced (RFC 5321 §4.5.5).
async fn bounce<D: Driver>(shard: &Shard<D>, job: &Job, failed: &[(Rid, Reply)]) -> Result<Option<Mid>, ()> {
    let ReversePath::Mailbox(to) = job.sender() else {
        return Ok(None);
    };
    if failed.is_empty() {
        return Ok(None);
    }
    let mid = shard.shared.ids.next_mid();
    let now = shard.clock.now();
    let body = Bytes::from(compose(shard, job, failed, (mid, now, to)));
    let accepted = Accepted {
        mid,
        origin: Origin::Dsn { of: job.content.mid },
        envelope: Envelope {
            recipients: vec![to.clone()],
            declared_bytes: Some(body.len() as u64),
            ..Envelope::default()
        },
        facts: None,
        decision: deliver_to_all(1),
        trace_header: trace_header::of_own(mid, now, shard.shared.config.hostname.as_str()),
        cuts: Vec::new(),
        body_bytes: body.len() as u64,
    };
    let mut charge = shard.shared.bodies.charge();
    charge.set(body.len() as u64);
    shard
        .take(accepted, body, charge)
        .await
        .map(|_| Some(mid))
        .map_err(|_| ())
}

fn compose<D: Driver>(
    shard: &Shard<D>,
    job: &Job,
    failed: &[(Rid, Reply)],
    (mid, now, to): (Mid, Timestamp, &Address),
) -> String {
    let original_body = body_of(shard, job).unwrap_or_default();
    let failed: Vec<Failed> = failed
        .iter()
        .filter_map(|(rid, reply)| {
            let recipient = job.content.envelope.recipient(*rid)?.clone();
            Some(Failed {
                recipient,
                reply: reply.clone(),
            })
        })
        .collect();
    dsn::compose(&dsn::Notification {
        hostname: shard.shared.config.hostname.as_str(),
        mid,
        now,
        to,
        original: &job.content,
        failed: &failed,
        hop: &job.lane.to_string(),
        original_body: &original_body,
    })
}

/// The decision about mail that we made ourselves.
fn deliver_to_all(recipients: u16) -> Decision {
    let deliver = |rid| RecipientDecision {
        rid: Rid(rid),
        disposition: Disposition::Deliver,
        reason: "made by this system".to_owned(),
    };
    Decision {
        recipients: (0..recipients).map(deliver).collect(),
        ..Decision::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let seconds = Duration::from_secs;
        let rows = [
            (1, 60),
            (2, 120),
            (3, 240),
            (6, 1920),
            (7, 3600),
            (u32::MAX, 3600),
        ];
        for (attempt, expected) in rows {
            assert_eq!(
                wait(attempt, seconds(60), seconds(3600)),
                seconds(expected),
                "after attempt {attempt}"
            );
        }
    }

    #[test]
    fn a_temporary_answer_is_final_only_when_the_time_is_over() {
        let outcomes = || {
            let reply = |code| Reply {
                code,
                enhanced: "".into(),
                text: "".into(),
            };
            vec![(Rid(0), reply(250)), (Rid(1), reply(450)), (Rid(2), reply(550))]
        };
        let counts = |sorted: Sorted| (sorted.delivered.len(), sorted.deferred.len(), sorted.failed.len());
        assert_eq!(counts(sort(outcomes(), false)), (1, 1, 1));
        assert_eq!(counts(sort(outcomes(), true)), (1, 0, 2));
    }
}
