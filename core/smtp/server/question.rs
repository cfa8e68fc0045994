//! What the machine asks of its driver, and what the driver may answer with: the whole vocabulary between protocol and
//! everything that is not protocol.

use bytes::BytesMut;
use postern_vocab::events::{Ending, Stage};
use postern_vocab::{Address, BodyKind, Envelope, Mid, Reply, ReversePath, limits, refusals};
use std::fmt;
use std::time::Duration;

/// What the configuration says to the protocol about one connection: its mail flow policy, as far as the protocol acts
/// on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerSettings {
    /// Our name in the banner and the EHLO reply.
    pub hostname: String,
    /// The text behind our name in the banner: `ESMTP`.
    pub banner: String,
    /// The mailbox that `RCPT TO:<postmaster>` without a domain stands for. RFC 5321 §4.5.1.
    pub postmaster: Address,
    /// The largest message, as SIZE announces it. RFC 1870.
    pub message_bytes_max: u64,
    /// Recipients of one message; RFC 5321 §4.5.3.1.8 demands at least 100.
    pub recipients_max: usize,
    /// Messages of one connection whose data was received.
    pub messages_max: u32,
    /// Malformed or unknown commands before the connection is closed.
    pub errors_max: u32,
    /// The delay on each reply to an error, once there were `limits::ERRORS_BEFORE_DELAY`.
    pub error_delay: Duration,
    /// STARTTLS. RFC 3207.
    pub tls: Offer,
    /// AUTH; in TLS only, whatever is written here. RFC 4954.
    pub auth: Offer,
    /// Whether this client may say by XCLIENT for whom it speaks.
    pub xclient: bool,
    /// What becomes of bare line ends in a message.
    pub bare_line_ends: BareLineEnds,
    /// Lines of the conversation that are kept; the rest is counted.
    pub conversation_lines: usize,
    /// What a sender that is no address is told.
    pub malformed_sender: Reply,
}

impl ServerSettings {
    /// The defaults of [`limits`], with nothing on offer that needs more than this machine.
    #[must_use]
    pub fn new(hostname: &str, postmaster: Address) -> Self {
        Self {
            hostname: hostname.to_owned(),
            banner: "ESMTP".to_owned(),
            postmaster,
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            recipients_max: limits::RECIPIENTS_MAX,
            messages_max: limits::MESSAGES_PER_CONNECTION_MAX,
            errors_max: limits::ERRORS_BEFORE_CLOSE,
            error_delay: limits::ERROR_DELAY,
            tls: Offer::No,
            auth: Offer::No,
            xclient: false,
            bare_line_ends: BareLineEnds::Refuse,
            conversation_lines: limits::CONVERSATION_LINES_MAX,
            malformed_sender: refusals::SENDER_SYNTAX.reply,
        }
    }
}

/// Whether an extension is offered, and whether mail is taken without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Offer {
    /// Not offered.
    #[default]
    No,
    /// Offered.
    Yes,
    /// Offered; MAIL without it gets 530.
    Required,
}

/// What becomes of bare line ends in a message. RFC 5321 §2.3.8.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BareLineEnds {
    /// The message is refused.
    #[default]
    Refuse,
    /// Each becomes CRLF; none ends the data.
    Normalise,
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
    /// Send the output, then do the TLS handshake, from the very next octet on: [`super::Server::tls_established`] or
    /// [`super::Server::tls_failed`]. What came in the clear behind STARTTLS is already thrown away.
    StartTls,
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
    /// AUTH: whether these are the credentials of a user. No is 535, 454 or another 4yz or 5yz.
    Auth(Credentials),
    /// XCLIENT by a trusted client. After a yes the connection is as new: give the settings for the client that was
    /// named by [`super::Server::set_settings`], and [`super::Server::open`] it again.
    Xclient(Vec<XclientAttribute>),
    /// MAIL FROM. Yes opens a transaction, and the driver gives it its MID.
    Sender {
        /// Whom a bounce goes to.
        path: ReversePath,
        /// BODY=.
        body: BodyKind,
        /// SIZE=, within the limit.
        declared_bytes: Option<u64>,
        /// SMTPUTF8.
        smtputf8: bool,
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

/// What AUTH brought. RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who wants to log in.
    pub user: String,
    /// The password. It is shown nowhere.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials of {}", self.user)
    }
}

/// One attribute of XCLIENT, its value decoded from xtext; `None` is `[UNAVAILABLE]` or `[TEMPUNAVAIL]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XclientAttribute {
    /// `ADDR`, `NAME`, `PORT`, `HELO`, `LOGIN`, `PROTO`, `DESTADDR`, `DESTPORT`.
    pub name: XclientName,
    /// What it says.
    pub value: Option<String>,
}

/// See [`XclientAttribute`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum XclientName {
    /// The client's address: IPv4, or IPv6 with `IPV6:` taken off.
    Addr,
    /// Its name.
    Name,
    /// Its port.
    Port,
    /// What it said to HELO.
    Helo,
    /// Who logged in there.
    Login,
    /// `SMTP` or `ESMTP`.
    Proto,
    /// The address it came to.
    DestAddr,
    /// The port it came to.
    DestPort,
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
