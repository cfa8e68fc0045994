//! One message to a next hop: its commands, and the fate of each recipient. RFC 5321 §3.3, §4.5.3.1.10 (too many
//! recipients); RFC 1870 §6.1; RFC 6152 §3; RFC 3030 §3; RFC 6531 §3.6; RFC 9422 §4.2 (recipients in several transactions).

use super::hop::{Hop, Size};
use super::{Outgoing, Sent, content, dsn};
use postern_vocab::{Address, BodyKind, Reply};
use std::fmt::Write;

/// A message under way.
pub(super) struct Message {
    pub(super) outgoing: Outgoing,
    /// One for each recipient.
    fates: Vec<Fate>,
    pub(super) next: Next,
    /// MAIL of the transaction under way said SMTPUTF8.
    said_smtputf8: bool,
}

/// What is due when no reply is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Mail,
    /// RCPT for those who have none yet, from this position on.
    Recipients(usize),
    Data,
    /// Every recipient's fate is known.
    Nothing,
}

/// How a recipient stands.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    /// RCPT was said in this transaction, and not answered yet.
    Named,
    /// RCPT was answered with 2yz: what comes of the data comes of it.
    Taken,
    Settled(Reply),
}

impl Message {
    pub(super) fn new(outgoing: Outgoing) -> Self {
        let fates = vec![Fate::Open; outgoing.recipients.len()];
        Self {
            outgoing,
            fates,
            next: Next::Mail,
            said_smtputf8: false,
        }
    }

    /// Whether it has to go by BDAT.
    pub(super) fn is_binary(&self) -> bool {
        self.outgoing.body == BodyKind::BinaryMime
    }

    /// Settles everybody whom this hop cannot be given this message for.
    pub(super) fn settle_unfit(&mut self, hop: &Hop) {
        if let Some(reply) = self.unfit(hop) {
            return self.settle(&reply);
        }
        if hop.smtputf8 {
            return;
        }
        let unfit = |(_, address): &(_, Address)| !is_ascii(address);
        for (fate, _) in self
            .fates
            .iter_mut()
            .zip(&self.outgoing.recipients)
            .filter(|(fate, recipient)| **fate == Fate::Open && unfit(recipient))
        {
            *fate = Fate::Settled(without_smtputf8("the recipient's address is not ASCII"));
        }
        if !self.has_open() {
            self.next = Next::Nothing;
        }
    }

    /// Why this hop cannot be given this message at all, if so.
    fn unfit(&self, hop: &Hop) -> Option<Reply> {
        if let Size::Limit(limit) = hop.size
            && self.outgoing.bytes > limit
        {
            let text = format!(
                "message of {} octets, next hop takes {limit}",
                self.outgoing.bytes
            );
            return Some(Reply::made(552, "5.3.4", &text));
        }
        match self.outgoing.body {
            // RFC 6152 §3: never sent as it is to who has not offered it. A later conversion would go here.
            BodyKind::EightBitMime if !hop.eight_bit_mime => {
                return Some(Reply::fixed(
                    554,
                    "5.6.3",
                    "message has 8-bit content, next hop does not offer 8BITMIME",
                ));
            }
            // RFC 3030 §3, the same for BINARYMIME.
            BodyKind::BinaryMime if !(hop.chunking && hop.binary_mime) => {
                return Some(Reply::fixed(
                    554,
                    "5.6.3",
                    "message has binary content, next hop does not offer CHUNKING and BINARYMIME",
                ));
            }
            _ => {}
        }
        match () {
            () if hop.smtputf8 => None,
            () if !self.has_ascii_sender() => Some(without_smtputf8("the sender's address is not ASCII")),
            () if self.has_utf8_header() => Some(without_smtputf8("the header is not ASCII")),
            () => None,
        }
    }

    fn has_ascii_sender(&self) -> bool {
        self.outgoing.sender.mailbox().is_none_or(is_ascii)
    }

    /// A header is internationalized if its sender said so. Octets above 127 in the header of a message that came without
    /// SMTPUTF8 are the mistake of its author, which mail has carried since before there was a rule for them, and leave as
    /// they came, as eight bit content.
    fn has_utf8_header(&self) -> bool {
        self.outgoing.smtputf8 && content::has_8bit_header(&self.outgoing.pieces)
    }

    /// Whether MAIL says SMTPUTF8 to a hop that offers it: where an address or the header needs it, and where a part's
    /// header may, since RFC 6531 §3.4 wants it left out only where it is known not to be needed.
    fn wants_smtputf8(&self) -> bool {
        let is_open = |fate: &Fate| matches!(fate, Fate::Open | Fate::Named | Fate::Taken);
        let mut open = self
            .fates
            .iter()
            .zip(&self.outgoing.recipients)
            .filter(|(fate, _)| is_open(fate));
        (self.outgoing.smtputf8 && self.outgoing.body != BodyKind::SevenBit)
            || !self.has_ascii_sender()
            || open.any(|(_, (_, address))| !is_ascii(address))
    }

