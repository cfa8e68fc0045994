//! What tracking will want to know of a connection: who said what and when, what was odd, what was refused. All of it
//! bounded, since the client decides how much there is.

use super::question::ProtocolRefusal;
use bytes::Bytes;
use postern_vocab::events::{IncidentKind, Line, Speaker};
use postern_vocab::{Timestamp, limits, text};

/// One connection's record.
pub(super) struct Record {
    opened_at: Timestamp,
    now: Timestamp,
    conversation: Vec<Line>,
    lines_left_out: u32,
    incidents: Vec<(IncidentKind, String)>,
    incidents_counted: usize,
    refusals: Vec<ProtocolRefusal>,
}

impl Record {
    pub(super) fn new(opened_at: Timestamp) -> Self {
        Self {
            opened_at,
            now: opened_at,
            conversation: Vec::new(),
            lines_left_out: 0,
            incidents: Vec::new(),
            incidents_counted: 0,
            refusals: Vec::new(),
        }
    }

    /// What is said from here on is said at `now`.
    pub(super) fn at(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// The time it is told by.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn said(&mut self, speaker: Speaker, octets: &[u8]) {
        if self.conversation.len() >= limits::CONVERSATION_LINES_MAX {
            self.lines_left_out = self.lines_left_out.saturating_add(1);
            return;
        }
        let kept = &octets[..octets.len().min(limits::CONVERSATION_LINE_OCTETS_MAX)];
        let after_ms = u32::try_from(self.now.since(self.opened_at).as_millis()).unwrap_or(u32::MAX);
        self.conversation.push(Line {
            after_ms,
            speaker,
            octets: Bytes::copy_from_slice(kept),
        });
    }

    /// Keeps an incident; its detail is octets of the peer, or a sentence of ours.
    pub(super) fn incident(&mut self, kind: IncidentKind, detail: &[u8]) {
        if self.incidents_counted < limits::INCIDENTS_PER_CONNECTION_MAX {
            self.incidents_counted += 1;
            self.incidents.push((kind, text::escaped(detail)));
        }
    }

    /// Keeps a refusal. The driver takes them at every step, and one step makes no more than a buffer of commands does.
    pub(super) fn refusal(&mut self, refusal: ProtocolRefusal) {
        self.refusals.push(refusal);
    }

    pub(super) fn take_conversation(&mut self) -> (Vec<Line>, u32) {
        (std::mem::take(&mut self.conversation), self.lines_left_out)
    }

    pub(super) fn take_incidents(&mut self) -> Vec<(IncidentKind, String)> {
        std::mem::take(&mut self.incidents)
    }

    pub(super) fn take_refusals(&mut self) -> Vec<ProtocolRefusal> {
        std::mem::take(&mut self.refusals)
    }
}
