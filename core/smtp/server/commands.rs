//! The commands, one row each: reading the table is reading the protocol. RFC 5321 §4.1.1 (commands), §4.1.4 (their
//! order), §2.4 (verbs in any case, printable ASCII only), RFC 6531 §3.3 (where UTF-8 may stand).

use super::session::{Consequence, Fault, Outcome, Progress, Session};
use super::{auth, bdat, data, hello, path, recipient, sender, starttls, xclient};
use crate::replies;
use Act::{Do, Fail, Plain, Say};
use Order::{Always, BetweenMessages, InTransaction, Secured, WithRecipient};
use postern_vocab::events::Stage;
use postern_vocab::{Refusal, Reply, refusals};

/// One row.
struct Command {
    verb: &'static str,
    order: Order,
    act: Act,
    /// What octets beyond printable ASCII come to.
    octets: &'static Octets,
}

/// When a command is in order. Out of it, 503 and nothing changes (RFC 5321 §4.1.4). All but the first also want TLS
/// where it is required: 530 (RFC 3207 §4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Always,
    Secured,
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
    /// Not here.
    Fail(Refusal),
}

/// Refusals of control octets and of octets above 127, and what is refused with them.
struct Octets {
    control: Refusal,
    high: Refusal,
    ill_formed: Refusal,
    /// Whether this argument may hold UTF-8 now.
    utf8: fn(&Session, &str) -> bool,
    refused: Consequence,
}

#[rustfmt::skip]
static COMMANDS: [Command; 16] = [
    // verb           in order         what it does                            octets
    row("EHLO",       Always,          Do(hello::ehlo),                        &ANY),
    row("HELO",       Secured,         Do(hello::helo),                        &ANY),
    row("MAIL",       BetweenMessages, Do(sender::mail),                       &SENDER),
    row("RCPT",       InTransaction,   Do(recipient::rcpt),                    &RECIPIENT),
    row("DATA",       WithRecipient,   Plain(data::data),                      &ANY),
    // Out of order, its octets come all the same: it looks itself.
    row("BDAT",       Always,          Do(bdat::bdat),                         &CHUNK),
    row("RSET",       Always,          Plain(rset),                            &ANY),
    row("NOOP",       Always,          Say(replies::NOOP_OK),                  &ANY),
    row("QUIT",       Always,          Plain(quit),                            &ANY),
    row("VRFY",       Secured,         Do(vrfy),                               &NAME),
    row("EXPN",       Secured,         Fail(refusals::EXPN_DISABLED),          &NAME),
    row("HELP",       Always,          Say(replies::HELP_TEXT),                &ANY),
    row("STARTTLS",   Always,          Plain(starttls::starttls),              &ANY),
    row("AUTH",       Secured,         Do(auth::auth),                         &ANY),
    row("XCLIENT",    Always,          Do(xclient::xclient),                   &ANY),
    row("XFORWARD",   Always,          Fail(refusals::XCLIENT_DENIED),         &ANY),
];

static ANY: Octets = ascii_or(|_, _| false);
/// RFC 6531 §3.7.4.2: VRFY and EXPN take SMTPUTF8 as well.
static NAME: Octets = ascii_or(|_, argument| asks_for_utf8(argument));
/// A BDAT that is not understood is followed by octets that must not be taken for commands.
static CHUNK: Octets = Octets {
    control: refusals::BDAT_SYNTAX,
    high: refusals::BDAT_SYNTAX,
    ill_formed: refusals::BDAT_SYNTAX,
    utf8: |_, _| false,
    refused: Consequence::Closes,
};
static SENDER: Octets = Octets {
    control: refusals::SENDER_CONTROL_OCTET,
    high: refusals::ADDRESS_NOT_ASCII,
    ill_formed: refusals::ADDRESS_NOT_UTF8,
    utf8: |_, argument| {
        path::parse(argument, "FROM:").map_or(asks_for_utf8(argument), |path| asks_for_utf8(path.parameters))
    },
    refused: Consequence::Refuses(Stage::Sender, sender::SYNTAX_RULE),
};
static RECIPIENT: Octets = Octets {
    control: refusals::RECIPIENT_CONTROL_OCTET,
    high: refusals::ADDRESS_NOT_ASCII,
    ill_formed: refusals::ADDRESS_NOT_UTF8,
    utf8: |session, _| session.envelope().is_some_and(|envelope| envelope.smtputf8),
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

const fn ascii_or(utf8: fn(&Session, &str) -> bool) -> Octets {
    Octets {
        control: refusals::CONTROL_OCTET,
        high: refusals::NOT_ASCII,
        ill_formed: refusals::NOT_ASCII,
        utf8,
        refused: Consequence::Goes,
    }
}

/// Whether a line is QUIT.
pub(super) fn is_quit(line: &[u8]) -> bool {
    line.eq_ignore_ascii_case(b"QUIT")
}

/// Obeys one command line, given without its CRLF.
pub(super) fn obey(session: &mut Session, line: &[u8]) -> Outcome {
    let (verb, argument) = split_verb(line);
    let Some(command) = find(verb) else {
        return disobey(line, refusals::UNKNOWN_COMMAND);
    };
    if let Some(refusal) = command.order.refusal(session) {
        return refusal.into();
    }
    let argument = match command.octets.check(session, argument) {
        Ok(argument) => argument,
        Err(fault) => return fault.into(),
    };
    match &command.act {
        Do(act) => act(session, argument),
        Plain(act) if argument.is_empty() => act(session),
        Plain(_) => refusals::NO_ARGUMENT_ALLOWED.into(),
        Say(reply) => Outcome::Say(reply.clone()),
        Fail(refusal) => refusal.clone().into(),
    }
}

/// What a line comes to that is not obeyed whatever it says. Behind BDAT, however badly written, come octets that must
/// not be taken for commands, and nobody knows how many.
pub(super) fn disobey(line: &[u8], refusal: Refusal) -> Outcome {
    let words = line.trim_ascii_start();
    let is_bdat = words
        .get(..4)
        .is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
        && !words.get(4).is_some_and(u8::is_ascii_alphanumeric);
    match is_bdat {
        true => Fault::closing(refusals::BDAT_SYNTAX).into(),
        false => refusal.into(),
    }
}

/// Whether the line begins with a verb that there is.
pub(super) fn is_command(line: &[u8]) -> bool {
    find(split_verb(line).0).is_some()
}

fn find(verb: &[u8]) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|row| row.verb.as_bytes().eq_ignore_ascii_case(verb))
}

