//! Every fixed reply of the receiving machine, in one table: code, enhanced code, text. RFC 5321 §4.2 (codes), RFC 2034
//! and RFC 3463 (enhanced codes; none on the banner, the HELO and EHLO replies and 354, RFC 2034 §4). A refusal's text
//! names the cause and, where there is one, the remedy, for the postmaster who finds it in a bounce.

use postern_vocab::Reply;

/// A reply known when the program is built: one row of the table.
macro_rules! replies {
    ($($(#[$doc:meta])+ $name:ident = $code:literal $enhanced:literal $text:literal;)+) => {
        $($(#[$doc])+ pub const $name: Reply = Reply::fixed($code, $enhanced, $text);)+

        /// The whole table, for the test of its form.
        #[cfg(test)]
        const ALL: &[(&str, Reply)] = &[$((stringify!($name), $name)),+];
    };
}

replies! {
    // Done. RFC 5321 §4.3.2.
    /// RFC 5321 §4.1.1.9.
    NOOP_OK = 250 "2.0.0" "Ok";
    /// RFC 5321 §4.1.1.5.
    RSET_OK = 250 "2.0.0" "Ok: transaction dropped";
    /// RFC 5321 §3.3.
    SENDER_OK = 250 "2.1.0" "Ok";
    /// RFC 5321 §3.3.
    RECIPIENT_OK = 250 "2.1.5" "Ok";
    /// RFC 5321 §4.1.1.4. The one reply that asks for something else than a command.
    SEND_DATA = 354 "" "End data with <CR><LF>.<CR><LF>";
    /// RFC 5321 §3.5.3: always the same, so that nobody learns who is here (§7.3).
    VRFY_CANNOT = 252 "2.5.0" "Cannot VRFY; send mail and see";
    /// RFC 5321 §4.1.1.8.
    HELP_TEXT = 214 "2.0.0" "Commands are those of RFC 5321; ask the postmaster about refused mail";
    /// RFC 5321 §4.1.1.10.
    BYE = 221 "2.0.0" "Bye";

    // The command line.
    /// RFC 5321 §4.2.4.
    UNKNOWN_COMMAND = 500 "5.5.1" "Command not recognized";
    /// RFC 5321 §4.5.3.1.4.
    LINE_TOO_LONG = 500 "5.5.2" "Line too long";
    /// RFC 5321 §2.3.8.
    BARE_LINE_END = 500 "5.5.2" "Bare <CR> or <LF> received; lines end with <CR><LF>";
    /// RFC 5321 §4.1.2: commands are printable ASCII.
    CONTROL_OCTET = 501 "5.5.4" "Control character in command";
    /// RFC 5321 §2.4, RFC 6531 §3.1.
    NOT_ASCII = 500 "5.5.2" "Command is not ASCII";
    /// The first line is another protocol's.
    NOT_SMTP = 500 "5.5.2" "This is SMTP; goodbye";
    /// RFC 5321 §7.3.
    EXPN_DISABLED = 502 "5.5.1" "EXPN is disabled";
    /// RFC 3207: not offered here.
    STARTTLS_NOT_OFFERED = 502 "5.5.1" "STARTTLS is not offered";
    /// RFC 4954 §4.
    AUTH_NOT_OFFERED = 503 "5.5.1" "AUTH is not offered";
    /// RFC 3030: not offered here.
    BDAT_NOT_OFFERED = 502 "5.5.1" "BDAT is not offered; use DATA";
    /// Another server's word for whom it speaks: nobody is trusted with it here.
    XCLIENT_DENIED = 550 "5.7.1" "Not from you";
    /// RFC 5321 §4.3.2: commands without arguments.
    NO_ARGUMENT_ALLOWED = 501 "5.5.4" "This command takes no argument";

    // The order of commands. RFC 5321 §4.1.4.
    /// MAIL before EHLO.
    HELLO_FIRST = 503 "5.5.1" "Send EHLO or HELO first";
    /// A second MAIL.
    SENDER_TWICE = 503 "5.5.1" "Sender already given; RSET starts over";
    /// RCPT or DATA before MAIL.
    SENDER_FIRST = 503 "5.5.1" "Send MAIL first";
    /// DATA before any accepted RCPT. RFC 5321 §3.3.
    NO_RECIPIENTS = 554 "5.5.1" "No valid recipients";
    /// Commands that came before the banner, behind an EHLO whose answer they could not know. RFC 2920 §3.1.
    SENT_TOO_EARLY = 503 "5.5.0" "Sent before the banner and not obeyed; wait for replies";

    // HELO, EHLO.
    /// RFC 5321 §4.1.1.1.
    HELLO_WITHOUT_NAME = 501 "5.5.4" "Name missing: EHLO your.host.name";

    // MAIL, RCPT.
    /// RFC 5321 §4.1.1.2.
    SENDER_SYNTAX = 501 "5.1.7" "Bad sender address; write MAIL FROM:<user@example.com>";
    /// A NUL or another control octet.
    SENDER_CONTROL_OCTET = 553 "5.1.7" "Control character in sender address";
    /// RFC 5321 §4.1.1.3.
    RECIPIENT_SYNTAX = 501 "5.1.3" "Bad recipient address; write RCPT TO:<user@example.com>";
    /// A NUL or another control octet.
    RECIPIENT_CONTROL_OCTET = 553 "5.1.3" "Control character in recipient address";
    /// RFC 6531 §3.5: SMTPUTF8 is not offered.
    ADDRESS_NOT_ASCII = 553 "5.6.7" "Address is not ASCII, and SMTPUTF8 is not offered";
    /// RFC 5321 §4.1.1.11.
    PARAMETER_UNKNOWN = 555 "5.5.4" "Parameter not recognized";
    /// The same keyword twice.
    PARAMETER_TWICE = 501 "5.5.4" "Parameter given twice";
    /// A keyword or value that does not parse. RFC 5321 §4.1.2.
    PARAMETER_SYNTAX = 501 "5.5.4" "Bad parameter";
    /// RFC 1870 §6.
    SIZE_SYNTAX = 501 "5.5.4" "SIZE is a number of at most 20 digits";
    /// RFC 6152 §2.
    BODY_UNKNOWN = 501 "5.5.4" "BODY is 7BIT or 8BITMIME";
    /// RFC 5321 §4.5.3.1.10: those taken so far stand.
    TOO_MANY_RECIPIENTS = 452 "4.5.3" "Too many recipients; send to the others in another message";
    /// RFC 1870 §6.1 at MAIL, §6.3 at the end of data.
    TOO_LARGE = 552 "5.3.4" "Message is larger than EHLO's SIZE allows";

    // The data.
    /// RFC 5321 §2.3.8. The words are Postfix's, which senders' postmasters know.
    BARE_LF_IN_DATA = 550 "5.5.2" "bare <LF> received; lines end with <CR><LF>";
    /// The same for the other octet.
    BARE_CR_IN_DATA = 550 "5.5.2" "bare <CR> received; lines end with <CR><LF>";
    /// RFC 5321 §4.5.3.1.6: far over the 1,000 it allows.
    TEXT_LINE_TOO_LONG = 554 "5.6.0" "Text line too long; encode the content";

    // The end, with 421: RFC 5321 §3.8.
    /// Too many unknown or malformed commands.
    TOO_MANY_ERRORS = 421 "4.7.0" "Too many errors; closing connection";
    /// Of one connection.
    TOO_MANY_MESSAGES = 421 "4.7.0" "Too many messages in one connection; connect again";
    /// RFC 5321 §4.5.3.2.
    TIMED_OUT = 421 "4.4.2" "No input for too long; closing connection";
    /// The daemon stops.
    SHUTTING_DOWN = 421 "4.3.2" "Shutting down; try again later";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_agrees_with_its_code_and_a_line_stays_short() {
        for (name, reply) in ALL {
            let class = reply.enhanced.bytes().next();
            let digit = reply.code.to_string().bytes().next();
            assert!(reply.code == 354 || class == digit, "{name}: {reply}");
            assert!(reply.to_string().len() + 2 <= 512, "{name}: RFC 5321 §4.5.3.1.5");
            assert!(reply.text.bytes().all(|c| (32..=126).contains(&c)), "{name}");
        }
    }
}
