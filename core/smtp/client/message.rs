//! One message to a next hop: its commands, and the fate of each recipient. RFC 5321 §3.3, §4.5.3.1.10 (too many
//! recipients); RFC 1870 §6.1; RFC 6152 §3.

use super::hop::{Hop, Size};
use super::{Outgoing, Sent};
use postern_vocab::{Address, Reply};
use std::fmt::Write;

/// A message under way.
pub(super) struct Message {
    pub(super) outgoing: Outgoing,
    /// One for each recipient.
    fates: Vec<Fate>,
    pub(super) next: Next,
}

/// What is due when no reply is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Mail,
    /// RCPT for the recipients from this one on.
    Recipients(usize),
    Data,
    /// Every recipient's fate is known.
    Nothing,
}

/// How a recipient stands.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fate {
    Open,
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
        }
    }

    /// Why this hop cannot be given this message at all, if so.
    pub(super) fn unfit(&self, hop: &Hop) -> Option<Reply> {
        match hop.size {
            Size::Limit(limit) if self.outgoing.bytes > limit => {
                let text = format!(
                    "message of {} octets, next hop takes {limit}",
                    self.outgoing.bytes
                );
                Some(Reply::made(552, "5.3.4", &text))
            }
            // RFC 6152 §3: never sent as it is to who has not offered it. A later conversion would go here.
            _ if self.outgoing.has_8bit && !hop.eight_bit_mime => Some(Reply::fixed(
                554,
                "5.6.3",
                "message has 8-bit content, next hop does not offer 8BITMIME",
            )),
            _ => None,
        }
    }

    /// The MAIL command, with what the hop understands.
    pub(super) fn mail(&self, hop: &Hop) -> String {
        let mut line = format!("MAIL FROM:<{}>", self.outgoing.sender);
        if hop.size != Size::NotOffered {
            write!(line, " SIZE={}", self.outgoing.bytes).expect("a String grows");
        }
        if self.outgoing.has_8bit && hop.eight_bit_mime {
            line.push_str(" BODY=8BITMIME");
        }
        line
    }

    /// The recipient at a position.
    pub(super) fn recipient(&self, at: usize) -> Option<&Address> {
        self.outgoing.recipients.get(at).map(|(_, address)| address)
    }

    /// RCPT was answered.
    pub(super) fn recipient_answered(&mut self, at: usize, reply: Reply) {
        if self.fates[at] == Fate::Open {
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
        for fate in self
            .fates
            .iter_mut()
            .filter(|fate| !matches!(fate, Fate::Settled(_)))
        {
            *fate = Fate::Settled(reply.clone());
        }
        self.next = Next::Nothing;
    }

    pub(super) fn has_taken(&self) -> bool {
        self.fates.contains(&Fate::Taken)
    }

    /// What came of it.
    pub(super) fn sent(self) -> Sent {
        let rids = self.outgoing.recipients.iter().map(|(rid, _)| *rid);
        let outcomes = rids.zip(self.fates).map(|(rid, fate)| match fate {
            Fate::Settled(reply) => (rid, reply),
            Fate::Open | Fate::Taken => unreachable!("a message is done when every recipient is"),
        });
        Sent {
            outcomes: outcomes.collect(),
        }
    }
}
