//! What the machine asks of its driver, and what the driver may answer with: the whole vocabulary between protocol and
//! everything that is not protocol.

use bytes::BytesMut;
use postern_vocab::events::{Ending, Stage};
use postern_vocab::{Address, BodyKind, Envelope, Mid, Reply, ReversePath};
use std::time::Duration;

/// What the configuration says to the protocol.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Our name in the banner and the EHLO reply.
    pub hostname: String,
    /// The mailbox that `RCPT TO:<postmaster>` without a domain stands for. RFC 5321 §4.5.1.
    pub postmaster: Address,
    /// The largest message, as SIZE announces it. RFC 1870.
    pub message_bytes_max: u64,
    /// Recipients of one message; RFC 5321 §4.5.3.1.8 demands at least 100.
    pub recipients_max: usize,
    /// Messages of one connection whose data was received.
    pub messages_max: u32,
}

/// What the driver has to do next.
#[derive(Debug)]
pub enum Step {
    /// Send the output, then read into the command buffer.
    Read,
    /// Send the output, then read into the message's own buffer.
    ReadBody,
    /// Find the answer and give it. Before a [`Question::Message`] the output is sent, since storing takes long.
    Ask(Question),
    /// The client makes too many errors: wait this long, with the output unsent, then take the next step.
    Delay(Duration),
    /// Send the output, then close.
    Close(Ending),
}

/// What only policy or the journal can answer.
#[derive(Debug)]
pub enum Question {
    /// HELO or EHLO. A bad name is a fact, not an error (RFC 5321 §4.1.4 forbids refusing it for DNS reasons).
    Hello {
        /// The argument as sent.
        name: String,
        /// Whether it was EHLO.
        extended: bool,
        /// Whether the name is a domain or an address literal.
        valid: bool,
    },
    /// MAIL FROM. Yes opens a transaction, and the driver gives it its MID.
    Sender {
        /// Whom a bounce goes to.
        path: ReversePath,
        /// BODY=.
        body: BodyKind,
        /// SIZE=, within the limit.
        declared_bytes: Option<u64>,
    },
    /// RCPT TO. [`super::Server::envelope`] has the sender and the recipients taken so far. The local part may hold a
    /// percent or bang route: whether that is relaying is policy's to say.
    Recipient {
        /// The recipient, source route dropped.
        address: Address,
    },
    /// DATA: whether there is room for a message now.
    Data,
    /// A whole message: store it or refuse it.
    Message {
        /// Dot-unstuffed, without the end-of-data line; the very buffer it was received into.
        body: BytesMut,
        /// Sender and recipients.
        envelope: Envelope,
    },
}

/// Proof that a message is on stable storage. Only a value of such a type makes the machine say the final 250, so
/// whoever can make one carries the promise that no mail is lost after it: the journal.
pub trait Stored {
    /// Its id, for the reply.
    fn mid(&self) -> Mid;
}

/// Sender, recipient or data refused by the protocol itself, without a question: tracking must see it all the same.
#[derive(Clone, PartialEq, Debug)]
pub struct ProtocolRefusal {
    /// Where.
    pub stage: Stage,
    /// The sender, once one was taken.
    pub sender: Option<ReversePath>,
    /// At stage `recipient`, the argument of RCPT as sent, escaped and cut: it may not be an address at all.
    pub recipient: Option<String>,
    /// Recipients taken so far.
    pub accepted_recipients: Vec<Address>,
    /// What the client was told.
    pub reply: Reply,
    /// The rule behind it: `message size`, `bare line feed`.
    pub rule: &'static str,
}
