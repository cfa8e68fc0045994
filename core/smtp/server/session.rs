//! What the commands read and change: how far the conversation has come, and what a command comes to. RFC 5321 §4.1.4.

use super::auth::Exchange;
use super::bdat::Chunk;
use super::chunks::ChunkedMessage;
use super::question::{Offer, Question, ServerSettings};
use postern_vocab::events::Stage;
use postern_vocab::{Address, Envelope, RecipientDsn, Refusal, Reply, refusals};
use std::sync::Arc;

/// The state that commands change.
pub(super) struct Session {
    pub(super) settings: Arc<ServerSettings>,
    pub(super) progress: Progress,
    /// Whether the octets go through TLS.
    pub(super) tls: bool,
    /// Who has logged in.
    pub(super) user: Option<String>,
    pub(super) auth_failures: u32,
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
    Transaction(Box<Envelope>),
    /// BDAT has begun the message.
    Chunks(Box<ChunkedMessage>),
}

/// What a command comes to.
pub(super) enum Outcome {
    /// This reply, and nothing has changed that the command has not changed itself.
    Say(Reply),
    /// It depends on the answer.
    Ask(Asked, Question),
    /// The client's mistake, or a limit: the reply, with an incident and perhaps a refusal for tracking.
    Fault(Fault),
    /// STARTTLS.
    StartTls,
    /// AUTH goes on with the client's next line.
    Challenge(Exchange, Reply),
    /// BDAT goes on with the message's next octets.
    Chunk(Chunk),
    /// BDAT was at fault, and that is said when its octets have gone by.
    Swallow(Chunk, Fault),
    /// QUIT.
    Bye,
}

/// The client's mistake, or a limit it reached.
pub(super) struct Fault {
    pub(super) refusal: Refusal,
    pub(super) consequence: Consequence,
}

/// What follows a fault besides its reply.
#[derive(Clone, Copy, PartialEq, Eq)]
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
    Login { user: String },
    Xclient,
    Sender(Box<Envelope>),
    Recipient(Address, Box<RecipientDsn>),
    Data,
    Chunk(Chunk),
    Message,
}

impl Session {
    /// The open transaction.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match &self.progress {
            Progress::Transaction(envelope) => Some(envelope),
            Progress::Chunks(message) => Some(&message.envelope),
            Progress::Connected | Progress::Greeted => None,
        }
    }

    /// Ends the transaction, if there is one, and hands it out.
    pub(super) fn end_transaction(&mut self) -> Option<Envelope> {
        if matches!(self.progress, Progress::Connected) {
            return None;
        }
        match std::mem::replace(&mut self.progress, Progress::Greeted) {
            Progress::Transaction(envelope) => Some(*envelope),
            Progress::Chunks(message) => Some(message.envelope),
            Progress::Connected | Progress::Greeted => None,
        }
    }

    /// The refusal of a command in the clear, where TLS is required. RFC 3207 §4.
    pub(super) fn needs_tls(&self) -> Option<Refusal> {
        (self.settings.tls == Offer::Required && !self.tls).then_some(refusals::TLS_FIRST)
    }

    /// Whether AUTH would be obeyed, by EHLO's word. RFC 4954 §4: never in the clear.
    pub(super) fn offers_auth(&self) -> bool {
        self.settings.auth != Offer::No && self.tls && self.user.is_none()
    }

    /// Forgets what the client said, as TLS and XCLIENT demand. RFC 3207 §4.2.
    pub(super) fn begin_anew(&mut self) {
        self.progress = Progress::Connected;
        self.user = None;
    }
}

impl Fault {
    /// The client may go on.
    pub(super) fn goes(refusal: Refusal) -> Self {
        Self {
            refusal,
            consequence: Consequence::Goes,
        }
    }

    /// A sender, a recipient or a message is refused by the protocol.
    pub(super) fn refusing(refusal: Refusal, stage: Stage, rule: &'static str) -> Self {
        Self {
            refusal,
            consequence: Consequence::Refuses(stage, rule),
        }
    }

    /// The client may not go on.
    pub(super) fn closing(refusal: Refusal) -> Self {
        Self {
            refusal,
            consequence: Consequence::Closes,
        }
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A refusal after which the client may go on.
impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Fault(Fault::goes(refusal))
    }
}
