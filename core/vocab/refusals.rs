//! Every refusal there is, one row each: what the client did, what it is told, what tracking records, and the rule
//! behind it. The protocol, policy and the engine say these and no others, so the page for postmasters
//! (`core/smtp/BAD-INPUT.md`) is made from this table and cannot be wrong. RFC 5321 §4.2 (codes), RFC 3463 and RFC 5248
//! (enhanced codes). A text names the cause and, where there is one, the remedy, for the postmaster who finds it in a
//! bounce. A configured text may take a row's place; its event and section stay.

use crate::events::IncidentKind::{
    self, AuthFailed, BadArguments, BadSequence, BareLineEnd, ControlOctet, HarvestAttack, LineTooLong,
    NonAscii, NotSmtp, OverLimit, RateExceeded, RelayAttempt, Smuggling, TimedOut, TooManyErrors,
    UnknownCommand, UntrustedProxy,
};
use crate::reply::Reply;

/// One row of the table.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// What the client did, for a person.
    pub input: &'static str,
    /// What it is told.
    pub reply: Reply,
    /// What tracking records beside the conversation; `None` where honest clients do it too.
    pub event: Option<IncidentKind>,
    /// The rule behind it: `RFC 5321 §2.3.8`.
    pub section: &'static str,
}

/// `NAME: "input" => code "enhanced" "text", event, "section";`
macro_rules! refusals {
    ($($name:ident: $input:literal => $code:literal $enhanced:literal $text:literal, $event:expr, $section:literal;)+) => {
        $(
            #[doc = concat!($input, ". ", $section, ".")]
            pub const $name: Refusal = Refusal {
                input: $input,
                reply: Reply::fixed($code, $enhanced, $text),
                event: $event,
                section: $section,
            };
        )+

        /// The whole table with the rows' names, in the order in which the page shows it.
        pub const ALL: &[(&str, Refusal)] = &[$((stringify!($name), $name)),+];
    };
}

