//! The receiving machine: one connection. RFC 5321 §3 (procedures), §4.1.4 (order), RFC 2920 §3.2 (pipelining).
//!
//! The driver owns socket and clock and calls in a circle:
//!
//! ```text
//! new, early_input?, open, then over and over:
//!   next_step(now) -> Read | ReadBody   send take_output(); take_buffer(), read, give_buffer()
//!                   | Ask(question)     answer() or answer_message()
//!                   | Delay(time)       wait
//!                   | Close(ending)     send take_output(); close
//! ```
//!
//! Replies are collected and leave together when the machine needs input, in the order of their commands. After each
//! step the driver takes incidents and refusals. A refusal at stage `sender` has no MID; the others belong to the MID
//! given out last, so they are taken before a new [`Question::Sender`] is answered.

mod commands;
mod conduct;
mod data;
mod hello;
mod line;
mod parameters;
mod path;
mod patience;
mod question;
mod receiving;
mod recipient;
mod record;
mod sender;
mod session;
mod wire;

pub use question::{
    BareLineEnds, Credentials, Offer, ProtocolRefusal, Question, ServerSettings, Step, Stored,
    XclientAttribute, XclientName,
};

use bytes::BytesMut;
use line::Lines;
use patience::Mistakes;
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{Reply, Timestamp, limits};
use receiving::{Arrival, Receiving};
use record::Record;
use session::{Asked, Progress, Session};
use std::sync::Arc;

/// One connection.
pub struct Server {
    session: Session,
    phase: Phase,
    lines: Lines,
    output: BytesMut,
    mistakes: Mistakes,
    record: Record,
    pace: Pace,
    received_bytes: u64,
    accepted_messages: u32,
}

/// What the machine is doing.
enum Phase {
    /// `open` has not been called.
    Opening,
    Commands,
    Asked(Asked),
    Data(Receiving),
    Closing(Ending),
}

/// What is due before the next command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Steady,
    /// The client errs too much: a delay.
    Slow,
    /// The daemon stops while a question is out: the answer is still passed on.
    LastReply,
}

impl Server {
    /// A connection that was accepted at `now`.
    #[must_use]
    pub fn new(settings: Arc<ServerSettings>, now: Timestamp) -> Self {
        Self {
            session: Session {
                settings,
                progress: Progress::Connected,
                messages: 0,
            },
            phase: Phase::Opening,
            lines: Lines::new(),
            output: BytesMut::new(),
            mistakes: Mistakes::default(),
            record: Record::new(now),
            pace: Pace::Steady,
            received_bytes: 0,
            accepted_messages: 0,
        }
    }

    /// Octets that came before the banner. A greeting among them is answered in its turn; what follows a greeting was
    /// written without knowing our answer and gets 503 (RFC 5321 §3.1, RFC 2920 §3.1).
    pub fn early_input(&mut self, octets: &[u8]) {
        assert!(
            matches!(self.phase, Phase::Opening),
            "early input comes before the banner"
        );
        self.count_received(octets.len());
        self.record.incident(IncidentKind::EarlyTalker, octets);
        self.lines.push_early(octets);
    }

    /// Greets the client, or turns it away: the refusal takes the banner's place and the connection is closed (RFC 5321
    /// §3.1 and §3.8; waiting for its QUIT, as §3.1 has it, would keep what was refused).
    pub fn open(&mut self, answer: Result<(), Reply>) {
        assert!(
            matches!(self.phase, Phase::Opening),
            "a connection is opened once"
        );
        match answer {
            Ok(()) => {
                let settings = &self.session.settings;
                let banner = format!("{} {}", settings.hostname, settings.banner);
                self.say(&Reply::made(220, "", &banner));
                self.phase = Phase::Commands;
            }
            Err(reply) => self.close(&reply, Ending::Closed),
        }
    }

    /// Goes on as far as it can without the driver.
    pub fn next_step(&mut self, now: Timestamp) -> Step {
        self.record.at(now);
        loop {
            if self.pace == Pace::Slow {
                self.pace = Pace::Steady;
                return Step::Delay(limits::ERROR_DELAY);
            }
            match &mut self.phase {
                Phase::Opening => unreachable!("next_step before open"),
                Phase::Asked(_) => unreachable!("next_step before the answer"),
                Phase::Closing(ending) => return Step::Close(*ending),
                Phase::Commands => match self.lines.next() {
                    None => return Step::Read,
                    Some(line) => {
                        if let Some(question) = self.obey(&line) {
                            return Step::Ask(question);
                        }
                    }
                },
                Phase::Data(receiving) => match receiving.arrived() {
                    Arrival::More => return Step::ReadBody,
                    Arrival::Whole { body, rest } => return Step::Ask(self.message_arrived(body, rest)),
                    Arrival::Doomed { doom, rest } => {
                        let wire_octets = receiving.wire_octets();
                        self.refuse_body(doom, wire_octets, rest);
                    }
                },
            }
        }
    }

    /// The settings for the client that a trusted proxy has named; before [`Self::open`].
    pub fn set_settings(&mut self, settings: Arc<ServerSettings>) {
        self.session.settings = settings;
    }

    /// The TLS handshake that [`Step::StartTls`] asked for is done. On a listener whose connections begin with TLS it is
    /// called before [`Self::open`]. RFC 3207 §4.2: the conversation begins anew.
    pub fn tls_established(&mut self, now: Timestamp) {
        self.record.at(now);
    }

    /// It failed: the connection is never taken back into the clear.
    pub fn tls_failed(&mut self, reason: &str, now: Timestamp) {
        self.record.at(now);
        self.record.incident(IncidentKind::TlsFailed, reason.as_bytes());
        self.phase = Phase::Closing(Ending::Closed);
    }

    /// Answers no, with any 4yz or 5yz, and closes the connection behind it.
    pub fn answer_and_close(&mut self, reply: &Reply) {
        match std::mem::replace(&mut self.phase, Phase::Commands) {
            Phase::Closing(ending) => self.phase = Phase::Closing(ending),
            _ => self.close(reply, Ending::Closed),
        }
    }

    /// Answers any question but a message. `Err` is the refusal, with code 4yz or 5yz; 421 also closes (RFC 5321 §3.8).
    /// An answer that finds the connection lost changes nothing.
    pub fn answer(&mut self, answer: Result<(), Reply>) {
        let asked = match std::mem::replace(&mut self.phase, Phase::Commands) {
            Phase::Asked(Asked::Message) => unreachable!("a message is answered with answer_message"),
            Phase::Asked(asked) => asked,
            Phase::Closing(ending) => return self.phase = Phase::Closing(ending),
            _ => unreachable!("an answer without a question"),
        };
        match answer {
            Ok(()) => self.accept(asked),
            Err(reply) => self.refuse(&reply),
        }
        self.finish_if_last();
    }

    /// Answers a message. Only what is stored gets the positive reply, and it is written here. It is our care from now
    /// on even when the connection is lost and nobody hears it (RFC 5321 §4.5.3.2.6).
    pub fn answer_message<S: Stored>(&mut self, answer: Result<S, Reply>) {
        self.accepted_messages += u32::from(answer.is_ok());
        match self.phase {
            Phase::Asked(Asked::Message) => self.phase = Phase::Commands,
            Phase::Closing(_) => return,
            _ => unreachable!("there is no message to answer"),
        }
        match answer {
            Ok(stored) => self.say(&Reply::made(
                250,
                "2.0.0",
                &format!("Ok: queued as {}", stored.mid()),
            )),
            Err(reply) => self.refuse(&reply),
        }
        self.finish_if_last();
    }
}
