//! The sending machine: one connection to a next hop, several messages one after another. RFC 5321 §3.3, §4.1.4, §4.5.4;
//! RFC 2920 §3.1 (what may be pipelined); RFC 3030 (BDAT), RFC 3461 (DSN), RFC 6531 (SMTPUTF8), RFC 9422 (LIMITS).
//!
//! ```text
//! new, begin, then over and over:
//!   next_step() -> Send(slices)  write them all
//!                | Read          received(octets), closed() or timed_out()
//!                | Sent(sent)    one message is done, recipient by recipient
//!                | Ready         begin() the next message or quit()
//!                | Done          close the socket
//! ```
//!
//! Whatever happens, every message that was begun comes back as [`Sent`], with a reply for each recipient: the hop's
//! own, or one of ours with 4yz when it gave none that can be understood. A hop that refuses the connection itself with
//! 5yz (banner, HELO) says nothing about the message, so that is temporary too.

mod conduct;
mod content;
mod dsn;
mod hop;
mod leaving;
mod message;
mod probe;
mod reply;
mod stuffing;

pub use content::body_kind;
pub use probe::{Probe, ProbeAnswer, ProbeStep};

use bytes::{Bytes, BytesMut};
use hop::Hop;
use leaving::Leaving;
use message::Message;
use postern_vocab::{Address, BodyKind, DsnRequest, Reply, ReversePath, Rid, limits};
use reply::ReplyReader;
use std::collections::VecDeque;
use std::time::Duration;

/// RCPT commands in one write: the replies to them must fit into the buffers between us, or both sides wait for the
/// other to read (RFC 2920 §3.1).
const RECIPIENTS_IN_GROUP_MAX: usize = 100;

/// One message to send, to recipients who share this next hop.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// MAIL FROM.
    pub sender: ReversePath,
    /// RCPT TO; never empty.
    pub recipients: Vec<(Rid, Address)>,
    /// What the octets are; [`body_kind`] tells. Binary ones go by BDAT.
    pub body: BodyKind,
    /// Whether it came with SMTPUTF8: addresses and header fields may hold UTF-8.
    pub smtputf8: bool,
    /// What the sender wants to hear; passed on to a hop that offers DSN.
    pub dsn: DsnRequest,
    /// Trace header and body, in order; sent as they are but for dot-stuffing.
    pub pieces: Vec<Bytes>,
    /// Octets of all pieces.
    pub bytes: u64,
}

/// What came of one message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Every recipient's reply, in the order of [`Outgoing::recipients`]: 2yz, 4yz or 5yz.
    pub outcomes: Vec<(Rid, Reply)>,
    /// The hop offers DSN and was told what the sender wants to hear: success is its to tell. RFC 3461 §5.2.2.
    pub dsn_passed_on: bool,
}

/// What the driver has to do next.
#[derive(PartialEq, Eq, Debug)]
pub enum ClientStep {
    /// Write these in order, all of them.
    Send(Vec<Bytes>),
    /// Read until the deadline.
    Read,
    /// A message is done.
    Sent(Sent),
    /// Nothing is under way.
    Ready,
    /// Close the socket.
    Done,
}

/// One connection to a next hop.
pub struct Client {
    hello_name: String,
    link: Link,
    transaction: Transaction,
    hop: Hop,
    message: Option<Message>,
    body: Option<Leaving>,
    /// MAIL commands said.
    transactions: u32,
    output: BytesMut,
    /// Commands that have not been answered, oldest first.
    awaited: VecDeque<Awaited>,
    replies: ReplyReader,
}

/// The connection as a whole.
enum Link {
    Up,
    /// QUIT is asked for.
    Leaving,
    /// Over, and what a message that is begun now comes to.
    Gone(Reply),
}

/// What the hop has of a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// MAIL was said, and no end of data since: RSET comes before the next one.
    LeftOpen,
}

/// What a reply answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Awaited {
    Banner,
    Ehlo,
    Helo,
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    EndOfData,
    Quit,
}

impl Client {
    /// A connection that was made. The first message may be begun at once; the greeting goes before it by itself.
    #[must_use]
    pub fn new(hello_name: &str) -> Self {
        Self {
            hello_name: hello_name.to_owned(),
            link: Link::Up,
            transaction: Transaction::None,
            hop: Hop::default(),
            message: None,
            body: None,
            transactions: 0,
            output: BytesMut::new(),
            awaited: VecDeque::from([Awaited::Banner]),
            replies: ReplyReader::default(),
        }
    }

    /// Begins the next message. One at a time.
    pub fn begin(&mut self, outgoing: Outgoing) {
        assert!(self.message.is_none(), "one message at a time");
        assert!(!outgoing.recipients.is_empty(), "a message has recipients");
        let mut message = Message::new(outgoing);
        if let Link::Gone(why) = &self.link {
            message.settle(why);
        }
        self.message = Some(message);
    }

    /// Whether the hop takes another message over this connection. RFC 9422 §4.1.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.hop.messages_max.is_none_or(|most| self.transactions < most)
    }

    /// Leaves once the message under way is done.
    pub fn quit(&mut self) {
        if matches!(self.link, Link::Up) {
            self.link = Link::Leaving;
        }
    }

    /// Goes on as far as it can without the driver.
    pub fn next_step(&mut self) -> ClientStep {
        loop {
            if let Some(slices) = self.body.as_mut().map(Leaving::next_slices) {
                if slices.is_empty() {
                    self.body = None;
                    continue;
                }
                return ClientStep::Send(slices);
            }
            if !self.output.is_empty() {
                return ClientStep::Send(vec![self.output.split().freeze()]);
            }
            if !self.awaited.is_empty() {
                return ClientStep::Read;
            }
            if let Some(step) = self.go_on() {
                return step;
            }
        }
    }

    /// Octets from the hop.
    pub fn received(&mut self, octets: &[u8]) {
        self.replies.push(octets);
        loop {
            match self.replies.next() {
                Ok(None) => return,
                Ok(Some(reply)) => self.answered(&reply),
                Err(_) => return self.gone(Reply::fixed(451, "4.5.0", "next hop's reply makes no sense")),
            }
        }
    }

    /// The connection is gone: end of stream, or a read or a write that failed.
    pub fn closed(&mut self) {
        let text = match self.awaited.front() {
            Some(Awaited::EndOfData) => "connection lost before next hop's reply to the data",
            _ => "next hop closed the connection",
        };
        self.gone(Reply::fixed(451, "4.4.2", text));
    }

    /// The deadline passed without a reply.
    pub fn timed_out(&mut self) {
        self.gone(Reply::fixed(451, "4.4.2", "next hop did not reply in time"));
    }

    /// How long the hop may take over its reply.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        match self.awaited.front() {
            Some(Awaited::EndOfData) => limits::DELIVERY_FINAL_TIMEOUT,
            _ => limits::DELIVERY_REPLY_TIMEOUT,
        }
    }
}
