//! Who a message says it is from, as lists compare it: the envelope sender and every From: address, each by itself, so
//! that it can be told which of them an entry fitted.

use crate::parents::parents;
use postern_vocab::{Address, Domain, Facts, ReversePath};
use std::fmt;

/// Where in the message a sender address stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// MAIL FROM.
    EnvelopeSender,
    /// A From: header field. Anyone can write anything there.
    HeaderFrom,
}

impl Which {
    /// The words in reasons and trails.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvelopeSender => "envelope sender",
            Self::HeaderFrom => "From",
        }
    }
}

/// The senders of one message, envelope first. A null sender and a From: without a domain fit no entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Senders(pub(crate) Vec<Sender>);

/// One sender address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sender {
    /// Where it stood.
    pub(crate) which: Which,
    /// The folded address; `@domain` where only the domain can be read.
    folded: String,
}

/// How closely a pattern fits a sender. Later is closer; of two parents the one with more labels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Closeness {
    /// `.parent`, with this many labels.
    Below(usize),
    /// `domain`.
    Domain,
    /// `user@domain`.
    Address,
}

impl Senders {
    /// The senders of a message.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        Self::new(&facts.envelope.sender, &facts.header.from)
    }

    /// The senders, from the envelope's and the header's.
    #[must_use]
    pub fn new(envelope: &ReversePath, from: &[String]) -> Self {
        let envelope = envelope.mailbox().map(|one| Sender {
            which: Which::EnvelopeSender,
            folded: one.folded(),
        });
        let mut senders: Vec<Sender> = envelope.into_iter().collect();
        for folded in from.iter().filter_map(|text| folded(text)) {
            if !senders.iter().any(|known| known.folded == folded) {
                senders.push(Sender {
                    which: Which::HeaderFrom,
                    folded,
                });
            }
        }
        Self(senders)
    }
}

/// What lists can compare of a From: address. Its local part may be none that RFC 5321 allows, its domain must be one.
fn folded(text: &str) -> Option<String> {
    if let Ok(address) = text.trim().parse::<Address>() {
        return Some(address.folded());
    }
    let (_, domain) = text.trim().rsplit_once('@')?;
    domain.parse::<Domain>().ok().map(|domain| format!("@{domain}"))
}

impl Sender {
    /// Every pattern that fits this sender, closest first, as the text that entries are kept under.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (Closeness, &str)> {
        let (local, domain) = self.folded.rsplit_once('@').unwrap_or_default();
        let address = (!local.is_empty()).then_some((Closeness::Address, self.folded.as_str()));
        let below = parents(domain).map(|pattern| (Closeness::Below(pattern.matches('.').count()), pattern));
        address
            .into_iter()
            .chain([(Closeness::Domain, domain)])
            .chain(below)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.which.as_str(), self.folded)
    }
}

/// `envelope sender a@example.com, From b@example.org`.
impl fmt::Display for Senders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no sender address");
        }
        for (at, sender) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{sender}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_is_compared_by_itself_and_once() {
        let envelope = ReversePath::Mailbox("Bounce@Lists.Example.com".parse().expect("valid"));
        let from = [
            "bob@example.org",
            "bounce@lists.example.com",
            " Eve@EXAMPLE.net ",
            "jos\u{e9}@example.com",
            "two words@example.com",
            "no domain",
            "a@b c",
        ];
        let senders = Senders::new(&envelope, &from.map(str::to_owned));
        let expected = "envelope sender bounce@lists.example.com, From bob@example.org, From eve@example.net, \
                        From jos\u{e9}@example.com, From @example.com";
        assert_eq!(senders.to_string(), expected);
        assert_eq!(
            Senders::new(&ReversePath::Null, &[]).to_string(),
            "no sender address"
        );
    }

    #[test]
    fn patterns_come_closest_first() {
        let patterns = |from: &str| {
            let senders = Senders::new(&ReversePath::Null, &[from.to_owned()]);
            senders.0[0]
                .patterns()
                .map(|(_, pattern)| pattern.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            patterns("a@b.example.org"),
            ["a@b.example.org", "b.example.org", ".example.org", ".org"]
        );
        assert_eq!(patterns("\"a@b\"@example"), ["\"a@b\"@example", "example"]);
        assert_eq!(patterns("a@[192.0.2.1]"), ["a@[192.0.2.1]", "[192.0.2.1]"]);
        assert_eq!(
            patterns("\u{e9}@example.org"),
            ["\u{e9}@example.org", "example.org", ".org"],
            "RFC 6531 §3.3"
        );
        assert_eq!(
            patterns("two words@example.org"),
            ["example.org", ".org"],
            "only the domain can be read"
        );
        assert!(Closeness::Address > Closeness::Domain && Closeness::Domain > Closeness::Below(9));
    }
}
