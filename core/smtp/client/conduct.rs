//! What the sending machine says next, and what it makes of each reply: one row for each command that is answered.

use super::hop::Hop;
use super::leaving::Leaving;
use super::message::{Message, Next};
use super::reply::HopReply;
use super::{Awaited, Client, ClientStep, Link, RECIPIENTS_IN_GROUP_MAX, Transaction};
use postern_vocab::Reply;

impl Client {
    /// Nothing is awaited: says what is due, or reports that nothing is.
    pub(super) fn go_on(&mut self) -> Option<ClientStep> {
        let Some(message) = self.message.as_ref() else {
            return match self.link {
                Link::Up => Some(ClientStep::Ready),
                Link::Gone(_) => Some(ClientStep::Done),
                Link::Leaving => {
                    self.command("QUIT", Awaited::Quit);
                    None
                }
            };
        };
        match message.next {
            Next::Mail => self.say_mail(),
            Next::Recipients(from) => self.say_recipients(from),
            Next::Data if !message.has_taken() => {
                // Everyone was refused: no data (RFC 5321 §3.3), and the transaction stays open until RSET.
                self.with_message(Message::end_transaction);
            }
            Next::Data if message.is_binary() => self.send_chunk(),
            Next::Data => self.command("DATA", Awaited::Data),
            Next::Nothing => {
                let hop = self.hop;
                return self.message.take().map(|done| ClientStep::Sent(done.sent(&hop)));
            }
        }
        None
    }

    /// MAIL, after RSET where that is due, and before the first recipients where the hop takes groups.
    fn say_mail(&mut self) {
        let (hop, has_room) = (self.hop, self.has_room());
        let Some(message) = self.message.as_mut() else {
            return;
        };
        message.settle_unfit(&hop);
        if message.next == Next::Nothing {
            return;
        }
        if !has_room {
            return message.settle(&Reply::fixed(
                451,
                "4.5.3",
                "next hop takes no more messages over this connection",
            ));
        }
        if self.transaction == Transaction::LeftOpen {
            self.command("RSET", Awaited::Rset);
            self.transaction = Transaction::None;
            if !self.hop.pipelining {
                return;
            }
        }
        self.transaction = Transaction::LeftOpen;
        self.transactions += 1;
        if let Some(mail) = self.message.as_mut().map(|message| message.mail(&hop)) {
            self.command(&mail, Awaited::Mail);
        }
        self.next(Next::Recipients(0));
        if self.hop.pipelining {
            self.say_recipients(0);
        }
    }

    fn say_recipients(&mut self, from: usize) {
        let group = if self.hop.pipelining {
            RECIPIENTS_IN_GROUP_MAX
        } else {
            1
        };
        let (hop, mut from) = (self.hop, from);
        for _ in 0..group {
            let named = self
                .message
                .as_mut()
                .and_then(|message| message.name_recipient(from, &hop));
            let Some((at, line)) = named else {
                return self.next(Next::Data);
            };
            self.command(&line, Awaited::Rcpt(at));
            from = at + 1;
        }
        self.next(Next::Recipients(from));
    }

    /// One reply, for the oldest command that has none.
    pub(super) fn answered(&mut self, hop_reply: &HopReply) {
        let reply = hop_reply.joined();
        let Some(awaited) = self.awaited.pop_front() else {
            // RFC 5321 §3.8: a hop that closes may say so at any time. Anything else unasked is nonsense.
            return self.gone(if reply.is_temporary() {
                reply
            } else {
                nonsense(&reply)
            });
        };
        match (awaited, reply.code) {
            (_, 421) => self.gone(reply),
            (Awaited::Quit, _) => self.gone(Reply::fixed(451, "4.4.2", "connection already closed")),
            (Awaited::Data, 354) => self.send_body(),
            (_, 300..400) | (Awaited::Data, 200..300) => self.gone(nonsense(&reply)),
            (Awaited::Banner, 200..300) => {
                let line = format!("EHLO {}", self.hello_name);
                self.command(&line, Awaited::Ehlo);
            }
            (Awaited::Ehlo, 200..300) => self.hop = Hop::from_ehlo(hop_reply),
            // RFC 5321 §3.2: an older server knows only HELO.
            (Awaited::Ehlo, 500..600) => {
                let line = format!("HELO {}", self.hello_name);
                self.command(&line, Awaited::Helo);
            }
            (Awaited::Helo | Awaited::Rset | Awaited::Mail, 200..300) => {}
            (Awaited::Banner | Awaited::Ehlo | Awaited::Helo | Awaited::Rset, _) => {
                self.gone(not_taken(&reply))
            }
            (Awaited::Rcpt(at), _) => self.with_message(|message| message.recipient_answered(at, reply)),
            (Awaited::Mail | Awaited::Data, _) => self.with_message(|message| message.settle(&reply)),
            (Awaited::EndOfData, _) => {
                // RFC 3030 §2: after a chunk that failed, RSET comes before anything else.
                let failed_chunk =
                    !reply.is_positive() && self.message.as_ref().is_some_and(Message::is_binary);
                if !failed_chunk {
                    self.transaction = Transaction::None;
                }
                self.with_message(|message| message.settle_taken(&reply));
            }
        }
    }

    /// The pieces are shared, not copied, and kept: a hop with a limit gets them again for the next recipients.
    fn send_body(&mut self) {
        if let Some(message) = &self.message {
            self.body = Some(Leaving::lines(message.outgoing.pieces.clone()));
            self.awaited.push_back(Awaited::EndOfData);
        }
    }

    fn send_chunk(&mut self) {
        if let Some(message) = &self.message {
            self.body = Some(Leaving::chunk(message.outgoing.pieces.clone()));
            self.awaited.push_back(Awaited::EndOfData);
        }
    }

    /// The connection is of no use any more: who has no reply yet gets this one, which never says "delivered" and never
    /// "give up".
    pub(super) fn gone(&mut self, reply: Reply) {
        assert!(reply.is_temporary(), "a lost connection is temporary: {reply}");
        self.awaited.clear();
        self.output.clear();
        self.body = None;
        self.with_message(|message| message.settle(&reply));
        if !matches!(self.link, Link::Gone(_)) {
            self.link = Link::Gone(reply);
        }
    }

    fn command(&mut self, line: &str, awaited: Awaited) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.awaited.push_back(awaited);
    }

    fn next(&mut self, next: Next) {
        self.with_message(|message| message.next = next);
    }

    fn with_message(&mut self, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.message.as_mut() {
            change(message);
        }
    }
}

/// A refusal of the connection, not of the message: another try may meet another mood or another machine.
fn not_taken(reply: &Reply) -> Reply {
    match reply.is_temporary() {
        true => reply.clone(),
        false => Reply::made(
            451,
            "4.3.0",
            &format!("next hop does not take connections: {reply}"),
        ),
    }
}

fn nonsense(reply: &Reply) -> Reply {
    Reply::made(451, "4.5.0", &format!("next hop's reply makes no sense: {reply}"))
}
