//! The machine's side to the wire: owned buffers in (a ring keeps a buffer until its read is done), output out, and the
//! ways in which a connection ends without a command. RFC 5321 §3.8 (421), §4.5.3.2 (timeouts).

use super::buffer::octets;
use super::question::ProtocolRefusal;
use super::session::Progress;
use super::{Pace, Phase, Server};
use bytes::{Bytes, BytesMut};
use postern_vocab::events::{Ending, IncidentKind, Line, Speaker};
use postern_vocab::{Envelope, Reply, Timestamp, limits, refusals};
use std::time::Duration;

impl Server {
    /// The buffer to read into, behind what it holds: the message's own after [`super::Step::ReadBody`], the command
    /// buffer otherwise.
    pub fn take_buffer(&mut self) -> BytesMut {
        match (&mut self.phase, &mut self.session.progress) {
            (Phase::Data(receiving), _) => receiving.take_buffer(),
            (Phase::Chunk, Progress::Chunks(message)) => message.take_buffer(),
            (Phase::Swallow(swallowing), _) => swallowing.take_buffer(),
            _ => self.lines.take_buffer(),
        }
    }

    /// Gives the buffer back with `read` more octets in it; none means that the client has closed its side.
    pub fn give_buffer(&mut self, buffer: BytesMut, read: usize, now: Timestamp) {
        self.record.at(now);
        self.count_received(read);
        self.drip.count(octets(read), now);
        match (&mut self.phase, &mut self.session.progress) {
            (Phase::Data(receiving), _) => receiving.give_buffer(buffer),
            (Phase::Chunk, Progress::Chunks(message)) => message.give_buffer(buffer),
            (Phase::Swallow(swallowing), _) => swallowing.give_buffer(buffer),
            _ => self.lines.give_buffer(buffer),
        }
        if read == 0 {
            self.lost(now);
        }
    }

    /// The connection is gone: end of stream, or a read or a send that failed. A body that has not ended is forgotten.
    pub fn lost(&mut self, now: Timestamp) {
        self.record.at(now);
        self.abandon_body(IncidentKind::Aborted, "connection lost");
        if !matches!(self.phase, Phase::Closing(_)) {
            self.phase = Phase::Closing(Ending::Lost);
        }
    }

    /// The deadline passed without input.
    pub fn timed_out(&mut self, now: Timestamp) {
        self.record.at(now);
        if !self.abandon_body(IncidentKind::TimedOut, "no input") {
            self.record.incident(IncidentKind::TimedOut, b"no command");
        }
        self.end(&refusals::TIMED_OUT.reply, Ending::TimedOut);
    }

    /// The daemon stops. With a question out, its answer is still passed on first.
    pub fn shut_down(&mut self, now: Timestamp) {
        self.record.at(now);
        match &self.phase {
            Phase::Asked(_) => self.pace = Pace::LastReply,
            _ => {
                self.abandon_body(IncidentKind::Aborted, "shut down");
                self.end(&refusals::STOPPING.reply, Ending::Shutdown);
            }
        }
    }

    fn end(&mut self, reply: &Reply, ending: Ending) {
        match self.phase {
            Phase::Closing(_) => {}
            // What is neither in the clear nor in TLS yet can carry no reply.
            Phase::StartTls => self.phase = Phase::Closing(ending),
            _ => self.close(reply, ending),
        }
    }

    /// Nothing of a body without its end is kept (RFC 5321 §3.3), but that it began is. Whether one had begun.
    pub(super) fn abandon_body(&mut self, kind: IncidentKind, why: &str) -> bool {
        let octets = match (&self.phase, &self.session.progress) {
            (Phase::Data(receiving), _) => receiving.wire_octets(),
            (Phase::Swallow(swallowing), _) => swallowing.wire_octets(),
            (_, Progress::Chunks(message)) => message.wire_octets(),
            _ => return false,
        };
        self.record.said(
            Speaker::Client,
            format!("[{octets} octets of a message without end]").as_bytes(),
        );
        self.record
            .incident(kind, format!("{why} after {octets} octets of data").as_bytes());
        self.session.end_transaction();
        true
    }

    /// How long the next read may take. A command line has its time from its first octet on, however many more come.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline_within(limits::COMMAND_TIMEOUT)
    }

    /// The same, where the configuration gives a command so much time.
    #[must_use]
    pub fn deadline_within(&self, command_timeout: Duration) -> Duration {
        match self.phase {
            Phase::Data(_) | Phase::Chunk | Phase::Swallow(_) => limits::BODY_TIMEOUT,
            _ => {
                let now = self.record.now();
                let under_way = self.line_began.map_or(Duration::ZERO, |began| now.since(began));
                command_timeout.saturating_sub(under_way)
            }
        }
    }

    /// What is to be sent, all of it; often empty.
    pub fn take_output(&mut self) -> Bytes {
        // Taken whole: what is left of a buffer would stay with a connection that waits.
        std::mem::take(&mut self.output).freeze()
    }

    /// Octets of memory that a message takes while the machine reads commands: one that BDAT has begun waits for its next
    /// chunk. While it reads a body, the buffer it gives out tells.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        match &self.session.progress {
            Progress::Chunks(message) => message.held_bytes(),
            _ => 0,
        }
    }

    /// The open transaction.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.session.envelope()
    }

    /// Incidents since the last call, with the octets at fault, escaped and cut.
    pub fn take_incidents(&mut self) -> Vec<(IncidentKind, String)> {
        self.record.take_incidents()
    }

    /// Refusals since the last call.
    pub fn take_refusals(&mut self) -> Vec<ProtocolRefusal> {
        self.record.take_refusals()
    }

    /// The lines said since the last call, and how many were left out over the limit.
    pub fn take_conversation(&mut self) -> (Vec<Line>, u32) {
        self.record.take_conversation()
    }

    /// From now on every line is logged whole, whatever the record keeps; what was said so far comes first. Secrets are
    /// taken out here too.
    pub fn begin_log(&mut self) {
        self.record.begin_log();
    }

    /// The logged lines since the last call; to be taken at every step.
    pub fn take_log(&mut self) -> Vec<Line> {
        self.record.take_log()
    }

    /// Octets received, bodies included.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Messages that got 250 at the end of data.
    #[must_use]
    pub fn accepted_messages(&self) -> u32 {
        self.accepted_messages
    }

    pub(super) fn count_received(&mut self, read: usize) {
        self.received_bytes = self.received_bytes.saturating_add(octets(read));
    }
}
