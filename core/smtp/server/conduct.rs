//! What the machine does with a command, an answer or a body: the one place that speaks and that changes the phase.

use super::line::{Came, CommandLine, LineForm};
use super::patience::Patience;
use super::question::{ProtocolRefusal, Question};
use super::receiving::{Doom, Receiving};
use super::session::{Asked, Consequence, Fault, Outcome, Progress};
use super::{Pace, Phase, Server, commands, data, hello, recipient, sender};
use crate::replies;
use bytes::BytesMut;
use postern_vocab::Reply;
use postern_vocab::events::{Ending, IncidentKind, Speaker, Stage};
use std::fmt::Write;

impl Server {
    /// Reads one line as a command and does it.
    pub(super) fn obey(&mut self, line: &CommandLine) -> Option<Question> {
        self.record.said(Speaker::Client, &line.octets);
        let greeted = !matches!(self.session.progress, Progress::Connected);
        let goes_on = |reply, kind| {
            Fault {
                reply,
                kind,
                consequence: Consequence::Goes,
            }
            .into()
        };
        let outcome = match (line.form, line.came) {
            (LineForm::Foreign, _) => Fault::closing(replies::NOT_SMTP, IncidentKind::NotSmtp),
            (LineForm::TooLong, _) => goes_on(replies::LINE_TOO_LONG, IncidentKind::LineTooLong),
            (LineForm::BareLineEnd, _) => goes_on(replies::BARE_LINE_END, IncidentKind::BareLineEnd),
            (LineForm::Whole, Came::BeforeBanner) if greeted => {
                goes_on(replies::SENT_TOO_EARLY, IncidentKind::BadSequence)
            }
            (LineForm::Whole, _) => commands::obey(&mut self.session, &line.octets),
        };
        match outcome {
            Outcome::Say(reply) => self.say(&reply),
            Outcome::Fault(fault) => self.fault(fault, &line.octets),
            Outcome::Bye => self.close(&replies::BYE, Ending::Quit),
            Outcome::Ask(asked, question) => {
                self.phase = Phase::Asked(asked);
                return Some(question);
            }
        }
        None
    }

    /// Says what is wrong, keeps it for tracking, and decides whether the client may go on. `octets` are those at fault.
    fn fault(&mut self, fault: Fault, octets: &[u8]) {
        self.record.incident(fault.kind, octets);
        match fault.consequence {
            Consequence::Closes => return self.close(&fault.reply, Ending::Closed),
            Consequence::Refuses(stage, rule) => self.track_refusal(&fault.reply, stage, rule, octets),
            Consequence::Goes => {}
        }
        match self.mistakes.count(fault.kind) {
            Patience::Left => self.say(&fault.reply),
            Patience::Thin => {
                self.say(&fault.reply);
                self.pace = Pace::Slow;
            }
            Patience::Gone => {
                self.record.incident(IncidentKind::TooManyErrors, octets);
                self.close(&replies::TOO_MANY_ERRORS, Ending::Closed);
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
            Asked::Sender(envelope) => {
                let reply = sender::accepted(&mut self.session, envelope);
                self.say(&reply);
            }
            Asked::Recipient(address) => {
                let reply = recipient::accepted(&mut self.session, address);
                self.say(&reply);
            }
            Asked::Data => {
                self.say(&replies::SEND_DATA);
                let declared = self
                    .session
                    .envelope()
                    .and_then(|envelope| envelope.declared_bytes);
                let bytes_max = self.session.settings.message_bytes_max;
                let pipelined = self.lines.take_rest();
                self.phase = Phase::Data(Receiving::new(declared, bytes_max, &pipelined));
            }
            Asked::Message => unreachable!("a message is answered with answer_message"),
        }
    }

    /// The answer was no.
    pub(super) fn refuse(&mut self, reply: &Reply) {
        assert!(
            reply.is_temporary() || reply.is_permanent(),
            "a refusal is 4yz or 5yz: {reply}"
        );
        match reply.code {
            421 => self.close(reply, Ending::Closed),
            _ => self.say(reply),
        }
    }

    /// The end of a body that can be taken: the transaction is over, whatever the answer (RFC 5321 §4.1.1.4).
    pub(super) fn message_arrived(&mut self, body: BytesMut, rest: BytesMut) -> Question {
        self.record.said(
            Speaker::Client,
            format!("[message of {} octets]", body.len()).as_bytes(),
        );
        self.lines.give_buffer(rest);
        self.session.messages += 1;
        self.phase = Phase::Asked(Asked::Message);
        let envelope = self
            .session
            .end_transaction()
            .expect("DATA is in order only with a transaction");
        Question::Message { body, envelope }
    }

    /// The end of a body that cannot be taken, or the end of our patience with one.
    pub(super) fn refuse_body(&mut self, doom: Doom, wire_octets: u64, rest: BytesMut) {
        self.record.said(
            Speaker::Client,
            format!("[refused message of {wire_octets} octets]").as_bytes(),
        );
        self.lines.give_buffer(rest);
        self.session.messages += 1;
        let detail = match doom {
            Doom::TooLarge => {
                format!(
                    "{wire_octets} octets, limit {}",
                    self.session.settings.message_bytes_max
                )
            }
            Doom::Fault(fault) => fault.to_string(),
        };
        self.fault(data::refusal(doom), detail.as_bytes());
        self.session.end_transaction();
        self.phase = match doom {
            Doom::TooLarge => Phase::Closing(Ending::Closed),
            Doom::Fault(_) => Phase::Commands,
        };
    }

    /// Says the last reply when the daemon stopped while a question was out.
    pub(super) fn finish_if_last(&mut self) {
        if self.pace == Pace::LastReply && !matches!(self.phase, Phase::Closing(_)) {
            self.close(&replies::SHUTTING_DOWN, Ending::Shutdown);
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
