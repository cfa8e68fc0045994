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
    conversation: Kept,
    lines_max: usize,
    /// All lines, uncut, since they were last taken; where somebody wants them.
    log: Option<Vec<Line>>,
    lines_left_out: u32,
    incidents: Vec<(IncidentKind, String)>,
    incidents_counted: usize,
    refusals: Vec<ProtocolRefusal>,
}

/// The kept lines, in one piece of memory: an idle connection has a dozen of them.
#[derive(Clone, Default)]
struct Kept {
    octets: Vec<u8>,
    heads: Vec<Head>,
}

/// One kept line: when, by whom, and where its octets end.
#[derive(Clone)]
struct Head {
    after_ms: u32,
    end: u32,
    speaker: Speaker,
}

impl Kept {
    fn push(&mut self, after_ms: u32, speaker: Speaker, octets: &[u8]) {
        make_room(&mut self.octets, octets.len());
        make_room(&mut self.heads, 1);
        self.octets.extend_from_slice(octets);
        let end = u32::try_from(self.octets.len()).expect("the lines kept are few and cut");
        self.heads.push(Head {
            after_ms,
            end,
            speaker,
        });
    }

    fn into_lines(self) -> Vec<Line> {
        let (octets, mut begin) = (Bytes::from(self.octets), 0);
        let line = |head: Head| Line {
            after_ms: head.after_ms,
            speaker: head.speaker,
            octets: octets.slice(std::mem::replace(&mut begin, head.end as usize)..head.end as usize),
        };
        self.heads.into_iter().map(line).collect()
    }
}

/// Grows by a quarter, not to the double: most connections that wait have said little and will say no more.
fn make_room<T>(kept: &mut Vec<T>, more: usize) {
    if kept.capacity() - kept.len() < more {
        kept.reserve_exact(more.max(kept.len() / 4));
    }
}

impl Record {
    pub(super) fn new(opened_at: Timestamp) -> Self {
        Self {
            opened_at,
            now: opened_at,
            conversation: Kept::default(),
            lines_max: limits::CONVERSATION_LINES_MAX,
            log: None,
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
        let after_ms = u32::try_from(self.now.since(self.opened_at).as_millis()).unwrap_or(u32::MAX);
        if let Some(log) = &mut self.log {
            log.push(Line {
                after_ms,
                speaker,
                octets: Bytes::copy_from_slice(octets),
            });
        }
        if self.conversation.heads.len() >= self.lines_max {
            self.lines_left_out = self.lines_left_out.saturating_add(1);
            return;
        }
        let cut = octets.len().min(limits::CONVERSATION_LINE_OCTETS_MAX);
        self.conversation.push(after_ms, speaker, &octets[..cut]);
    }

    /// Keeps so many lines, from now on.
    pub(super) fn keep(&mut self, lines_max: usize) {
        self.lines_max = lines_max;
    }

    /// From now on all lines are logged: whoever asks for it takes them at every step.
    pub(super) fn begin_log(&mut self) {
        let said = self.conversation.clone().into_lines();
        self.log.get_or_insert_default().extend(said);
    }

    pub(super) fn take_log(&mut self) -> Vec<Line> {
        self.log.as_mut().map(std::mem::take).unwrap_or_default()
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
        (
            std::mem::take(&mut self.conversation).into_lines(),
            self.lines_left_out,
        )
    }

    pub(super) fn take_incidents(&mut self) -> Vec<(IncidentKind, String)> {
        std::mem::take(&mut self.incidents)
    }

    pub(super) fn take_refusals(&mut self) -> Vec<ProtocolRefusal> {
        std::mem::take(&mut self.refusals)
    }
}
