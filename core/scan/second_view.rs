//! The strict view of a message's structure: mail-parser's, held against our own. Where the two see different leaves,
//! a mail client may too: that is a fact, and the scanners look into both.
//!
//! mail-parser has no bounds of its own. This file decides from the octets alone whether it may see the message: its
//! nesting is a chain of values that is dropped recursively, a multipart whose boundary is missing is searched for to
//! the end each time, continued parameters are compared each with each, and every boundary costs a part.

use crate::fields::FieldScan;
use crate::oddities::Oddities;
use crate::parser::{self, Leaf};
use crate::part::{Part, PartHeader, Shape};
use crate::walk::Walk;
use aho_corasick::AhoCorasick;
use memchr::{memchr_iter, memmem};
use postern_vocab::limits;

/// The search that the bounds are computed from.
#[derive(Debug)]
pub(crate) struct SecondView {
    names: AhoCorasick,
}

impl SecondView {
    /// Compiles the search.
    pub(crate) fn new() -> Self {
        let names = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(["multipart", "message/"])
            .expect("two short literals always compile");
        Self { names }
    }

    /// The leaves that only mail-parser sees. Notes `mime.ambiguous` if the two views differ.
    pub(crate) fn differing(&self, message: &[u8], walk: &Walk, oddities: &mut Oddities) -> Vec<Part> {
        let containers = self.containers(message);
        if containers.all == 0 || oddities.any("limit.") || !within_bounds(message, &containers, oddities) {
            return Vec::new();
        }
        let ours: Vec<&Part> = walk
            .parts
            .iter()
            .filter(|part| part.header.shape != Shape::Message)
            .collect();
        let theirs = parser::leaves(message, oddities);
        let differs = |leaf: &Leaf| !ours.iter().any(|part| same(message, part, leaf));
        let only_theirs: Vec<Part> = theirs
            .iter()
            .filter(|leaf| differs(leaf))
            .map(|leaf| part_of(message, leaf, oddities))
            .collect();
        if only_theirs
            .iter()
            .any(|part| part.header.is_file() || part.end > part.body)
        {
            oddities.note("mime.ambiguous");
        }
        only_theirs
    }

    /// How often the message names a container's type. Where it never does, there is one leaf in any view.
    fn containers(&self, message: &[u8]) -> Containers {
        let mut seen = Containers::default();
        for found in self.names.find_iter(message).take(limits::MIME_PARTS_MAX + 1) {
            seen.all += 1;
            seen.multiparts += usize::from(found.pattern().as_usize() == 0);
        }
        seen
    }
}

/// Names of container types in a message, counted to just over `limits::MIME_PARTS_MAX`.
#[derive(Clone, Copy, Debug, Default)]
struct Containers {
    all: usize,
    multiparts: usize,
}

fn within_bounds(message: &[u8], containers: &Containers, oddities: &mut Oddities) -> bool {
    let dashes = memmem::find_iter(message, b"--")
        .take(limits::MIME_DASHES_MAX + 1)
        .count();
    let continued = continued_parameters(message);
    let work = containers.multiparts.saturating_mul(message.len());
    let over = [
        ("limit.mime-containers", containers.all, limits::MIME_PARTS_MAX),
        ("limit.mime-parameters", continued, limits::MIME_PARTS_MAX),
        ("limit.mime-dashes", dashes, limits::MIME_DASHES_MAX),
        ("limit.mime-work", work, limits::MIME_WORK_BYTES_MAX),
    ]
    .into_iter()
    .find(|(_, value, max)| value > max);
    if let Some((word, value, _)) = over {
        oddities.note_value(word, value);
    }
    over.is_none()
}

/// How often the message has what a continued parameter's name ends with: `*=`, `*0=`, `*0*=`. RFC 2231 §3.
fn continued_parameters(message: &[u8]) -> usize {
    let ends = |at: usize| {
        let rest = &message[at + 1..];
        let digits = rest
            .iter()
            .take(10)
            .take_while(|c| c.is_ascii_digit() || **c == b'*')
            .count();
        rest.get(digits) == Some(&b'=')
    };
    memchr_iter(b'*', message)
        .filter(|at| ends(*at))
        .take(limits::MIME_PARTS_MAX + 1)
        .count()
}

/// The same leaf: same begin, and no difference at the end but blank octets.
fn same(message: &[u8], part: &Part, leaf: &Leaf) -> bool {
    let (low, high) = (part.end.min(leaf.end), part.end.max(leaf.end).min(message.len()));
    let begins = part.body == leaf.body || blank(message, part.body.min(leaf.body), part.body.max(leaf.body));
    begins && blank(message, low, high)
}

fn blank(message: &[u8], start: usize, end: usize) -> bool {
    message
        .get(start..end)
        .is_some_and(|octets| octets.iter().all(u8::is_ascii_whitespace))
}

fn part_of(message: &[u8], leaf: &Leaf, oddities: &mut Oddities) -> Part {
    let mut header = PartHeader::new(false);
    let body = leaf.body.min(message.len());
    let end = leaf.end.clamp(body, message.len());
    let start = leaf.header.min(body);
    FieldScan::new(&message[..body], start).for_each(|field| header.take(&field, oddities));
    header.settle(oddities);
    Part {
        header,
        body,
        end,
        depth: 1,
    }
}
