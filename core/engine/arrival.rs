//! From the end of data to the reply: look into the message, gather the facts, decide, commit.

use crate::driver::Driver;
use crate::shard::{Proof, Shard};
use crate::shared::{Charge, Shared};
use crate::trace_header::{self, Protocol};
use bytes::Bytes;
use postern_policy::decide;
use postern_scan::EnvelopeView;
use postern_vocab::events::{Accepted, Judged, Origin, Refused, Stage};
use postern_vocab::{
    Classification, Decision, Direction, Disposition, Envelope, Event, Facts, Icid, Mid, Peer, Reply,
    ReverseName, Timestamp,
};

/// What the session knows of a message that has arrived whole.
pub struct Arrival<'a> {
    /// The message.
    pub mid: Mid,
    /// The connection.
    pub icid: Icid,
    /// Its ends.
    pub peer: &'a Peer,
    /// Its reverse name.
    pub reverse: &'a ReverseName,
    /// HELO or EHLO.
    pub helo: &'a str,
    /// Whether that is a name at all.
    pub helo_valid: bool,
    /// Which of the two it was.
    pub protocol: Protocol,
    /// Sender and recipients.
    pub envelope: Envelope,
}

/// Judges a message, and commits it unless it is refused. The reply in the error is never positive.
pub async fn take<D: Driver>(
    shard: &Shard<D>,
    arrival: Arrival<'_>,
    body: Bytes,
    charge: Charge,
) -> Result<Proof, Reply> {
    let (mid, icid, protocol) = (arrival.mid, arrival.icid, arrival.protocol);
    let hostname = shard.shared.config.hostname.as_str();
    let (facts, decision, cuts) = judge(&shard.shared, arrival, &body, shard.clock.now());
    if let Some(reply) = refusal(&decision) {
        let rule = decision
            .recipients
            .first()
            .map(|one| one.reason.clone())
            .unwrap_or_default();
        shard.record(Event::Refused(Refused {
            icid,
            mid: Some(mid),
            stage: Stage::Data,
            sender: Some(facts.envelope.sender.clone()),
            recipient: None,
            accepted_recipients: facts.envelope.recipients.clone(),
            reply: reply.clone(),
            rule,
            judged: Some(Box::new(Judged { facts, decision })),
        }));
        return Err(reply);
    }
    let accepted = Accepted {
        mid,
        origin: Origin::Smtp,
        envelope: facts.envelope.clone(),
        trace_header: trace_header::of_received(&facts, &decision, (hostname, protocol)),
        facts: Some(Box::new(facts)),
        decision,
        cuts,
        body_bytes: body.len() as u64,
    };
    shard
        .take(accepted, body, charge)
        .await
        .map_err(|error| error.reply())
}

/// Facts, then a pure decision (DESIGN §1.2).
fn judge(
    shared: &Shared,
    arrival: Arrival<'_>,
    body: &[u8],
    now: Timestamp,
) -> (Facts, Decision, Vec<(u64, u64)>) {
    let scan = shared.scanner.scan(
        body,
        &EnvelopeView {
            envelope: &arrival.envelope,
            helo: arrival.helo,
            client: arrival.peer.remote.ip(),
            reverse: arrival.reverse,
        },
    );
    let facts = Facts {
        mid: arrival.mid,
        icid: arrival.icid,
        received_at: now,
        peer: arrival.peer.clone(),
        reverse: arrival.reverse.clone(),
        helo: arrival.helo.to_owned(),
        helo_valid: arrival.helo_valid,
        classification: Classification::default(),
        tls: None,
        user: None,
        direction: Direction::Inbound,
        envelope: arrival.envelope,
        body_bytes: body.len() as u64,
        header: scan.header,
        mime: scan.mime,
        findings: scan.findings,
    };
    let decision = decide(&facts, &shared.policy.load(), &shared.lists.load());
    (facts, decision, scan.cuts)
}

/// SMTP has one reply for all recipients here: the message is refused only if it is for each of them.
fn refusal(decision: &Decision) -> Option<Reply> {
    let mut replies = decision.recipients.iter().map(|one| match &one.disposition {
        Disposition::Refuse(reply) => Some(reply),
        _ => None,
    });
    let first = replies.next()??;
    replies.all(|reply| reply.is_some()).then(|| first.clone())
}
