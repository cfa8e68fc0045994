//! The commands, one row each: reading the table is reading the protocol. RFC 5321 §4.1.1 (commands), §4.1.4 (their
//! order), §2.4 (verbs in any case, printable ASCII only).

use super::session::{Consequence, Fault, Outcome, Progress, Session};
use super::{data, hello, recipient, sender};
use crate::replies;
use Act::{Do, Fail, Plain, Say};
use Order::{Always, BetweenMessages, InTransaction, WithRecipient};
use postern_vocab::Reply;
use postern_vocab::events::{IncidentKind, Stage};

/// One row.
struct Command {
    verb: &'static str,
    order: Order,
    act: Act,
    /// Replies to octets that a command may not have.
    octets: &'static Octets,
}

/// When a command is in order. Out of it, 503 and nothing changes (RFC 5321 §4.1.4).
#[derive(Clone, Copy)]
enum Order {
    Always,
    BetweenMessages,
    InTransaction,
    WithRecipient,
}

/// What a command does.
enum Act {
    /// Something with its argument.
    Do(fn(&mut Session, &str) -> Outcome),
    /// Something that takes no argument (RFC 5321 §4.1.1.4 and others: 501 if there is one).
    Plain(fn(&mut Session) -> Outcome),
    /// Always the same, whatever the argument.
    Say(Reply),
    /// Not here, and whoever tries is up to something.
    Fail(Reply, IncidentKind),
}

/// Replies to control octets and to octets above 127, and what is refused with them.
struct Octets {
    control: Reply,
    high: Reply,
    refused: Consequence,
}

#[rustfmt::skip]
static COMMANDS: [Command; 16] = [
    // verb           in order         what it does                                                  octets
    row("EHLO",       Always,          Do(hello::ehlo),                                              &ANY),
    row("HELO",       Always,          Do(hello::helo),                                              &ANY),
    row("MAIL",       BetweenMessages, Do(sender::mail),                                             &SENDER),
    row("RCPT",       InTransaction,   Do(recipient::rcpt),                                          &RECIPIENT),
    row("DATA",       WithRecipient,   Plain(data::data),                                            &ANY),
    row("RSET",       Always,          Plain(rset),                                                  &ANY),
    row("NOOP",       Always,          Say(replies::NOOP_OK),                                        &ANY),
    row("QUIT",       Always,          Plain(quit),                                                  &ANY),
    row("VRFY",       Always,          Say(replies::VRFY_CANNOT),                                    &ANY),
    row("EXPN",       Always,          Say(replies::EXPN_DISABLED),                                  &ANY),
    row("HELP",       Always,          Say(replies::HELP_TEXT),                                      &ANY),
    row("STARTTLS",   Always,          Say(replies::STARTTLS_NOT_OFFERED),                           &ANY),
    row("BDAT",       Always,          Say(replies::BDAT_NOT_OFFERED),                               &ANY),
    row("XCLIENT",    Always,          Say(replies::XCLIENT_DENIED),                                 &ANY),
    row("XFORWARD",   Always,          Say(replies::XCLIENT_DENIED),                                 &ANY),
    row("AUTH",       Always,          Fail(replies::AUTH_NOT_OFFERED, IncidentKind::BadSequence),   &ANY),
];

static ANY: Octets = Octets {
    control: replies::CONTROL_OCTET,
    high: replies::NOT_ASCII,
    refused: Consequence::Goes,
};
static SENDER: Octets = Octets {
    control: replies::SENDER_CONTROL_OCTET,
    high: replies::ADDRESS_NOT_ASCII,
    refused: Consequence::Refuses(Stage::Sender, sender::SYNTAX_RULE),
};
static RECIPIENT: Octets = Octets {
    control: replies::RECIPIENT_CONTROL_OCTET,
    high: replies::ADDRESS_NOT_ASCII,
    refused: Consequence::Refuses(Stage::Recipient, recipient::SYNTAX_RULE),
};

const fn row(verb: &'static str, order: Order, act: Act, octets: &'static Octets) -> Command {
    Command {
        verb,
        order,
        act,
        octets,
    }
}

/// Obeys one command line, given without its CRLF.
pub(super) fn obey(session: &mut Session, line: &[u8]) -> Outcome {
    let (verb, argument) = split_verb(line);
    let Some(command) = COMMANDS
        .iter()
        .find(|row| row.verb.as_bytes().eq_ignore_ascii_case(verb))
    else {
        let kind = IncidentKind::UnknownCommand;
        return Fault {
            reply: replies::UNKNOWN_COMMAND,
            kind,
            consequence: Consequence::Goes,
        }
        .into();
    };
    if let Some(reply) = command.order.refusal(&session.progress) {
        return Outcome::Say(reply);
    }
    let argument = match command.octets.check(argument) {
        Ok(argument) => argument,
        Err(fault) => return fault.into(),
    };
    match &command.act {
        Do(act) => act(session, argument),
        Plain(act) if argument.is_empty() => act(session),
        Plain(_) => Fault::malformed(replies::NO_ARGUMENT_ALLOWED),
        Say(reply) => Outcome::Say(reply.clone()),
        Fail(reply, kind) => Fault {
            reply: reply.clone(),
            kind: *kind,
            consequence: Consequence::Goes,
        }
        .into(),
    }
}

/// The verb, and the argument without the white space around it (RFC 5321 §4.1.1 asks to bear it at the end).
fn split_verb(line: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    (&line[..end], line[end..].trim_ascii())
}

impl Order {
    fn refusal(self, progress: &Progress) -> Option<Reply> {
        match (self, progress) {
            (Always, _)
            | (BetweenMessages, Progress::Greeted)
            | (InTransaction, Progress::Transaction(_)) => None,
            (_, Progress::Connected) => Some(replies::HELLO_FIRST),
            (InTransaction | WithRecipient, Progress::Greeted) => Some(replies::SENDER_FIRST),
            (BetweenMessages, Progress::Transaction(_)) => Some(replies::SENDER_TWICE),
            (WithRecipient, Progress::Transaction(envelope)) => {
                envelope.recipients.is_empty().then_some(replies::NO_RECIPIENTS)
            }
        }
    }
}

impl Octets {
    /// The argument as text, when it is printable ASCII throughout.
    fn check<'a>(&self, argument: &'a [u8]) -> Result<&'a str, Fault> {
        let (reply, kind) = match std::str::from_utf8(argument) {
            Ok(text) if argument.iter().all(|octet| (b' '..=b'~').contains(octet)) => return Ok(text),
            _ if argument.is_ascii() => (&self.control, IncidentKind::ControlOctet),
            _ => (&self.high, IncidentKind::NonAscii),
        };
        Err(Fault {
            reply: reply.clone(),
            kind,
            consequence: self.refused,
        })
    }
}

/// RFC 5321 §4.1.1.5.
fn rset(session: &mut Session) -> Outcome {
    session.end_transaction();
    Outcome::Say(replies::RSET_OK)
}

/// RFC 5321 §4.1.1.10.
fn quit(_: &mut Session) -> Outcome {
    Outcome::Bye
}
