//! What tracking hears of a connection while it lasts.

use super::{Answer, Session};
use crate::driver::Driver;
use crate::traffic::Conduct;
use postern_smtp::ProtocolRefusal;
use postern_vocab::events::{Incident, IncidentKind, Refused, Stage};
use postern_vocab::{Address, Event, Reply};

impl<D: Driver> Session<D> {
    /// Puts on record what the protocol has seen since this was last called.
    pub(super) fn note_protocol(&mut self) {
        if let Some(log) = &mut self.log {
            log.lines(&self.server.take_log());
        }
        for (kind, detail) in self.server.take_incidents() {
            self.incident(kind, detail);
        }
        for refusal in self.server.take_refusals() {
            self.protocol_refused(refusal);
        }
    }

    pub(super) fn incident(&self, kind: IncidentKind, detail: String) {
        if is_abuse(kind) {
            self.note_conduct(Conduct::ProtocolAbuse);
        }
        self.shard.record(Event::Incident(Incident {
            icid: self.icid,
            kind,
            detail,
        }));
    }

    /// Remembers what the client did, for its reputation. Those who may relay are ours: they have none.
    pub(super) fn note_conduct(&self, conduct: Conduct) {
        if !self.may_relay() {
            let (address, now) = (self.peer.remote.ip(), self.shard.clock.now());
            self.shard.shared.traffic.reputation.note(address, conduct, now);
        }
    }

    /// Puts a refusal of ours on record, and is the answer.
    pub(super) fn refuse(&self, stage: Stage, recipient: Option<Address>, why: (Reply, &str)) -> Answer {
        let (reply, rule) = why;
        let envelope = self.server.envelope();
        self.shard.record(Event::Refused(Refused {
            icid: self.icid,
            mid: self.mid,
            stage,
            sender: self.sender.clone(),
            recipient,
            accepted_recipients: envelope.map(|one| one.recipients.clone()).unwrap_or_default(),
            reply: reply.clone(),
            rule: rule.to_owned(),
            judged: None,
        }));
        Answer::No(reply)
    }

    fn protocol_refused(&self, refusal: ProtocolRefusal) {
        let recipient = refusal.recipient.as_deref().and_then(|text| text.parse().ok());
        let rule = match (&recipient, refusal.recipient) {
            (None, Some(text)) => format!("{}: {text}", refusal.rule),
            _ => refusal.rule.to_owned(),
        };
        self.shard.record(Event::Refused(Refused {
            icid: self.icid,
            mid: self.mid.filter(|_| refusal.stage > Stage::Sender),
            stage: refusal.stage,
            sender: refusal.sender,
            recipient,
            accepted_recipients: refusal.accepted_recipients,
            reply: refusal.reply,
            rule,
            judged: None,
        }));
    }
}

/// What an honest client does not do even by mistake.
fn is_abuse(kind: IncidentKind) -> bool {
    matches!(
        kind,
        IncidentKind::NotSmtp
            | IncidentKind::Smuggling
            | IncidentKind::StarttlsInjection
            | IncidentKind::RelayAttempt
            | IncidentKind::HarvestAttack
            | IncidentKind::TooManyErrors
    )
}