refusals! {
    // The connection.
    NOT_SMTP: "A first line that begins with no letter, or is an HTTP request; the connection is closed and nothing behind it is read" =>
        500 "5.5.2" "This is SMTP; goodbye", Some(NotSmtp), "RFC 5321 §4.1.1";
    PROXY_NOT_TRUSTED: "A PROXY header from a client that is not trusted with it; closed" =>
        500 "5.5.2" "This is SMTP; goodbye", Some(UntrustedProxy), "PROXY protocol §2";
    PROXY_HEADER_MISSING: "No PROXY header, or a bad one, from a trusted proxy; closed" =>
        421 "4.7.0" "PROXY header expected; closing connection", Some(UntrustedProxy), "PROXY protocol §2";
    SENT_TOO_EARLY: "Commands before the banner, behind an EHLO whose answer they could not know" =>
        503 "5.5.0" "Sent before the banner and not obeyed; wait for replies", Some(BadSequence), "RFC 5321 §3.1, RFC 2920 §3.1";
    TOO_MANY_CONNECTIONS: "More connections than the gateway holds" =>
        421 "4.3.2" "Too many connections, try again later", Some(OverLimit), "RFC 5321 §3.8";
    TOO_MANY_CONNECTIONS_FROM_YOU: "More connections at once than the client's mail flow policy allows" =>
        421 "4.7.0" "Too many connections from your address, try again later", Some(RateExceeded), "RFC 5321 §3.8";
    REVERSE_NAME_ABSENT: "The client's address has no reverse name, where one is demanded" =>
        550 "5.7.25" "Your address has no reverse name (PTR record) in the DNS; have one set up", None, "RFC 7372 §3.3";
    REVERSE_NAME_UNAVAILABLE: "The client's reverse name cannot be looked up now, where one is demanded" =>
        451 "4.7.25" "The reverse name of your address could not be looked up now; try again later", None, "RFC 7372 §3.3";
    REVERSE_NAME_MISMATCH: "The client's reverse name does not lead back to its address, where that is demanded" =>
        550 "5.7.25" "The reverse name of your address does not resolve back to it; have one of them corrected", None, "RFC 7372 §3.3";

    // The command line.
    UNKNOWN_COMMAND: "A verb that does not exist, or an empty line" =>
        500 "5.5.1" "Command not recognized", Some(UnknownCommand), "RFC 5321 §4.2.4";
    LINE_TOO_LONG: "A line over 1,000 octets (2,000 with MAIL and RCPT); the rest of it is thrown away unread; the second time closes" =>
        500 "5.5.2" "Line too long", Some(LineTooLong), "RFC 5321 §4.5.3.1.4";
    AUTH_LINE_TOO_LONG: "A response to AUTH over 12,288 octets" =>
        500 "5.5.6" "Authentication exchange line is too long", Some(LineTooLong), "RFC 4954 §4";
    BARE_LINE_END: "A bare CR or LF in a command; what follows on the line is not run; the second time closes" =>
        500 "5.5.2" "Bare <CR> or <LF> received; lines end with <CR><LF>", Some(BareLineEnd), "RFC 5321 §2.3.8";
    CONTROL_OCTET: "A NUL or another control octet in a command" =>
        501 "5.5.4" "Control character in command", Some(ControlOctet), "RFC 5321 §4.1.2";
    NOT_ASCII: "An octet above 127 in a command other than MAIL and RCPT" =>
        500 "5.5.2" "Command is not ASCII", Some(NonAscii), "RFC 5321 §2.4";
    NO_ARGUMENT_ALLOWED: "An argument behind DATA, RSET, QUIT or STARTTLS" =>
        501 "5.5.4" "This command takes no argument", Some(BadArguments), "RFC 5321 §4.1.1, RFC 3207 §4";
    HELLO_WITHOUT_NAME: "EHLO or HELO without a name" =>
        501 "5.5.4" "Name missing: EHLO your.host.name", Some(BadArguments), "RFC 5321 §4.1.1.1";
    VRFY_WITHOUT_NAME: "VRFY without an argument" =>
        501 "5.5.4" "Name missing: VRFY user", Some(BadArguments), "RFC 5321 §4.1.1.6";
    EXPN_DISABLED: "EXPN" =>
        502 "5.5.1" "EXPN is disabled", None, "RFC 5321 §7.3";
    XCLIENT_DENIED: "XCLIENT from a client that is not trusted with it; XFORWARD from anyone" =>
        550 "5.7.1" "Not from you", Some(UntrustedProxy), "Postfix XCLIENT_README";
    XCLIENT_SYNTAX: "XCLIENT with an attribute that is unknown, given twice or malformed" =>
        501 "5.5.4" "Bad XCLIENT attribute", Some(BadArguments), "Postfix XCLIENT_README";

    // The order of commands.
    HELLO_FIRST: "MAIL, RCPT, DATA, BDAT or AUTH before EHLO or HELO" =>
        503 "5.5.1" "Send EHLO or HELO first", None, "RFC 5321 §4.1.4";
    SENDER_TWICE: "A second MAIL in a transaction" =>
        503 "5.5.1" "Sender already given; RSET starts over", None, "RFC 5321 §4.1.4";
    SENDER_FIRST: "RCPT, DATA or BDAT before MAIL; the octets of the BDAT are thrown away" =>
        503 "5.5.1" "Send MAIL first", None, "RFC 5321 §4.1.4, RFC 3030 §2";
    NO_RECIPIENTS: "DATA or BDAT before a RCPT was taken" =>
        554 "5.5.1" "No valid recipients", None, "RFC 5321 §3.3";
    NOT_IN_TRANSACTION: "AUTH or XCLIENT in a transaction" =>
        503 "5.5.1" "Not during a mail transaction; RSET ends it", None, "RFC 4954 §3";
    CHUNKS_BEGUN: "MAIL, RCPT or DATA once BDAT has begun the message" =>
        503 "5.5.1" "BDAT has begun the message; BDAT LAST ends it, RSET drops it", Some(BadSequence), "RFC 3030 §2";
    BINARY_NEEDS_BDAT: "DATA for a message declared BODY=BINARYMIME" =>
        503 "5.5.1" "BODY=BINARYMIME needs BDAT", None, "RFC 3030 §3";
    BDAT_SYNTAX: "BDAT without a size or with a bad one; closed, since nobody knows where the chunk ends" =>
        501 "5.5.4" "Bad chunk size; write BDAT size [LAST]; closing connection", Some(BadArguments), "RFC 3030 §2";

    // TLS and log-in.
    STARTTLS_NOT_OFFERED: "STARTTLS where it is not offered" =>
        502 "5.5.1" "STARTTLS is not offered", None, "RFC 5321 §4.2.4";
    TLS_ALREADY: "STARTTLS inside TLS" =>
        503 "5.5.1" "TLS is already in use", None, "RFC 3207 §4.2";
    TLS_FIRST: "A command in the clear where TLS is required" =>
        530 "5.7.0" "Must issue a STARTTLS command first", None, "RFC 3207 §4";
    AUTH_NOT_OFFERED: "AUTH where it is not offered" =>
        503 "5.5.1" "AUTH is not offered", Some(BadSequence), "RFC 4954 §4";
    AUTH_NEEDS_TLS: "AUTH before TLS" =>
        538 "5.7.11" "Encryption required for authentication; send STARTTLS first", Some(BadSequence), "RFC 4954 §4, §6";
    AUTH_TWICE: "AUTH after a log-in" =>
        503 "5.5.1" "Already authenticated", None, "RFC 4954 §4";
    AUTH_SYNTAX: "AUTH without a mechanism, or with more than an initial response behind it" =>
        501 "5.5.4" "Write AUTH mechanism [initial-response]", Some(BadArguments), "RFC 4954 §4";
    MECHANISM_UNKNOWN: "AUTH with another mechanism than PLAIN and LOGIN" =>
        504 "5.5.4" "Mechanism not recognized; EHLO lists them", Some(BadArguments), "RFC 4954 §4";
    BASE64_SYNTAX: "A response to AUTH that is not base64" =>
        501 "5.5.2" "Cannot decode base64", Some(BadArguments), "RFC 4954 §4";
    AUTH_PLAIN_SYNTAX: "a response of AUTH PLAIN without the two NULs between its three parts" =>
        501 "5.5.2" "Write [identity] NUL user NUL password, in base64", Some(BadArguments), "RFC 4616 §2";
    AUTH_CANCELLED: "`*` in place of a response to AUTH" =>
        501 "5.7.0" "Authentication cancelled", None, "RFC 4954 §4";
    BAD_CREDENTIALS: "A wrong user name or password, a malformed PLAIN message, or a log-in in another's name" =>
        535 "5.7.8" "Authentication credentials invalid", Some(AuthFailed), "RFC 4954 §6, RFC 4616 §2";
    CREDENTIALS_UNAVAILABLE: "A log-in while the directory gives no answer" =>
        454 "4.7.0" "Temporary authentication failure, try again later", None, "RFC 4954 §6";
    TOO_MANY_AUTH_FAILURES: "Too many failed log-ins in one connection; closed" =>
        421 "4.7.0" "Too many failed log-ins; closing connection", Some(AuthFailed), "RFC 4954 §9";
    AUTH_REQUIRED: "MAIL without a log-in where one is required" =>
        530 "5.7.0" "Authentication required", None, "RFC 4954 §6";

    // MAIL and RCPT.
    SENDER_SYNTAX: "MAIL with what is no address" =>
        501 "5.1.7" "Bad sender address; write MAIL FROM:<user@example.com>", Some(BadArguments), "RFC 5321 §4.1.1.2";
    SENDER_CONTROL_OCTET: "A NUL or another control octet in MAIL" =>
        553 "5.1.7" "Control character in sender address", Some(ControlOctet), "RFC 5321 §4.1.2";
    RECIPIENT_SYNTAX: "RCPT with what is no address" =>
        501 "5.1.3" "Bad recipient address; write RCPT TO:<user@example.com>", Some(BadArguments), "RFC 5321 §4.1.1.3";
    RECIPIENT_CONTROL_OCTET: "A NUL or another control octet in RCPT" =>
        553 "5.1.3" "Control character in recipient address", Some(ControlOctet), "RFC 5321 §4.1.2";
    ADDRESS_NOT_ASCII: "An octet above 127 in MAIL or RCPT without SMTPUTF8" =>
        553 "5.6.7" "Address is not ASCII; it needs MAIL with SMTPUTF8", Some(NonAscii), "RFC 6531 §3.5";
    ADDRESS_NOT_UTF8: "Ill-formed UTF-8 in MAIL or RCPT with SMTPUTF8" =>
        553 "5.6.7" "Address is not well-formed UTF-8", Some(NonAscii), "RFC 6531 §3.3";
    PARAMETER_UNKNOWN: "A parameter that EHLO does not offer" =>
        555 "5.5.4" "Parameter not recognized", Some(BadArguments), "RFC 5321 §4.1.1.11";
    PARAMETER_TWICE: "The same parameter twice" =>
        501 "5.5.4" "Parameter given twice", Some(BadArguments), "RFC 5321 §4.1.1.11";
    PARAMETER_SYNTAX: "A parameter that is not written KEYWORD or KEYWORD=value" =>
        501 "5.5.4" "Bad parameter", Some(BadArguments), "RFC 5321 §4.1.2";
    SIZE_SYNTAX: "SIZE that is no number, or one of over 20 digits" =>
        501 "5.5.4" "SIZE is a number of at most 20 digits", Some(BadArguments), "RFC 1870 §6";
    BODY_UNKNOWN: "Another BODY than the three there are" =>
        501 "5.5.4" "BODY is 7BIT, 8BITMIME or BINARYMIME", Some(BadArguments), "RFC 6152 §2, RFC 3030 §3";
    NO_VALUE_ALLOWED: "SMTPUTF8 with a value" =>
        501 "5.5.4" "SMTPUTF8 takes no value", Some(BadArguments), "RFC 6531 §3.1";
    DSN_SYNTAX: "RET, ENVID, NOTIFY or ORCPT with a value that RFC 3461 does not know" =>
        501 "5.5.4" "Bad value of RET, ENVID, NOTIFY or ORCPT", Some(BadArguments), "RFC 3461 §4";
    AUTH_PARAMETER_SYNTAX: "MAIL with an AUTH parameter that is neither <> nor a mailbox in xtext" =>
        501 "5.5.4" "AUTH is <> or a mailbox in xtext", Some(BadArguments), "RFC 4954 §5";
    TOO_LARGE: "SIZE over the limit; a message or a chunk over it, read and thrown away to ten times the limit" =>
        552 "5.3.4" "Message is larger than EHLO's SIZE allows", Some(IncidentKind::TooLarge), "RFC 1870 §6";
    TOO_MANY_RECIPIENTS: "More recipients in one message than allowed; those before stand" =>
        452 "4.5.3" "Too many recipients; send to the others in another message", Some(OverLimit), "RFC 5321 §4.5.3.1.10";
    TOO_MANY_MESSAGES: "More messages in one connection than allowed; closed" =>
        421 "4.7.0" "Too many messages in one connection; connect again", Some(OverLimit), "RFC 9422 §4.1";
    NO_ROOM: "No memory or disk for another message now" =>
        452 "4.3.1" "Insufficient system storage, try again later", None, "RFC 5321 §4.2.3";

    // Who may send what to whom.
    SENDER_BLOCKED: "A sender that the administrator has blocked" =>
        550 "5.7.1" "Mail from this sender is not taken here", None, "RFC 5321 §7.9";
    SENDER_UNQUALIFIED: "A sender whose domain is a single word" =>
        550 "5.1.8" "The sender's domain is not fully qualified; send from an address with a whole domain", None, "RFC 5321 §2.3.5";
    SENDER_DOMAIN_MISSING: "A sender whose domain does not exist" =>
        550 "5.1.8" "The sender's domain does not exist, or takes no mail; send from an address that can be answered", None, "RFC 5321 §2.3.5";
    SENDER_DOMAIN_UNAVAILABLE: "A sender whose domain cannot be looked up now" =>
        451 "4.1.8" "The sender's domain could not be looked up now; try again later", None, "RFC 5321 §4.2.3";
    RELAYING_DENIED: "A recipient elsewhere, also as a percent, bang or quoted route" =>
        550 "5.7.1" "Relaying denied", Some(RelayAttempt), "RFC 5321 §3.6, §7.9";
    NO_SUCH_RECIPIENT: "A recipient that does not exist here" =>
        550 "5.1.1" "No such recipient here", None, "RFC 5321 §3.3";
    TOO_MANY_INVALID_RECIPIENTS: "More invalid recipients in an hour than allowed; closed" =>
        550 "5.7.1" "Too many invalid recipients", Some(HarvestAttack), "RFC 5321 §7.3";
    DIRECTORY_UNAVAILABLE: "A recipient while the directory gives no answer" =>
        451 "4.4.3" "Recipient cannot be looked up now, try again later", None, "RFC 5321 §4.2.3";
    RECIPIENT_RATE: "More recipients in an hour than the client's mail flow policy allows" =>
        452 "4.7.1" "Too many recipients from your address for now, try again later", Some(RateExceeded), "RFC 5321 §4.5.3.1.10";
    SENDER_RATE: "More recipients in an interval than one sender may have" =>
        452 "4.7.1" "Too many recipients from this sender for now, try again later", Some(RateExceeded), "RFC 5321 §4.5.3.1.10";
    GREYLISTED: "A first attempt, where greylisting is on" =>
        451 "4.7.1" "Greylisted, try again in a few minutes", None, "RFC 6647 §2";

    // The message.
    BARE_LF_IN_DATA: "A bare LF in a message, a false end of data with one among them; read to the true end" =>
        550 "5.5.2" "bare <LF> received; lines end with <CR><LF>", Some(Smuggling), "RFC 5321 §2.3.8, RFC 3030 §3";
    BARE_CR_IN_DATA: "The same with a bare CR" =>
        550 "5.5.2" "bare <CR> received; lines end with <CR><LF>", Some(Smuggling), "RFC 5321 §2.3.8, RFC 3030 §3";
    TEXT_LINE_TOO_LONG: "A text line over 1 MiB; shorter ones are passed on unchanged" =>
        554 "5.6.0" "Text line too long; encode the content", Some(OverLimit), "RFC 5321 §4.5.3.1.6";
    MESSAGE_HEADER_TOO_LARGE: "A message header over 1 MiB, or of over 5,000 fields" =>
        554 "5.6.0" "The message header is too large", None, "RFC 5321 §4.5.3.1";
    MESSAGE_LOOP: "More Received fields than any real path has" =>
        554 "5.4.6" "Too many Received fields: this message goes in circles", None, "RFC 5321 §6.3";
    MESSAGE_FRAGMENT: "A message/partial" =>
        554 "5.6.0" "Fragmented message (message/partial) cannot be scanned; send it whole", None, "RFC 2046 §5.2.2";
    MESSAGE_AMBIGUOUS: "A message that mail readers read in different ways, where policy refuses it" =>
        554 "5.6.0" "Message refused: it can be read in two ways; send it with one From field and well-formed MIME", None, "RFC 5322 §3.6, RFC 7103 §7";
    MESSAGE_UNSCANNABLE: "A message that cannot be scanned, where policy refuses it" =>
        554 "5.6.0" "Message refused: it could not be scanned", None, "RFC 5321 §7.9";
    MESSAGE_SPAM: "Spam, where policy refuses it" =>
        550 "5.7.1" "Message refused: it looks like spam", None, "RFC 5321 §7.9";
    MESSAGE_VIRUS: "A virus, where policy refuses it" =>
        550 "5.7.1" "Message refused: it carries a virus", None, "RFC 5321 §7.9";

    // The end.
    TOO_MANY_ERRORS: "Too many unknown or malformed commands; replies slow down first, then the connection is closed" =>
        421 "4.7.0" "Too many errors; closing connection", Some(TooManyErrors), "RFC 5321 §3.8";
    TIMED_OUT: "Silence, or a command line that does not end, for longer than the time allowed; closed" =>
        421 "4.4.2" "No input for too long; closing connection", Some(TimedOut), "RFC 5321 §4.5.3.2.7";
    TOO_SLOW: "A message that comes in at under 500 octets a second for a minute; closed" =>
        421 "4.4.2" "Input is too slow; closing connection", Some(TimedOut), "RFC 5321 §4.5.3.2.5";
    STOPPING: "Anything, while the gateway is being stopped; closed" =>
        421 "4.3.2" "Shutting down; try again later", None, "RFC 5321 §3.8";
}

