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
    containers: AhoCorasick,
}

impl SecondView {
    /// Compiles the search.
    pub(crate) fn new() -> Self {
        let containers = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(["multipart", "message/"])
            .expect("two short literals always compile");
        Self { containers }
    }

    /// The leaves that only mail-parser sees. Notes `mime.ambiguous` if the two views differ.
    pub(crate) fn differing(&self, message: &[u8], walk: &Walk, oddities: &mut Oddities) -> Vec<Part> {
        if oddities.any("limit.") || !self.within_bounds(message, oddities) {
            return Vec::new();
        }
        let ours: Vec<&Part> = walk.parts.iter().filter(|part| part.header.shape != Shape::Message).collect();
        if walk.multiparts == 0 && ours.len() == 1 && walk.count == 1 {
            return Vec::new();
        }
        let theirs = parser::leaves(message, oddities);
        let differs = |leaf: &Leaf| !ours.iter().any(|part| same(message, part, leaf));
        let only_theirs: Vec<Part> =
            theirs.iter().filter(|leaf| differs(leaf)).map(|leaf| part_of(message, leaf, oddities)).collect();
        if only_theirs.iter().any(|part| part.header.is_file() || part.end > part.body) {
            oddities.note("mime.ambiguous");
        }
        only_theirs
    }

    fn within_bounds(&self, message: &[u8], oddities: &mut Oddities) -> bool {
        let (mut multiparts, mut all) = (0usize, 0usize);
        for found in self.containers.find_iter(message) {
            all += 1;
            multiparts += usize::from(found.pattern().as_usize() == 0);
            if all > limits::MIME_PARTS_MAX {
                break;
            }
        }
        let dashes = memmem::find_iter(message, b"--").take(limits::MIME_DASHES_MAX + 1).count();
        let work = multiparts.saturating_mul(message.len());
        if all > limits::MIME_PARTS_MAX || continued_parameters(message) > limits::MIME_PARTS_MAX {
            oddities.note("limit.mime-work");
        } else if dashes > limits::MIME_DASHES_MAX {
            oddities.note_value("limit.mime-dashes", dashes);
        } else if work > limits::MIME_WORK_BYTES_MAX {
            oddities.note_value("limit.mime-work", work);
        }
        !oddities.any("limit.mime")
    }
}

/// How often the message has what a continued parameter's name ends with: `*=`, `*0=`, `*0*=`. RFC 2231 §3.
fn continued_parameters(message: &[u8]) -> usize {
    let ends = |at: usize| {
        let rest = &message[at + 1..];
        let digits = rest.iter().take(10).take_while(|c| c.is_ascii_digit() || **c == b'*').count();
        rest.get(digits) == Some(&b'=')
    };
    memchr_iter(b'*', message).filter(|at| ends(*at)).take(limits::MIME_PARTS_MAX + 1).count()
}

/// The same leaf: same begin, and no difference at the end but blank octets.
fn same(message: &[u8], part: &Part, leaf: &Leaf) -> bool {
    let (low, high) = (part.end.min(leaf.end), part.end.max(leaf.end).min(message.len()));
    let begins = part.body == leaf.body || blank(message, part.body.min(leaf.body), part.body.max(leaf.body));
    begins && blank(message, low, high)
}

fn blank(message: &[u8], start: usize, end: usize) -> bool {
    message.get(start..end).is_some_and(|octets| octets.iter().all(u8::is_ascii_whitespace))
}

fn part_of(message: &[u8], leaf: &Leaf, oddities: &mut Oddities) -> Part {
    let mut header = PartHeader::new(false);
    let body = leaf.body.min(message.len());
    let end = leaf.end.clamp(body, message.len());
    let start = leaf.header.min(body);
    FieldScan::new(&message[..body], start).for_each(|field| header.take(&field, oddities));
    header.settle(oddities);
    Part { header, body, end, depth: 1 }
}
