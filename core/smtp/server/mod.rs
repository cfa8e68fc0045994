//! The receiving machine: one connection. RFC 5321 §3 (procedures), §4.1.4 (order), RFC 2920 §3.2 (pipelining).
//!
//! The driver owns socket and clock and calls in a circle:
//!
//! ```text
//! new, tls_established?, early_input?, open, then over and over:
//!   next_step(now) -> Read | ReadBody   send take_output(); take_buffer(), read within deadline(), give_buffer()
//!                   | Ask(question)     answer(), answer_and_close() or answer_message()
//!                   | StartTls          send take_output(); handshake; tls_established() or tls_failed()
//!                   | Delay(time)       wait
//!                   | Close(ending)     send take_output(); close
//! ```
//!
//! Replies are collected and leave together when the machine needs input, in the order of their commands. After each
//! step the driver takes incidents and refusals. A refusal at stage `sender` has no MID; the others belong to the MID
//! given out last, so they are taken before a new [`Question::Sender`] is answered.

mod auth;
mod bdat;
mod buffer;
mod chunks;
mod commands;
mod conduct;
mod data;
mod drip;
mod dsn;
mod hello;
mod line;
mod parameters;
mod path;
mod patience;
mod question;
mod receiving;
mod recipient;
mod record;
mod secrets;
mod sender;
mod session;
mod starttls;
mod wire;
mod xclient;
mod xtext;

pub use question::{
    BareLineEnds, Credentials, Offer, ProtocolRefusal, Question, ServerSettings, Step, Stored,
    XclientAttribute, XclientName,
};

use auth::Exchange;
use bytes::BytesMut;
use chunks::Swallowing;
use drip::Drip;
use line::{Expected, Lines};
use patience::Mistakes;
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{Reply, Timestamp};
use receiving::{Arrival, Receiving};
use record::Record;
use secrets::Secrets;
use session::{Asked, Progress, Session};
use std::sync::Arc;

/// One connection.
pub struct Server {
    session: Session,
    phase: Phase,
    lines: Lines,
    /// When the line under way began to come, if one did.
    line_began: Option<Timestamp>,
    /// The rate at which the message under way comes in.
    drip: Drip,
    output: BytesMut,
    mistakes: Mistakes,
    secrets: Secrets,
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
    /// The next line answers a challenge of AUTH.
    Challenged(Exchange),
    Asked(Asked),
    /// The octets are a message's, behind DATA.
    Data(Box<Receiving>),
    /// They are a chunk's of the message in [`Progress::Chunks`].
    Chunk,
    /// They are a chunk's that is thrown away.
    Swallow(Box<Swallowing>),
    /// They are TLS.
    StartTls,
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
        let mut record = Record::new(now);
        record.keep(settings.conversation_lines);
        Self {
            session: Session {
                settings,
                progress: Progress::Connected,
                tls: false,
                user: None,
                auth_failures: 0,
                messages: 0,
            },
            phase: Phase::Opening,
            lines: Lines::new(),
            line_began: None,
            drip: Drip::new(now),
            output: BytesMut::new(),
            mistakes: Mistakes::default(),
            secrets: Secrets::default(),
            record,
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
        self.record
            .incident(IncidentKind::EarlyTalker, &secrets::shown_in_mass(octets));
        self.lines.push_early(octets);
    }

    /// Greets the client, or turns it away: the refusal takes the banner's place and the connection is closed (RFC 5321
    /// §3.1 and §3.8; waiting for its QUIT, as §3.1 has it, would keep what was refused). Behind a [`Question::Xclient`]
    /// that was answered yes it is called again; a connection that was lost meanwhile it leaves alone.
    pub fn open(&mut self, answer: Result<(), Reply>) {
        match self.phase {
            Phase::Opening => {}
            Phase::Closing(_) => return,
            _ => unreachable!("a connection is opened once, and after XCLIENT"),
        }
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
                return Step::Delay(self.session.settings.error_delay);
            }
            let step = match &self.phase {
                Phase::Opening => unreachable!("next_step before open"),
                Phase::Asked(_) => unreachable!("next_step before the answer"),
                Phase::Closing(ending) => Some(Step::Close(*ending)),
                Phase::StartTls => Some(Step::StartTls),
                Phase::Commands | Phase::Challenged(_) => self.hear_line(),
                Phase::Data(_) => self.receive_body(),
                Phase::Chunk => self.receive_chunk(),
                Phase::Swallow(_) => self.swallow_chunk(),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Goes on with the next line; `None` when it is done with.
    fn hear_line(&mut self) -> Option<Step> {
        let expected = match &self.phase {
            Phase::Challenged(_) => Expected::Response,
            _ if self.session.offers_auth() => Expected::CommandOrAuth,
            _ => Expected::Command,
        };
        let Some(line) = self.lines.next(expected) else {
            let now = self.record.now();
            let began = self.line_began.unwrap_or(now);
            self.line_began = self.lines.is_partial().then_some(began);
            return Some(Step::Read);
        };
        self.line_began = None;
        let question = match std::mem::replace(&mut self.phase, Phase::Commands) {
            Phase::Challenged(exchange) => self.hear_response(exchange, &line),
            _ => self.obey(&line),
        };
        question.map(Step::Ask)
    }

    /// Goes on with the body behind DATA; `None` when it is done with.
    fn receive_body(&mut self) -> Option<Step> {
        let Phase::Data(receiving) = &mut self.phase else {
            unreachable!("called in this phase only");
        };
        match receiving.arrived() {
            Arrival::More if self.drip.is_too_slow() => self.too_slow(),
            Arrival::More => return Some(Step::ReadBody),
            Arrival::Whole { body, mended, rest } => {
                self.lines.give_buffer(rest);
                let envelope = self
                    .session
                    .end_transaction()
                    .expect("DATA is in order only with a transaction");
                return Some(Step::Ask(self.message_arrived(body, mended, envelope)));
            }
            Arrival::Doomed { doom, rest } => {
                let wire_octets = receiving.wire_octets();
                self.refuse_body(doom, wire_octets, rest);
            }
        }
        None
    }

    /// The settings for the client that a trusted proxy has named; before [`Self::open`].
    pub fn set_settings(&mut self, settings: Arc<ServerSettings>) {
        self.record.keep(settings.conversation_lines);
        self.session.settings = settings;
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
            Err(reply) => self.refuse(asked, &reply),
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
            Err(reply) => self.refuse(Asked::Message, &reply),
        }
        self.finish_if_last();
    }
}