/// Something that is recorded and gets no reply of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Noticed {
    /// What the client did, for a person.
    pub input: &'static str,
    /// What we do.
    pub done: &'static str,
    /// What tracking records.
    pub event: IncidentKind,
    /// The rule behind it.
    pub section: &'static str,
}

/// All of these.
pub const NOTICED: &[Noticed] = &[
    Noticed {
        input: "Octets before the banner",
        done: "a greeting among them is answered in its turn",
        event: IncidentKind::EarlyTalker,
        section: "RFC 5321 §3.1",
    },
    Noticed {
        input: "Octets in the clear behind STARTTLS",
        done: "thrown away; TLS goes on",
        event: IncidentKind::StarttlsInjection,
        section: "RFC 3207 §4.2, CVE-2011-0411",
    },
    Noticed {
        input: "A TLS handshake that fails",
        done: "closed; never back into the clear",
        event: IncidentKind::TlsFailed,
        section: "RFC 3207 §4.1",
    },
    Noticed {
        input: "A connection that ends within a message",
        done: "nothing of it is stored",
        event: IncidentKind::Aborted,
        section: "RFC 5321 §3.3",
    },
    Noticed {
        input: "Bare CR or LF in a message of a client for whom they are normalised",
        done: "each becomes CRLF, and none ends the data",
        event: IncidentKind::Smuggling,
        section: "RFC 5321 §2.3.8",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_a_refusal_of_one_form() {
        for (name, row) in ALL {
            let Reply { code, enhanced, text } = &row.reply;
            assert!((400..600).contains(code), "{name}: {code}");
            let parts: Vec<_> = enhanced.split('.').collect();
            let class = (code / 100).to_string();
            assert!(parts.len() == 3 && parts[0] == class, "{name}: {code} {enhanced}");
            assert!(
                row.reply.to_string().len() + 2 <= 512,
                "{name}: RFC 5321 §4.5.3.1.5"
            );
            assert!(text.bytes().all(|c| (32..=126).contains(&c)), "{name}: {text}");
            assert!(
                row.section.contains('§') || row.section.starts_with("Postfix"),
                "{name}"
            );
            assert!(!row.input.ends_with('.'), "{name}: the input is no sentence");
        }
        let names: BTreeSet<_> = ALL.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), ALL.len(), "a name for each row");
    }
}
