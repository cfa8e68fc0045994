//! From the end of data to the reply: look into the message, gather the facts, decide, commit.

use crate::driver::Driver;
use crate::shard::{Proof, Shard};
use crate::shared::{Charge, Shared};
use crate::trace_header::{self, Protocol};
use crate::traffic::Conduct;
use bytes::Bytes;
use postern_policy::decide;
use postern_scan::EnvelopeView;
use postern_vocab::events::{Accepted, Judged, Origin, Refused, Stage};
use postern_vocab::{
    Classification, Decision, Direction, Disposition, Envelope, Event, Facts, Icid, Mid, Peer, Reply,
    ReverseName, Timestamp, TlsFacts, Verdict,
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
    /// How it was classified.
    pub classification: &'a Classification,
    /// What TLS came to.
    pub tls: Option<&'a TlsFacts>,
    /// Who logged in.
    pub user: Option<&'a str>,
    /// Which way the message goes.
    pub direction: Direction,
    /// HELO or EHLO.
    pub helo: &'a str,
    /// Whether that is a name at all.
    pub helo_valid: bool,
    /// Whether it was EHLO.
    pub extended: bool,
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
    let (mid, icid) = (arrival.mid, arrival.icid);
    let protocol = if arrival.extended {
        Protocol::Esmtp
    } else {
        Protocol::Smtp
    };
    let hostname = shard.shared.config.hostname.as_str();
    let (facts, decision, cuts) = judge(&shard.shared, arrival, &body, shard.clock.now());
    note_conduct(&shard.shared, &facts, &decision);
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
    let mut trace_header = trace_header::of_received(&facts, &decision, (hostname, protocol));
    if let Some(signatures) = shard.shared.equipment.signers.load().sign(&facts, &body, &cuts) {
        trace_header = [signatures, trace_header].concat().into();
    }
    let accepted = Accepted {
        mid,
        origin: Origin::Smtp,
        envelope: facts.envelope.clone(),
        trace_header,
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
        classification: arrival.classification.clone(),
        tls: arrival.tls.cloned(),
        user: arrival.user.map(str::to_owned),
        direction: arrival.direction,
        envelope: arrival.envelope,
        body_bytes: body.len() as u64,
        header: scan.header,
        mime: scan.mime,
        findings: scan.findings,
    };
    let decision = decide(&facts, &shared.policy.load(), &shared.lists.load());
    (facts, decision, scan.cuts)
}

/// What the message says of its client. Those who may relay are ours, and have no reputation.
fn note_conduct(shared: &Shared, facts: &Facts, decision: &Decision) {
    let conduct = match decision.verdict {
        Verdict::Clean => Conduct::Accepted,
        Verdict::Spam => Conduct::Spam,
        Verdict::Virus => Conduct::Virus,
        Verdict::Suspect | Verdict::Unscannable => return,
    };
    if facts.direction == Direction::Inbound {
        let address = facts.peer.remote.ip();
        shared
            .traffic
            .reputation
            .note(address, conduct, facts.received_at);
    }
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
