//! The asking machine: whether a next hop takes a recipient, without sending it anything. RFC 5321 §3.3 (RCPT), §4.1.1.2
//! (the null reverse path, which no honest server refuses), RFC 3463 §3.2 (codes about addresses).
//!
//! ```text
//! new, ask(recipient), then over and over:
//!   next_step() -> Send(octets)    write them all
//!                | Read            received(octets), closed() or timed_out()
//!                | Answer(answer)  ask() again, or quit()
//!                | Done            nothing is asked: close the socket
//! ```
//!
//! There is no TLS in it: a hop that insists on STARTTLS gives no answer.

use super::reply::{HopReply, ReplyReader};
use bytes::{Bytes, BytesMut};
use postern_vocab::{Address, Reply};

/// Details under RFC 3463 §3.2 that are about the sender, whatever they are said to.
const ABOUT_THE_SENDER: [&str; 2] = ["5.1.7", "5.1.8"];
/// Other codes that say "no such recipient": a mailbox that is disabled, and what Exchange says of one that it does not
/// know ("5.4.1 Recipient address rejected: Access denied").
const ALSO_UNKNOWN: [&str; 2] = ["5.2.1", "5.4.1"];

/// What a next hop says of a recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProbeAnswer {
    /// It takes it.
    Taken,
    /// It has no such recipient.
    Unknown(Reply),
    /// It said something else: not now, or a refusal that is not about the recipient.
    Unclear(Reply),
    /// The connection is of no use any more.
    Gone(Reply),
}

/// What the driver has to do next.
#[derive(PartialEq, Eq, Debug)]
pub enum ProbeStep {
    /// Write this, all of it.
    Send(Bytes),
    /// Read, until whenever the driver has to be done.
    Read,
    /// The recipient's answer.
    Answer(ProbeAnswer),
    /// Nothing is asked.
    Done,
}

/// One connection to a next hop that is asked about recipients, one after another.
pub struct Probe {
    hello_name: String,
    recipient: Option<Address>,
    standing: Standing,
    awaited: Option<Awaited>,
    answer: Option<ProbeAnswer>,
    output: BytesMut,
    replies: ReplyReader,
    /// RFC 6531.
    takes_utf8: bool,
}

/// How far the conversation is.
#[derive(Clone, PartialEq, Eq)]
enum Standing {
    /// The hop knows who we are.
    Greeted,
    /// MAIL was taken.
    InTransaction,
    Gone(Reply),
}

/// What a reply answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Banner,
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Quit,
}

impl Probe {
    /// A connection that was made. The first recipient may be asked about at once.
    #[must_use]
    pub fn new(hello_name: &str) -> Self {
        Self {
            hello_name: hello_name.to_owned(),
            recipient: None,
            standing: Standing::Greeted,
            awaited: Some(Awaited::Banner),
            answer: None,
            output: BytesMut::new(),
            replies: ReplyReader::default(),
            takes_utf8: false,
        }
    }

    /// Asks about a recipient. One at a time.
    pub fn ask(&mut self, recipient: &Address) {
        assert!(self.recipient.is_none(), "one recipient at a time");
        self.recipient = Some(recipient.clone());
    }

    /// Takes leave. The goodbye is a courtesy: nobody has to wait for what the hop says to it.
    pub fn quit(&mut self) {
        if !matches!(self.standing, Standing::Gone(_)) {
            self.command("QUIT", Awaited::Quit);
        }
    }

