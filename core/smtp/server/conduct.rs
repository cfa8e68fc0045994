//! What the machine does with a command, an answer or a body: the one place that speaks and that changes the phase.

use super::auth::{self, Exchange};
use super::buffer::MessageBuffer;
use super::chunks::{Answer, Swallowing};
use super::drip::Drip;
use super::line::{Came, CommandLine, LineForm};
use super::patience::Patience;
use super::question::{ProtocolRefusal, Question};
use super::receiving::{Doom, Receiving};
use super::secrets::SECRET;
use super::session::{Asked, Consequence, Fault, Outcome, Progress};
use super::{Pace, Phase, Server, commands, hello, recipient, sender};
use crate::body::BodyFault;
use crate::replies;
use bytes::BytesMut;
use postern_vocab::events::{Ending, IncidentKind, Speaker, Stage};
use postern_vocab::{Envelope, Reply, refusals};
use std::fmt::Write;

impl Server {
    /// Reads one line as a command and does it.
    pub(super) fn obey(&mut self, line: &CommandLine) -> Option<Question> {
        let shown = self.secrets.shown(&line.octets);
        self.record.said(Speaker::Client, &shown);
        let greeted = !matches!(self.session.progress, Progress::Connected);
        let outcome = match (line.form, line.came) {
            (LineForm::Foreign, _) if line.octets.starts_with(b"PROXY ") => {
                Fault::closing(refusals::PROXY_NOT_TRUSTED).into()
            }
            (LineForm::Foreign, _) => Fault::closing(refusals::NOT_SMTP).into(),
            (LineForm::TooLong, _) => commands::disobey(&line.octets, refusals::LINE_TOO_LONG),
            (LineForm::BareLineEnd, _) => commands::disobey(&line.octets, refusals::BARE_LINE_END),
            // Whoever has said all it came to say may go: that needs no answer of ours.
            (LineForm::Whole, Came::BeforeBanner) if greeted && !commands::is_quit(&line.octets) => {
                commands::disobey(&line.octets, refusals::SENT_TOO_EARLY)
            }
            (LineForm::Whole, _) => commands::obey(&mut self.session, &line.octets),
        };
        self.conduct(outcome, &shown)
    }

    /// Reads one line as the answer to a challenge of AUTH.
    pub(super) fn hear_response(&mut self, exchange: Exchange, line: &CommandLine) -> Option<Question> {
        let shown = match &line.octets[..] {
            b"*" => b"*",
            _ => SECRET,
        };
        self.record.said(Speaker::Client, shown);
        let outcome = match line.form {
            LineForm::TooLong => refusals::AUTH_LINE_TOO_LONG.into(),
            LineForm::BareLineEnd => refusals::BARE_LINE_END.into(),
            LineForm::Foreign | LineForm::Whole => auth::respond(&mut self.session, exchange, &line.octets),
        };
        self.conduct(outcome, shown)
    }

    /// Does what a line came to. `shown` is the line as it may be recorded.
    fn conduct(&mut self, outcome: Outcome, shown: &[u8]) -> Option<Question> {
        match outcome {
            Outcome::Say(reply) => self.say(&reply),
            Outcome::Fault(fault) => self.fault(fault, shown),
            Outcome::Bye => self.close(&replies::BYE, Ending::Quit),
            Outcome::StartTls => self.start_tls(),
            Outcome::Chunk(chunk) => self.begin_chunk(chunk),
            Outcome::Swallow(chunk, fault) => {
                let swallowing = Swallowing::new(chunk, Answer::Fault(fault), shown.to_vec());
                self.begin_swallowing(swallowing);
            }
            Outcome::Challenge(exchange, challenge) => {
                self.say(&challenge);
                self.phase = Phase::Challenged(exchange);
            }
            Outcome::Ask(asked, question) => {
                self.phase = Phase::Asked(asked);
                return Some(question);
            }
        }
        None
    }

    /// Says what is wrong, keeps it for tracking, and decides whether the client may go on. `octets` are those at fault.
    pub(super) fn fault(&mut self, fault: Fault, octets: &[u8]) {
        let Fault { refusal, consequence } = fault;
        if let Some(kind) = refusal.event {
            self.record.incident(kind, octets);
        }
        match consequence {
            Consequence::Closes => return self.close(&refusal.reply, Ending::Closed),
            Consequence::Refuses(stage, rule) => self.track_refusal(&refusal.reply, stage, rule, octets),
            Consequence::Goes => {}
        }
        let errors_max = self.session.settings.errors_max;
        let patience = refusal
            .event
            .map_or(Patience::Left, |kind| self.mistakes.count(kind, errors_max));
        match patience {
            Patience::Left => self.say(&refusal.reply),
            Patience::Thin => {
                self.say(&refusal.reply);
                self.pace = Pace::Slow;
            }
            Patience::Gone => {
                self.record.incident(IncidentKind::TooManyErrors, octets);
                self.close(&refusals::TOO_MANY_ERRORS.reply, Ending::Closed);
            }
        }
    }

    fn track_refusal(&mut self, reply: &Reply, stage: Stage, rule: &'static str, octets: &[u8]) {
        let envelope = self.session.envelope();
        let refusal = ProtocolRefusal {
            stage,
            sender: envelope.map(|envelope| envelope.sender.clone()),
            recipient: (stage == Stage::Recipient).then(|| postern_vocab::text::escaped(octets)),
            accepted_recipients: envelope
                .map(|envelope| envelope.recipients.clone())
                .unwrap_or_default(),
            reply: reply.clone(),
            rule,
        };
        self.record.refusal(refusal);
    }

