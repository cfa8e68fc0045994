//! Mail flow policies: what a client may do, and how much of it. A sender group leads to one (`hat`). The names of the
//! five that are shipped, and what each means, are those administrators know.

use crate::config::Limits;
use postern_vocab::{Access, Address, Domain, Reply, limits};
use std::time::Duration;

/// One mail flow policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowPolicy {
    /// Its name: `ACCEPTED`.
    pub name: String,
    /// What it does.
    pub access: Access,
    /// When [`Access::Reject`] is told.
    pub reject_at: RejectAt,
    /// What a rejected client is told.
    pub reject_reply: Reply,
    /// Our name in the banner and the EHLO reply, if another than `hostname`.
    pub hostname: Option<Domain>,
    /// The text behind our name in the banner, if another than `ESMTP`.
    pub banner: Option<String>,
    /// Connections at once from one address; `None`: the shipped number, which does not bind loopback.
    pub connections_per_address: Option<u32>,
    /// Connections at once from one network (see the significant bits); `None`: any number.
    pub connections_per_network: Option<u32>,
    /// Messages of one connection.
    pub messages_per_connection: u32,
    /// Recipients of one message.
    pub recipients_per_message: usize,
    /// Octets of one message.
    pub message_bytes: u64,
    /// Recipients an hour from one client, over all listeners and connections; `None`: any number.
    pub recipients_per_hour: Option<u32>,
    /// Recipients in an interval from one envelope sender; `None`: any number.
    pub recipients_per_sender: Option<Rate>,
    /// Envelope senders that [`Self::recipients_per_sender`] does not bind: folded addresses, domains or `.domain`.
    pub sender_rate_exempt: Vec<String>,
    /// Leading bits of an IPv4 address that make one client for the rates; 32 is the address itself.
    pub significant_bits_v4: u8,
    /// The same for IPv6.
    pub significant_bits_v6: u8,
    /// Invalid recipients an hour from one client before it is shown the door (directory harvest prevention); `None`:
    /// any number.
    pub invalid_recipients_per_hour: Option<u32>,
    /// Malformed or unknown commands before the connection is closed.
    pub errors_per_connection: u32,
    /// How long each reply to an error waits, once a connection has had a few.
    pub tarpit: Duration,
    /// Whether the spam score counts; the anti-virus engine always does.
    pub antispam: bool,
    /// Whether reputation and DNS lists count for what follows; the sender groups have looked at them by then.
    pub reputation: bool,
    /// STARTTLS.
    pub tls: Requirement,
    /// AUTH.
    pub auth: Requirement,
    /// What must hold of the client's reverse name and of the sender's domain.
    pub verification: Verification,
    /// Whether the table of sender exceptions is asked before the sender is verified.
    pub sender_exceptions: bool,
    /// Greylisting; `None`: none.
    pub greylist: Option<Greylist>,
    /// What becomes of bare line ends in a message.
    pub bare_line_ends: BareLineEnds,
}

/// When a rejected client is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RejectAt {
    /// At each recipient, so that sender and recipients are on record.
    #[default]
    Recipient,
    /// Instead of the banner.
    Banner,
}

/// So many in such a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what time.
    pub interval: Duration,
}

/// Whether something is offered, and whether it must be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Requirement {
    /// Not offered.
    None,
    /// Offered.
    #[default]
    Preferred,
    /// Offered, and nothing is taken without it.
    Required,
}

/// What becomes of bare line ends in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BareLineEnds {
    /// The message is refused.
    #[default]
    Refuse,
    /// Each becomes CRLF. For listed clients only: it changes the message.
    Normalise,
}

/// Sender verification. Each check is off (`None`) or has the reply that a failure gets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// The client's address has no reverse name.
    pub reverse_absent: Option<Reply>,
    /// The look-up of the reverse name failed for now.
    pub reverse_unavailable: Option<Reply>,
    /// The reverse name does not resolve back to the address.
    pub reverse_mismatch: Option<Reply>,
    /// The envelope sender is no address. It is always refused; `None` leaves the reply to the protocol.
    pub sender_malformed: Option<Reply>,
    /// The envelope sender's domain is not fully qualified: it has no dot.
    pub sender_unqualified: Option<Reply>,
    /// The envelope sender's domain does not exist, or has neither MX nor address.
    pub sender_unresolvable: Option<Reply>,
    /// Whether it exists cannot be found out now.
    pub sender_unavailable: Option<Reply>,
}