    /// The next thing to do.
    pub fn next_step(&mut self) -> ProbeStep {
        loop {
            if !self.output.is_empty() {
                return ProbeStep::Send(self.output.split().freeze());
            }
            if let Some(answer) = self.answer.take() {
                self.recipient = None;
                return ProbeStep::Answer(answer);
            }
            if self.awaited.is_some() {
                return ProbeStep::Read;
            }
            let Some(recipient) = self.recipient.clone() else {
                return ProbeStep::Done;
            };
            self.go_on(&recipient);
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
        self.gone(Reply::fixed(451, "4.4.2", "next hop closed the connection"));
    }

    /// The driver's time is over.
    pub fn timed_out(&mut self) {
        self.gone(Reply::fixed(451, "4.4.2", "next hop did not reply in time"));
    }

    fn go_on(&mut self, recipient: &Address) {
        let line = recipient.to_string();
        match &self.standing {
            Standing::Gone(reply) => self.answer = Some(ProbeAnswer::Gone(reply.clone())),
            // RFC 6531 §3.2: never said to who has not offered it.
            _ if !line.is_ascii() && !self.takes_utf8 => {
                let reply = Reply::fixed(553, "5.6.7", "next hop does not offer SMTPUTF8");
                self.answer = Some(ProbeAnswer::Unclear(reply));
            }
            Standing::Greeted if line.is_ascii() => self.command("MAIL FROM:<>", Awaited::Mail),
            Standing::Greeted => self.command("MAIL FROM:<> SMTPUTF8", Awaited::Mail),
            Standing::InTransaction => self.command(&format!("RCPT TO:<{line}>"), Awaited::Rcpt),
        }
    }

    fn answered(&mut self, hop_reply: &HopReply) {
        let reply = hop_reply.joined();
        match (self.awaited.take(), reply.code) {
            (Some(Awaited::Banner), 200..300) => {
                self.command(&format!("EHLO {}", self.hello_name), Awaited::Ehlo);
            }
            (Some(Awaited::Ehlo), 200..300) => self.takes_utf8 = offers_utf8(hop_reply),
            // RFC 5321 §3.2: an older server knows only HELO.
            (Some(Awaited::Ehlo), 500..600) => {
                self.command(&format!("HELO {}", self.hello_name), Awaited::Helo);
            }
            (Some(Awaited::Helo), 200..300) => {}
            (Some(Awaited::Mail), 200..300) => self.standing = Standing::InTransaction,
            (Some(Awaited::Mail), 400..600) if reply.code != 421 => {
                self.answer = Some(ProbeAnswer::Unclear(reply));
            }
            (Some(Awaited::Rcpt), 200..600) if reply.code != 421 => {
                self.answer = Some(about_recipient(reply));
            }
            // Refused as a whole, hung up on, told goodbye, or out of step.
            _ => self.gone(reply),
        }
    }

    fn gone(&mut self, reply: Reply) {
        self.awaited = None;
        self.output.clear();
        if !matches!(self.standing, Standing::Gone(_)) {
            self.standing = Standing::Gone(reply);
        }
    }

    fn command(&mut self, line: &str, awaited: Awaited) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.awaited = Some(awaited);
    }
}

/// What a reply to RCPT says of the recipient. A refusal for policy (5.7.z), for relaying (554) or for want of room (552)
/// is about us or about today: taking it for "no such recipient" would bounce good mail.
fn about_recipient(reply: Reply) -> ProbeAnswer {
    let enhanced = reply.enhanced.as_ref();
    let about_address = enhanced.is_empty()
        || ALSO_UNKNOWN.contains(&enhanced)
        || (enhanced.starts_with("5.1.") && !ABOUT_THE_SENDER.contains(&enhanced));
    match reply.code {
        250..=252 => ProbeAnswer::Taken,
        550 | 551 | 553 if about_address => ProbeAnswer::Unknown(reply),
        _ => ProbeAnswer::Unclear(reply),
    }
}

