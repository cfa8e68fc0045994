//! One call judges one message. May not know where the message came from beyond what [`EnvelopeView`] says.

use crate::header::Header;
use crate::mime::MimeView;
use crate::oddities::Oddities;
use crate::rules::{self, Evidence, Phrases, Seen};
use crate::second_view::SecondView;
use crate::virus::Viruses;
use postern_vocab::{Envelope, Finding, HeaderFacts, MimeFacts, ReverseName};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the SMTP side knows of the message.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeView<'a> {
    /// Sender and recipients.
    pub envelope: &'a Envelope,
    /// The argument of HELO or EHLO, as sent.
    pub helo: &'a str,
    /// The client's address.
    pub client: IpAddr,
    /// What the reverse look-up came to.
    pub reverse: &'a ReverseName,
}

/// What one look at a message came to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scan {
    /// What the header says.
    pub header: HeaderFacts,
    /// How the message is built, and what is odd about it.
    pub mime: MimeFacts,
    /// What the engines found, in the order they ran.
    pub findings: Vec<Finding>,
    /// Octet ranges `[start, end)` of header fields in our name that came from outside. Ascending, not overlapping.
    /// RFC 8601 §5.
    pub cuts: Vec<(u64, u64)>,
}

/// The compiled rules. Built once, shared by every shard.
#[derive(Debug)]
pub struct Scanner {
    hostname: String,
    second: SecondView,
    viruses: Viruses,
    phrases: Phrases,
}

impl Scanner {
    /// Compiles the rules. `hostname` is our own name: the authserv-id that nobody else may use. RFC 8601 §5.
    #[must_use]
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.trim_end_matches('.').to_ascii_lowercase(),
            second: SecondView::new(),
            viruses: Viruses::new(),
            phrases: Phrases::new(),
        }
    }

    /// Looks into one message. A panic in any stage is the oddity `mime.panic`, and what earlier stages found stays.
    #[must_use]
    pub fn scan(&self, message: &[u8], view: &EnvelopeView<'_>) -> Scan {
        let mut oddities = Oddities::default();
        let header = walled(&mut oddities, |odd| Header::read(message, &self.hostname, odd));
        let mime = walled(&mut oddities, |odd| {
            MimeView::of(message, header.body, &self.second, odd)
        });
        let mut findings = Vec::new();
        let contents = mime.contents.iter();
        let octets = contents.flat_map(|one| one.others.iter().map(Vec::as_slice).chain([&*one.octets]));
        findings.extend(self.viruses.find([message].into_iter().chain(octets)));
        let spam = walled(&mut oddities, |odd| {
            let seen = Seen {
                message,
                header: &header,
                mime: &mime,
                view,
                hostname: &self.hostname,
            };
            rules::evaluate(&Evidence::gather(seen, &self.phrases, odd))
        });
        findings.extend(spam);
        let (parts, depth) = mime.counts();
        let facts = MimeFacts {
            parts,
            depth,
            attachments: mime.attachments,
            oddities: oddities.into_words(),
        };
        Scan {
            header: header.facts,
            mime: facts,
            findings,
            cuts: header.cuts,
        }
    }
}

/// A stage behind a wall: a mistake of ours, or of a library, costs the stage and is told.
fn walled<T: Default>(oddities: &mut Oddities, stage: impl FnOnce(&mut Oddities) -> T) -> T {
    catch_unwind(AssertUnwindSafe(|| stage(oddities))).unwrap_or_else(|_| {
        oddities.note("mime.panic");
        T::default()
    })
}
