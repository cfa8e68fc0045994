//! BDAT: the command, and what is said at the end of each chunk. RFC 3030 §2, §4. The octets come in `chunks.rs`.
//!
//! A chunk that is refused ends its transaction, so that no message is ever stored with a chunk missing: those that the
//! client has already sent behind it find no transaction and get 503 (RFC 3030 §2 leaves the state to be reset).

use super::chunks::{Answer, ChunkArrival, ChunkedMessage, Swallowing};
use super::drip::Drip;
use super::question::{Question, Step};
use super::receiving::Doom;
use super::session::{Asked, Fault, Outcome, Progress, Session};
use super::{Phase, Server, data};
use postern_vocab::events::{Ending, IncidentKind, Speaker, Stage};
use postern_vocab::{Reply, limits, refusals};

/// One BDAT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    pub(super) octets: u64,
    pub(super) last: bool,
}

pub(super) fn bdat(session: &mut Session, argument: &str) -> Outcome {
    let Some(chunk) = parse(argument) else {
        return Fault::closing(refusals::BDAT_SYNTAX).into();
    };
    let bytes_max = session.settings.message_bytes_max;
    if chunk.octets > bytes_max.saturating_mul(limits::OVERSIZE_DISCARD_FACTOR) {
        return Fault::closing(refusals::TOO_LARGE).into();
    }
    match fault(session, chunk) {
        Some(fault) => Outcome::Swallow(chunk, fault),
        None if matches!(session.progress, Progress::Chunks(_)) => Outcome::Chunk(chunk),
        None => Outcome::Ask(Asked::Chunk(chunk), Question::Data),
    }
}

/// Why the chunk's octets will be thrown away.
fn fault(session: &Session, chunk: Chunk) -> Option<Fault> {
    let so_far = match &session.progress {
        _ if session.needs_tls().is_some() => return session.needs_tls().map(Fault::goes),
        Progress::Connected => return Some(Fault::goes(refusals::HELLO_FIRST)),
        Progress::Greeted => return Some(Fault::goes(refusals::SENDER_FIRST)),
        Progress::Transaction(envelope) if envelope.recipients.is_empty() => {
            return Some(Fault::goes(refusals::NO_RECIPIENTS));
        }
        Progress::Transaction(_) => 0,
        Progress::Chunks(message) => message.wire_octets(),
    };
    let too_large = so_far.saturating_add(chunk.octets) > session.settings.message_bytes_max;
    too_large.then(|| Fault::refusing(refusals::TOO_LARGE, Stage::Data, "message size"))
}

/// Digits of a chunk's size: as many as SIZE may have (RFC 1870 §3), which is more than any disk.
const CHUNK_DIGITS_MAX: usize = 20;

/// `size [LAST]`. A number that needs more than 64 bits is over every limit.
fn parse(argument: &str) -> Option<Chunk> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let size = words.next()?;
    if !size.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    let is_size = size.len() <= CHUNK_DIGITS_MAX && words.next().is_none();
    is_size.then(|| Chunk {
        octets: size.parse().unwrap_or(u64::MAX),
        last,
    })
}

impl Server {
    /// The chunk will be stored: its octets are the next that come.
    pub(super) fn begin_chunk(&mut self, chunk: Chunk) {
        let here = self.lines.take_up_to(chunk.octets);
        if !matches!(self.session.progress, Progress::Chunks(_)) {
            let envelope = self
                .session
                .end_transaction()
                .expect("BDAT is in order only with a transaction");
            let message = ChunkedMessage::new(envelope, chunk, &self.session.settings);
            self.session.progress = Progress::Chunks(Box::new(message));
            self.drip = Drip::new(self.record.now());
        }
        if let Progress::Chunks(message) = &mut self.session.progress {
            message.begin(chunk, &here);
        }
        self.phase = Phase::Chunk;
    }

    /// The chunk will be thrown away.
    pub(super) fn begin_swallowing(&mut self, mut swallowing: Swallowing) {
        let here = self.lines.take_up_to(swallowing.chunk.octets);
        swallowing.begin(&here);
        self.drip = Drip::new(self.record.now());
        self.phase = Phase::Swallow(Box::new(swallowing));
    }

