//! What the commands read and change: how far the conversation has come, and what a command comes to. RFC 5321 §4.1.4.

use super::question::{Question, ServerSettings};
use postern_vocab::events::{IncidentKind, Stage};
use postern_vocab::{Address, Envelope, Reply};
use std::sync::Arc;

/// The state that commands change.
pub(super) struct Session {
    pub(super) settings: Arc<ServerSettings>,
    pub(super) progress: Progress,
    /// Messages whose data was received.
    pub(super) messages: u32,
}

/// How far the conversation has come.
pub(super) enum Progress {
    /// No HELO or EHLO was accepted yet.
    Connected,
    /// Between messages.
    Greeted,
    /// MAIL was accepted.
    Transaction(Envelope),
}

/// What a command comes to.
pub(super) enum Outcome {
    /// This reply, and nothing has changed that the command has not changed itself.
    Say(Reply),
    /// It depends on the answer.
    Ask(Asked, Question),
    /// The client's mistake, or a limit: the reply, with an incident and perhaps a refusal for tracking.
    Fault(Fault),
    /// QUIT.
    Bye,
}

/// The client's mistake, or a limit it reached.
pub(super) struct Fault {
    pub(super) reply: Reply,
    pub(super) kind: IncidentKind,
    pub(super) consequence: Consequence,
}

/// What follows a fault besides its reply.
#[derive(Clone, Copy)]
pub(super) enum Consequence {
    /// The client may go on.
    Goes,
    /// It may go on, and a sender or a recipient was refused by this rule.
    Refuses(Stage, &'static str),
    /// The connection is closed.
    Closes,
}

/// The question that is out, with what a yes will need.
pub(super) enum Asked {
    Hello { extended: bool },
    Sender(Envelope),
    Recipient(Address),
    Data,
    Message,
}

impl Session {
    /// The open transaction.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match &self.progress {
            Progress::Transaction(envelope) => Some(envelope),
            Progress::Connected | Progress::Greeted => None,
        }
    }

    /// Ends the transaction, if there is one, and hands it out.
    pub(super) fn end_transaction(&mut self) -> Option<Envelope> {
        match std::mem::replace(&mut self.progress, Progress::Greeted) {
            Progress::Transaction(envelope) => Some(envelope),
            Progress::Greeted => None,
            Progress::Connected => {
                self.progress = Progress::Connected;
                None
            }
        }
    }
}

impl Fault {
    /// A command that is wrong in itself.
    pub(super) fn malformed(reply: Reply) -> Outcome {
        Self {
            reply,
            kind: IncidentKind::BadArguments,
            consequence: Consequence::Goes,
        }
        .into()
    }

    /// A sender or a recipient refused by the protocol.
    pub(super) fn refusing(reply: Reply, kind: IncidentKind, stage: Stage, rule: &'static str) -> Outcome {
        Self {
            reply,
            kind,
            consequence: Consequence::Refuses(stage, rule),
        }
        .into()
    }

    /// The client may not go on.
    pub(super) fn closing(reply: Reply, kind: IncidentKind) -> Outcome {
        Self {
            reply,
            kind,
            consequence: Consequence::Closes,
        }
        .into()
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