    /// The answer was yes.
    pub(super) fn accept(&mut self, asked: Asked) {
        match asked {
            Asked::Hello { extended } => {
                let lines = hello::accepted(&mut self.session, extended);
                self.say_lines(250, &lines);
            }
            Asked::Login { user } => {
                auth::accepted(&mut self.session, user);
                self.say(&replies::LOGGED_IN);
            }
            // The driver opens the connection again, for the client that was named.
            Asked::Xclient => {
                self.session.begin_anew();
                self.phase = Phase::Opening;
            }
            Asked::Sender(envelope) => {
                let reply = sender::accepted(&mut self.session, envelope);
                self.say(&reply);
            }
            Asked::Recipient(address, dsn) => {
                let reply = recipient::accepted(&mut self.session, address, *dsn);
                self.say(&reply);
            }
            Asked::Data => self.begin_data(),
            Asked::Chunk(chunk) => self.begin_chunk(chunk),
            Asked::Message => unreachable!("a message is answered with answer_message"),
        }
    }

    fn begin_data(&mut self) {
        self.say(&replies::SEND_DATA);
        let envelope = self.session.envelope();
        let declared = envelope.and_then(|envelope| envelope.declared_bytes);
        let settings = &self.session.settings;
        let pipelined = self.lines.take_rest();
        let buffer = MessageBuffer::new(declared, settings.message_bytes_max, &pipelined);
        let receiving = Receiving::new(buffer, settings.message_bytes_max, settings.bare_line_ends);
        self.drip = Drip::new(self.record.now());
        self.phase = Phase::Data(Box::new(receiving));
    }

    /// The answer was no.
    pub(super) fn refuse(&mut self, asked: Asked, reply: &Reply) {
        assert!(
            reply.is_temporary() || reply.is_permanent(),
            "a refusal is 4yz or 5yz: {reply}"
        );
        match asked {
            _ if reply.code == 421 => self.close(reply, Ending::Closed),
            Asked::Chunk(chunk) => {
                let swallowing = Swallowing::new(chunk, Answer::Reply(reply.clone()), Vec::new());
                self.begin_swallowing(swallowing);
            }
            // One that could not be checked counts too: it may be the guessing that makes it so.
            Asked::Login { user } => {
                self.record
                    .incident(IncidentKind::AuthFailed, format!("log-in of {user}").as_bytes());
                let Fault { refusal, consequence } = auth::failed(&mut self.session);
                match consequence {
                    Consequence::Closes => self.close(&refusal.reply, Ending::Closed),
                    _ => self.say(reply),
                }
            }
            _ => self.say(reply),
        }
    }

    /// The end of a body that can be taken: the transaction is over, whatever the answer (RFC 5321 §4.1.1.4).
    pub(super) fn message_arrived(
        &mut self,
        body: BytesMut,
        mended: Option<BodyFault>,
        envelope: Envelope,
    ) -> Question {
        self.record.said(
            Speaker::Client,
            format!("[message of {} octets]", body.len()).as_bytes(),
        );
        if let Some(fault) = mended {
            self.record
                .incident(IncidentKind::Smuggling, format!("normalised: {fault}").as_bytes());
        }
        self.session.messages += 1;
        self.phase = Phase::Asked(Asked::Message);
        Question::Message { body, envelope }
    }

    /// The end of a body behind DATA that cannot be taken, or the end of our patience with one. One over the limit also
    /// ends the connection: where DATA ends is all that the client's word is good for.
    pub(super) fn refuse_body(&mut self, doom: Doom, wire_octets: u64, rest: BytesMut) {
        self.lines.give_buffer(rest);
        self.phase = Phase::Commands;
        self.refuse_message(doom, wire_octets);
        if doom == Doom::TooLarge && !matches!(self.phase, Phase::Closing(_)) {
            self.phase = Phase::Closing(Ending::Closed);
        }
    }

    /// Says the last reply when the daemon stopped while a question was out.
    pub(super) fn finish_if_last(&mut self) {
        if self.pace == Pace::LastReply && !matches!(self.phase, Phase::Closing(_)) {
            self.close(&refusals::STOPPING.reply, Ending::Shutdown);
        }
    }

    pub(super) fn say(&mut self, reply: &Reply) {
        let start = self.output.len();
        write!(self.output, "{reply}").expect("BytesMut grows");
        self.record.said(Speaker::Server, &self.output[start..]);
        self.output.extend_from_slice(b"\r\n");
    }

    /// A reply of several lines. RFC 5321 §4.2.1.
    fn say_lines(&mut self, code: u16, lines: &[String]) {
        for (at, line) in lines.iter().enumerate() {
            let mark = if at + 1 < lines.len() { '-' } else { ' ' };
            let start = self.output.len();
            write!(self.output, "{code}{mark}{line}").expect("BytesMut grows");
            self.record.said(Speaker::Server, &self.output[start..]);
            self.output.extend_from_slice(b"\r\n");
        }
    }

    pub(super) fn close(&mut self, reply: &Reply, ending: Ending) {
        self.say(reply);
        self.phase = Phase::Closing(ending);
    }
}