/// Greylisting: an unknown triple of client network, sender and recipient is told to come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Greylist {
    /// Only clients whose reputation, in tenths, is below this; a client without one counts as 0.
    pub below_tenths: i16,
    /// How long it has to wait.
    pub wait: Duration,
    /// How long it may take to come again.
    pub retry_within: Duration,
    /// How long a triple that came again is remembered since it was last seen.
    pub remember: Duration,
}

impl Default for Greylist {
    fn default() -> Self {
        Self {
            below_tenths: 101,
            wait: limits::GREYLIST_WAIT,
            retry_within: limits::GREYLIST_RETRY_WITHIN,
            remember: limits::GREYLIST_REMEMBER,
        }
    }
}

/// What a client of bad reputation hears unless the configuration has another text.
pub const POOR_REPUTATION: Reply = Reply::fixed(
    554,
    "5.7.1",
    "Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that \
     this failure is in error, please contact the intended recipient via alternate means.",
);

impl FlowPolicy {
    /// Whether the rate of envelope senders does not bind this one.
    #[must_use]
    pub fn exempts(&self, sender: &Address) -> bool {
        let (folded, domain) = (sender.folded(), sender.domain());
        self.sender_rate_exempt
            .iter()
            .any(|exempt| match exempt.strip_prefix('.') {
                Some(parent) => parent.parse().is_ok_and(|parent| domain.is_below(&parent)),
                None => *exempt == folded || exempt == domain.as_str(),
            })
    }

    /// The policies that exist unless the configuration writes others of their names, in the order of pages.
    #[must_use]
    pub fn shipped() -> Vec<Self> {
        Self::shipped_within(&Limits::default())
    }

    /// The same where `[limits]` says how much is too much.
    #[must_use]
    pub fn shipped_within(limits: &Limits) -> Vec<Self> {
        let accepted = Self {
            messages_per_connection: limits.messages_per_connection,
            recipients_per_message: limits.recipients,
            message_bytes: limits.message_bytes,
            ..Self::accepted()
        };
        vec![
            Self {
                name: "TRUSTED".to_owned(),
                antispam: false,
                reputation: false,
                invalid_recipients_per_hour: None,
                ..accepted.clone()
            },
            Self {
                name: "THROTTLED".to_owned(),
                messages_per_connection: limits.messages_per_connection.min(10),
                recipients_per_message: limits.recipients.min(20),
                message_bytes: limits.message_bytes.min(1024 * 1024),
                connections_per_address: Some(10),
                recipients_per_hour: Some(20),
                ..accepted.clone()
            },
            Self {
                name: "BLOCKED".to_owned(),
                access: Access::Reject,
                ..accepted.clone()
            },
            Self {
                name: "RELAY".to_owned(),
                access: Access::Relay,
                reputation: false,
                invalid_recipients_per_hour: None,
                ..accepted.clone()
            },
            Self {
                name: "CONTINUE".to_owned(),
                access: Access::Continue,
                ..accepted.clone()
            },
            accepted,
        ]
    }

    /// What holds where no group says otherwise.
    #[must_use]
    pub fn accepted() -> Self {
        Self {
            name: "ACCEPTED".to_owned(),
            access: Access::Accept,
            reject_at: RejectAt::default(),
            reject_reply: POOR_REPUTATION,
            hostname: None,
            banner: None,
            connections_per_address: None,
            connections_per_network: None,
            messages_per_connection: limits::MESSAGES_PER_CONNECTION_MAX,
            recipients_per_message: limits::RECIPIENTS_MAX,
            message_bytes: limits::MESSAGE_BYTES_MAX,
            recipients_per_hour: None,
            recipients_per_sender: None,
            sender_rate_exempt: Vec::new(),
            significant_bits_v4: 32,
            significant_bits_v6: 64,
            invalid_recipients_per_hour: Some(limits::INVALID_RECIPIENTS_PER_HOUR),
            errors_per_connection: limits::ERRORS_BEFORE_CLOSE,
            tarpit: limits::ERROR_DELAY,
            antispam: true,
            reputation: true,
            tls: Requirement::Preferred,
            auth: Requirement::Preferred,
            verification: Verification::default(),
            sender_exceptions: true,
            greylist: None,
            bare_line_ends: BareLineEnds::default(),
        }
    }
}