/// The verb, and the argument without the white space around it. RFC 5321 §4.1.1 asks to bear it at the end; more than
/// one space before an argument is borne too.
fn split_verb(line: &[u8]) -> (&[u8], &[u8]) {
    let is_space = |octet: &u8| matches!(octet, b' ' | b'\t');
    let length = line
        .iter()
        .rposition(|octet| !is_space(octet))
        .map_or(0, |last| last + 1);
    let line = &line[..length];
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let argument = &line[end..];
    let start = argument
        .iter()
        .position(|octet| *octet != b' ')
        .unwrap_or(argument.len());
    (&line[..end], &argument[start..])
}

impl Order {
    fn refusal(self, session: &Session) -> Option<Refusal> {
        if self == Always {
            return None;
        }
        if let Some(refusal) = session.needs_tls() {
            return Some(refusal);
        }
        match (self, &session.progress) {
            (Always | Secured, _)
            | (BetweenMessages, Progress::Greeted)
            | (InTransaction, Progress::Transaction(_)) => None,
            (_, Progress::Connected) => Some(refusals::HELLO_FIRST),
            (_, Progress::Chunks(_)) => Some(refusals::CHUNKS_BEGUN),
            (InTransaction | WithRecipient, Progress::Greeted) => Some(refusals::SENDER_FIRST),
            (BetweenMessages, Progress::Transaction(_)) => Some(refusals::SENDER_TWICE),
            (WithRecipient, Progress::Transaction(envelope)) => {
                envelope.recipients.is_empty().then_some(refusals::NO_RECIPIENTS)
            }
        }
    }
}

impl Octets {
    /// The argument as text, when it is printable ASCII throughout, or printable UTF-8 where that is in order.
    fn check<'a>(&self, session: &Session, argument: &'a [u8]) -> Result<&'a str, Fault> {
        let refusal = match std::str::from_utf8(argument) {
            Ok(text) if argument.iter().all(|octet| (b' '..=b'~').contains(octet)) => return Ok(text),
            Ok(text) if argument.is_ascii() || text.chars().any(|c| c.is_ascii_control()) => &self.control,
            Ok(text) if (self.utf8)(session, text) => return Ok(text),
            Ok(_) => &self.high,
            Err(_) if (self.utf8)(session, &String::from_utf8_lossy(argument)) => &self.ill_formed,
            Err(_) => &self.high,
        };
        Err(Fault {
            refusal: refusal.clone(),
            consequence: self.refused,
        })
    }
}

fn asks_for_utf8(parameters: &str) -> bool {
    parameters
        .split(' ')
        .any(|word| word.eq_ignore_ascii_case("SMTPUTF8"))
}

/// RFC 5321 §4.1.1.5.
fn rset(session: &mut Session) -> Outcome {
    session.end_transaction();
    Outcome::Say(replies::RSET_OK)
}

/// RFC 5321 §4.1.1.6, §3.5.3: the argument must be there, and makes no difference.
fn vrfy(_: &mut Session, name: &str) -> Outcome {
    match name.is_empty() {
        true => refusals::VRFY_WITHOUT_NAME.into(),
        false => Outcome::Say(replies::VRFY_CANNOT),
    }
}

/// RFC 5321 §4.1.1.10.
fn quit(_: &mut Session) -> Outcome {
    Outcome::Bye
}