    /// The MAIL command, with what the hop understands.
    pub(super) fn mail(&mut self, hop: &Hop) -> String {
        let mut line = format!("MAIL FROM:<{}>", self.outgoing.sender);
        if hop.size != Size::NotOffered {
            write!(line, " SIZE={}", self.outgoing.bytes).expect("a String grows");
        }
        line.push_str(match self.outgoing.body {
            BodyKind::SevenBit => "",
            BodyKind::EightBitMime => " BODY=8BITMIME",
            BodyKind::BinaryMime => " BODY=BINARYMIME",
        });
        self.said_smtputf8 = hop.smtputf8 && self.wants_smtputf8();
        if self.said_smtputf8 {
            line.push_str(" SMTPUTF8");
        }
        if hop.dsn {
            line.push_str(&dsn::of_mail(&self.outgoing.dsn));
        }
        line
    }

    /// The next recipient that no transaction has named, from a position on: its position, and its RCPT command.
    pub(super) fn name_recipient(&mut self, from: usize, hop: &Hop) -> Option<(usize, String)> {
        let full = hop
            .recipients_max
            .is_some_and(|most| self.in_transaction() >= most);
        let at = (from..self.fates.len()).find(|at| self.fates[*at] == Fate::Open)?;
        if full {
            return None;
        }
        self.fates[at] = Fate::Named;
        let (rid, address) = &self.outgoing.recipients[at];
        let asked = self.outgoing.dsn.recipients.get(rid).filter(|_| hop.dsn);
        let parameters = asked.map(|asked| dsn::of_recipient(asked, self.said_smtputf8));
        let line = format!("RCPT TO:<{address}>{}", parameters.unwrap_or_default());
        Some((at, line))
    }

    fn in_transaction(&self) -> usize {
        let named = |fate: &&Fate| matches!(fate, Fate::Named | Fate::Taken);
        self.fates.iter().filter(named).count()
    }

    /// RCPT was answered.
    pub(super) fn recipient_answered(&mut self, at: usize, reply: Reply) {
        if self.fates[at] == Fate::Named {
            self.fates[at] = match reply.code {
                200..300 => Fate::Taken,
                // RFC 5321 §4.5.3.1.10: what old servers mean by it is "too many recipients", and those come again.
                552 => Fate::Settled(Reply {
                    code: 452,
                    enhanced: "4.5.3".into(),
                    text: reply.text,
                }),
                _ => Fate::Settled(reply),
            };
        }
    }

    /// One reply for everybody who has none yet, taken or not.
    pub(super) fn settle(&mut self, reply: &Reply) {
        self.settle_where(|fate| !matches!(fate, Fate::Settled(_)), reply);
        self.next = Next::Nothing;
    }

    /// The reply to the data: for everybody of this transaction. Whoever it had no room for comes in the next.
    pub(super) fn settle_taken(&mut self, reply: &Reply) {
        self.settle_where(|fate| *fate == Fate::Taken, reply);
        self.end_transaction();
    }

    /// The transaction is over, or all it named were refused.
    pub(super) fn end_transaction(&mut self) {
        self.next = match self.has_open() {
            true => Next::Mail,
            false => Next::Nothing,
        };
    }

    fn settle_where(&mut self, which: impl Fn(&Fate) -> bool, reply: &Reply) {
        for fate in self.fates.iter_mut().filter(|fate| which(fate)) {
            *fate = Fate::Settled(reply.clone());
        }
    }

    fn has_open(&self) -> bool {
        self.fates.contains(&Fate::Open)
    }

    pub(super) fn has_taken(&self) -> bool {
        self.fates.contains(&Fate::Taken)
    }

    /// What came of it.
    pub(super) fn sent(self, hop: &Hop) -> Sent {
        let rids = self.outgoing.recipients.iter().map(|(rid, _)| *rid);
        let outcomes = rids.zip(self.fates).map(|(rid, fate)| match fate {
            Fate::Settled(reply) => (rid, reply),
            Fate::Open | Fate::Named | Fate::Taken => {
                unreachable!("a message is done when every recipient is")
            }
        });
        Sent {
            outcomes: outcomes.collect(),
            dsn_passed_on: hop.dsn,
        }
    }
}

fn is_ascii(address: &Address) -> bool {
    address.local().is_ascii() && address.domain().as_str().is_ascii()
}

/// RFC 6531 §3.5, §3.6.
fn without_smtputf8(cause: &str) -> Reply {
    Reply::made(
        553,
        "5.6.7",
        &format!("{cause}, next hop does not offer SMTPUTF8"),
    )
}
