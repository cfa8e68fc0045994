//! What follows from an attempt: delivered, tried again later, or given up with a bounce. Every outcome is a journal
//! record before the queue forgets anything. What the sender wants to hear of it is RFC 3461 §4.1, §5.2.

use super::dsn::{self, Action};
use super::queue::{Content, Job};
use super::worker::body_of;
use crate::driver::Driver;
use crate::shard::Shard;
use crate::trace_header;
use bytes::Bytes;
use postern_vocab::events::{Accepted, Attempted, Origin, Outcome};
use postern_vocab::{
    Dcid, Decision, Disposition, Envelope, Event, Mid, RecipientDecision, Reply, ReversePath, Rid,
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
    /// The next hop was told what the sender wants to hear, and tells of success itself.
    pub dsn_passed_on: bool,
}

impl Attempt {
    /// The same answer for everyone.
    pub fn failed(job: Job, dcid: Option<Dcid>, reply: &Reply) -> Self {
        let outcomes = job.rids.iter().map(|rid| (*rid, reply.clone())).collect();
        Self {
            job,
            dcid,
            outcomes,
            dsn_passed_on: false,
        }
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
    if !attempt.dsn_passed_on {
        tell_of_success(shard, &attempt.job, &sorted.delivered).await;
    }
    let (told, silent): (Vec<_>, Vec<_>) = sorted
        .failed
        .iter()
        .cloned()
        .partition(|(rid, _)| wants(&attempt.job.content, *rid, Action::Failed));
    match notify(shard, &attempt.job, (Action::Failed, &told)).await {
        Ok(dsn) => {
            record(
                shard,
                &attempt.job,
                attempt.dcid,
                (&told, &Outcome::Bounced { dsn }),
            );
            record(
                shard,
                &attempt.job,
                attempt.dcid,
                (&silent, &Outcome::Bounced { dsn: None }),
            );
        }
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

/// Whether the sender wants to hear this of a recipient. Without NOTIFY it is failure. RFC 3461 §4.1.
fn wants(content: &Content, rid: Rid, action: Action) -> bool {
    let asked = content.envelope.dsn.recipients.get(&rid);
    match (asked.and_then(|asked| asked.notify), action) {
        (Some(notify), Action::Failed) => notify.failure,
        (Some(notify), Action::Relayed) => notify.success,
        (None, action) => action == Action::Failed,
    }
}

/// A next hop without DSN will not tell of success, so we say how far we know. RFC 3461 §5.2.2. The mail itself is
/// delivered whatever comes of this.
async fn tell_of_success<D: Driver>(shard: &Shard<D>, job: &Job, delivered: &[(Rid, Reply)]) {
    let asked: Vec<_> = delivered
        .iter()
        .filter(|(rid, _)| wants(&job.content, *rid, Action::Relayed))
        .cloned()
        .collect();
    if notify(shard, job, (Action::Relayed, &asked)).await.is_err() {
        let mid = job.content.mid;
        eprintln!(
            "postern: MID {mid} is delivered, but its sender, who asked to be told, could not be: the journal takes no \
             mail now"
        );
    }
}

/// Tells the sender what became of these recipients: a new message in our care. `None` when there is nothing to tell or
/// no one to tell it, since a null sender is never answered (RFC 5321 §4.5.5).
async fn notify<D: Driver>(
    shard: &Shard<D>,
    job: &Job,
    (action, recipients): (Action, &[(Rid, Reply)]),
) -> Result<Option<Mid>, ()> {
    let ReversePath::Mailbox(to) = job.sender() else {
        return Ok(None);
    };
    if recipients.is_empty() {
        return Ok(None);
    }
    let mid = shard.shared.ids.next_mid();
    let now = shard.clock.now();
    let hostname = shard.shared.config.hostname.as_str();
    let body = Bytes::from(dsn::compose(&dsn::Notification {
        hostname,
        mid,
        now,
        to,
        original: &job.content,
        action,
        recipients,
        hop: &job.lane.to_string(),
        original_body: &body_of(shard, job).unwrap_or_default(),
    }));
    let of = job.content.mid;
    let accepted = Accepted {
        mid,
        origin: match action {
            Action::Failed => Origin::Dsn { of },
            Action::Relayed => Origin::Receipt { of },
        },
        envelope: Envelope {
            recipients: vec![to.clone()],
            declared_bytes: Some(body.len() as u64),
            smtputf8: !body.is_ascii(),
            ..Envelope::default()
        },
        facts: None,
        decision: deliver_to_all(1),
        trace_header: trace_header::of_own(mid, now, hostname),
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
    use crate::delivery::queue::tests::content;
    use postern_vocab::{Notify, RecipientDsn};

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
    fn the_sender_hears_what_they_asked_to_hear() {
        let wish = |success, failure| {
            Some(Notify {
                success,
                failure,
                delay: false,
            })
        };
        let rows = [
            (None, true, false, "nothing said: failure"),
            (wish(false, false), false, false, "NEVER"),
            (wish(true, false), false, true, "SUCCESS"),
            (wish(false, true), true, false, "FAILURE"),
            (wish(true, true), true, true, "both"),
        ];
        for (notify, failure, success, reason) in rows {
            let mut content = content(1, &["a@example.test", "b@example.test"]);
            let asked = RecipientDsn {
                notify,
                original: None,
            };
            content.envelope.dsn.recipients.insert(Rid(1), asked);
            assert!(wants(&content, Rid(0), Action::Failed), "the other asked nothing");
            assert!(
                !wants(&content, Rid(0), Action::Relayed),
                "the other asked nothing"
            );
            assert_eq!(wants(&content, Rid(1), Action::Failed), failure, "{reason}");
            assert_eq!(wants(&content, Rid(1), Action::Relayed), success, "{reason}");
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