fn offers_utf8(reply: &HopReply) -> bool {
    let keyword = |line: &String| {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        word.eq_ignore_ascii_case("SMTPUTF8")
    };
    reply.lines.iter().skip(1).any(keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a hop that says these lines, one after each write, and gives what was said to it and the answers.
    fn play(hop: &[&str], recipients: &[&str]) -> (Vec<String>, Vec<ProbeAnswer>) {
        let mut probe = Probe::new("mx.example.com");
        let (mut said, mut answers) = (Vec::new(), Vec::new());
        let mut lines = hop.iter();
        let mut asked = recipients
            .iter()
            .map(|text| text.parse::<Address>().expect("valid"));
        probe.ask(&asked.next().expect("one at least"));
        loop {
            match probe.next_step() {
                ProbeStep::Send(octets) => {
                    said.push(String::from_utf8_lossy(&octets).trim_end().to_owned());
                }
                ProbeStep::Read => match lines.next() {
                    Some(line) => probe.received(format!("{line}\r\n").as_bytes()),
                    None => probe.closed(),
                },
                ProbeStep::Answer(answer) => {
                    answers.push(answer);
                    match asked.next() {
                        Some(next) => probe.ask(&next),
                        None => return (said, answers),
                    }
                }
                ProbeStep::Done => panic!("an answer comes before the end"),
            }
        }
    }

    fn kind(answer: &ProbeAnswer) -> &'static str {
        match answer {
            ProbeAnswer::Taken => "taken",
            ProbeAnswer::Unknown(_) => "unknown",
            ProbeAnswer::Unclear(_) => "unclear",
            ProbeAnswer::Gone(_) => "gone",
        }
    }

    #[test]
    fn a_reply_to_rcpt_is_about_the_recipient_or_it_is_not() {
        let rows = [
            ("250 2.1.5 Ok", "taken", "taken"),
            ("251 will forward", "taken", "forwarded is taken"),
            ("252 cannot verify", "taken", "taken for now is taken"),
            ("550 5.1.1 No such user", "unknown", "the plain case"),
            ("550 No such user", "unknown", "without an enhanced code"),
            ("550 5.1.10 Recipient not found", "unknown", "Exchange"),
            ("550 5.4.1 Access denied", "unknown", "Exchange at the edge"),
            ("550 5.2.1 Disabled", "unknown", "a disabled mailbox"),
            ("551 5.1.6 Moved", "unknown", "moved away"),
            ("553 5.1.3 Bad syntax", "unknown", "a name it cannot have"),
            ("550 5.7.1 Blocked", "unclear", "policy: about us"),
            ("550 5.1.8 Bad sender", "unclear", "about the sender"),
            ("553 5.7.1 Not owned", "unclear", "policy: about us"),
            ("554 5.7.1 Relay access denied", "unclear", "relaying"),
            ("552 5.2.2 Mailbox full", "unclear", "full: today"),
            ("452 4.2.2 Mailbox full", "unclear", "full: today"),
            ("450 4.1.1 Unverified", "unclear", "not now"),
            ("451 4.7.1 Greylisted", "unclear", "not now"),
            ("421 4.3.2 Closing", "gone", "hung up"),
            ("250-mixed", "gone", "half a reply, then the end"),
            ("hello", "gone", "no reply at all"),
        ];
        for (reply, expected, reason) in rows {
            let hop = ["220 hop", "250 hop", "250 ok", reply];
            let (said, answers) = play(&hop, &["alice@example.com"]);
            assert_eq!(kind(&answers[0]), expected, "{reply}: {reason}");
            let all = [
                "EHLO mx.example.com",
                "MAIL FROM:<>",
                "RCPT TO:<alice@example.com>",
            ];
            assert_eq!(said, all, "{reply}");
        }
    }

    #[test]
    fn before_rcpt_nothing_says_unknown() {
        let rows: [(&[&str], &str, &str); 9] = [
            (&[], "gone", "closed at once"),
            (&["554 5.7.1 Go away"], "gone", "refused at the banner"),
            (&["421 Busy"], "gone", "busy at the banner"),
            (&["220 hop", "450 no"], "gone", "EHLO refused for now"),
            (&["220 hop", "502 what", "550 no"], "gone", "HELO refused"),
            (
                &["220 hop", "250 hop", "550 5.1.1 No"],
                "unclear",
                "MAIL refused, whatever the code",
            ),
            (
                &["220 hop", "250 hop", "530 5.7.0 Must issue STARTTLS"],
                "unclear",
                "TLS wanted",
            ),
            (&["220 hop", "250 hop", "354 go on"], "gone", "out of step"),
            (
                &["220 hop\r\n550 5.1.1 No\r\n550 5.1.1 No\r\n550 5.1.1 No"],
                "gone",
                "replies to what was never said",
            ),
        ];
        for (hop, expected, reason) in rows {
            let (_, answers) = play(hop, &["alice@example.com"]);
            assert_eq!(kind(&answers[0]), expected, "{reason}");
        }
    }

    #[test]
    fn an_old_hop_is_greeted_with_helo_and_the_second_recipient_shares_the_transaction() {
        let hop = [
            "220 hop",
            "500 what",
            "250 hop",
            "250 ok",
            "250 ok",
            "550 5.1.1 No",
        ];
        let (said, answers) = play(&hop, &["alice@example.com", "nobody@example.com"]);
        assert_eq!(answers.iter().map(kind).collect::<Vec<_>>(), ["taken", "unknown"]);
        assert_eq!(
            said[1..],
            [
                "HELO mx.example.com",
                "MAIL FROM:<>",
                "RCPT TO:<alice@example.com>",
                "RCPT TO:<nobody@example.com>"
            ]
        );
    }

    #[test]
    fn after_the_end_every_question_is_answered_and_goodbye_is_not_said() {
        let (_, answers) = play(&["220 hop"], &["alice@example.com", "bob@example.com"]);
        assert_eq!(answers.iter().map(kind).collect::<Vec<_>>(), ["gone", "gone"]);
        let mut probe = Probe::new("mx.example.com");
        probe.timed_out();
        probe.quit();
        assert_eq!(probe.next_step(), ProbeStep::Done);
    }
}
