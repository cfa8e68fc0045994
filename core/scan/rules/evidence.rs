//! All that a rule may look at.

use super::phrases::{Hits, Phrases};
use crate::header::Header;
use crate::links::owner_part;
use crate::mime::MimeView;
use crate::oddities::Oddities;
use crate::scanner::EnvelopeView;
use crate::text::{Folding, Texts, fold};

/// One message, ready for the rules.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) header: &'a Header<'a>,
    pub(crate) mime: &'a MimeView<'a>,
    pub(crate) view: &'a EnvelopeView<'a>,
    pub(crate) hostname: &'a str,
    pub(crate) texts: Texts,
    /// The subject, folded, and what folding met.
    pub(crate) subject: String,
    pub(crate) subject_folding: Folding,
    /// The display name of From, folded, and what folding met.
    pub(crate) from_name: String,
    pub(crate) from_name_folding: Folding,
    /// The domain of the first From address; empty if there is none.
    pub(crate) from_domain: &'a str,
    /// Fields that may be there once are there twice.
    pub(crate) duplicates: bool,
    pub(crate) hits: Hits,
}

/// What the evidence is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) header: &'a Header<'a>,
    pub(crate) mime: &'a MimeView<'a>,
    pub(crate) view: &'a EnvelopeView<'a>,
    pub(crate) hostname: &'a str,
}

impl<'a> Evidence<'a> {
    /// Reads the texts and finds the phrases in them.
    pub(crate) fn gather(seen: Seen<'a>, phrases: &Phrases, oddities: &mut Oddities) -> Self {
        let texts = Texts::of(&seen.mime.contents, oddities);
        let facts = &seen.header.facts;
        let (subject, subject_folding) = folded(&facts.subject);
        let (from_name, from_name_folding) = folded(&facts.from_name);
        let mut hits = Hits::default();
        phrases.find(&subject, &mut hits);
        phrases.find(&texts.folded, &mut hits);
        Self {
            message: seen.message,
            header: seen.header,
            mime: seen.mime,
            view: seen.view,
            hostname: seen.hostname,
            texts,
            subject,
            subject_folding,
            from_name,
            from_name_folding,
            from_domain: facts.from.first().map_or("", |from| domain(from)),
            duplicates: oddities.any("header.duplicate"),
            hits,
        }
    }

    /// Whether the header names messages that this one follows.
    pub(crate) fn is_reply(&self) -> bool {
        self.header.has("in-reply-to") || self.header.has("references")
    }

    /// Whether a mailing list passed it on.
    pub(crate) fn is_list(&self) -> bool {
        self.header.has("list-id") || self.header.has("list-post") || self.header.has("x-mailing-list")
    }

    /// Whether a host belongs to who owns the From domain, as far as names tell.
    pub(crate) fn is_senders(&self, host: &str) -> bool {
        owner_part(host) == owner_part(self.from_domain)
    }
}

fn folded(text: &str) -> (String, Folding) {
    let (mut out, mut folding) = (String::new(), Folding::default());
    fold(text, &mut out, &mut folding);
    (out, folding)
}

/// What follows the last `@`.
pub(crate) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}