    /// Goes on with the chunk that is being stored; `None` when it is done with.
    pub(super) fn receive_chunk(&mut self) -> Option<Step> {
        let Progress::Chunks(message) = &mut self.session.progress else {
            unreachable!("a chunk is stored in a message");
        };
        match message.arrived() {
            ChunkArrival::More if self.drip.is_too_slow() => self.too_slow(),
            ChunkArrival::More => return Some(Step::ReadBody),
            ChunkArrival::Whole { chunk, rest } => {
                self.lines.put_back(rest);
                self.phase = Phase::Commands;
                let octets = chunk.octets;
                self.record
                    .said(Speaker::Client, format!("[chunk of {octets} octets]").as_bytes());
                if chunk.last {
                    return self.finish_chunks().map(Step::Ask);
                }
                if self.drip.is_too_slow() {
                    self.too_slow();
                } else {
                    self.say(&Reply::made(
                        250,
                        "2.0.0",
                        &format!("Ok: {octets} octets received"),
                    ));
                }
            }
        }
        None
    }

    /// Goes on with the chunk that is being thrown away; `None` when it is done with.
    pub(super) fn swallow_chunk(&mut self) -> Option<Step> {
        let Phase::Swallow(swallowing) = &mut self.phase else {
            unreachable!("called in this phase only");
        };
        let Some(rest) = swallowing.arrived() else {
            if self.drip.is_too_slow() {
                self.too_slow();
                return None;
            }
            return Some(Step::ReadBody);
        };
        let Phase::Swallow(done) = std::mem::replace(&mut self.phase, Phase::Commands) else {
            unreachable!("looked at above");
        };
        self.lines.put_back(rest);
        let octets = done.chunk.octets;
        self.record.said(
            Speaker::Client,
            format!("[chunk of {octets} octets, thrown away]").as_bytes(),
        );
        match done.answer {
            Answer::Fault(fault) => self.fault(fault, &done.line),
            Answer::Reply(reply) => self.say(&reply),
        }
        self.session.messages += u32::from(self.session.end_transaction().is_some());
        None
    }

    /// The last chunk has come: the message, or what is wrong with it.
    fn finish_chunks(&mut self) -> Option<Question> {
        let Progress::Chunks(message) = &mut self.session.progress else {
            unreachable!("a last chunk ends a message");
        };
        if let Some(doom) = message.finish() {
            let wire_octets = message.wire_octets();
            self.refuse_message(doom, wire_octets);
            return None;
        }
        let Progress::Chunks(message) = std::mem::replace(&mut self.session.progress, Progress::Greeted)
        else {
            unreachable!("looked at above");
        };
        let (envelope, body, mended) = message.into_message();
        Some(self.message_arrived(body, mended, envelope))
    }

    /// Says what is wrong with a message that has been thrown away, and ends its transaction.
    pub(super) fn refuse_message(&mut self, doom: Doom, wire_octets: u64) {
        self.record.said(
            Speaker::Client,
            format!("[refused message of {wire_octets} octets]").as_bytes(),
        );
        self.session.messages += 1;
        let bytes_max = self.session.settings.message_bytes_max;
        let detail = match doom {
            Doom::TooLarge => format!("{wire_octets} octets, limit {bytes_max}"),
            Doom::Fault(fault) => fault.to_string(),
        };
        self.fault(data::refusal(doom), detail.as_bytes());
        self.session.end_transaction();
    }

    /// The message comes in too slowly to be waited for.
    pub(super) fn too_slow(&mut self) {
        self.abandon_body(IncidentKind::TimedOut, "too slow");
        self.close(&refusals::TOO_SLOW.reply, Ending::TimedOut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_size_and_last() {
        let rows = [
            ("5", Some((5, false)), "a size"),
            ("0 LAST", Some((0, true)), "nothing, and the end"),
            ("007  last", Some((7, true)), "zeros in front; any case"),
            (
                "99999999999999999999",
                Some((u64::MAX, false)),
                "over 64 bits: over the limit later",
            ),
            ("", None, "no size"),
            ("LAST", None, "no size but an end"),
            ("-1", None, "negative"),
            ("0x10", None, "not decimal"),
            ("5 LASTLY", None, "no such word"),
            ("5 LAST 6", None, "more words"),
        ];
        for (argument, expected, reason) in rows {
            let chunk = parse(argument).map(|chunk| (chunk.octets, chunk.last));
            assert_eq!(chunk, expected, "{argument}: {reason}");
        }
    }
}
