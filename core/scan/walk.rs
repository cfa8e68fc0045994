//! The generous view of a message's structure: one pass over its lines, a stack of open containers, no recursion.
//! RFC 2045, RFC 2046.
//!
//! It may not know what parts mean for the judgement. Every octet of a body ends up in some leaf: what is over a limit
//! or badly declared becomes a leaf as it is, with an oddity.

use crate::fields::{FieldScan, before_line_end, line_end};
use crate::oddities::Oddities;
use crate::part::{Part, PartHeader, Shape};
use postern_vocab::limits;

/// What the walk of one message came to.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Leaves and nested messages, in order; no more than `limits::MIME_PARTS_MAX`.
    pub(crate) parts: Vec<Part>,
    /// All parts, containers included, also those over the limit.
    pub(crate) count: usize,
    /// The deepest nesting seen.
    pub(crate) depth: usize,
    /// Multiparts.
    pub(crate) multiparts: usize,
}

/// A container whose end has not been seen.
#[derive(Debug)]
struct Open {
    /// Of a multipart. A nested message has none: it ends with what is around it.
    boundary: Option<Vec<u8>>,
    /// Children without a type are messages. RFC 2046 §5.1.5.
    digest: bool,
    /// Children so far.
    children: usize,
    /// First octet of its body.
    body: usize,
    /// Its own place among the parts, for a nested message.
    part: Option<usize>,
    header: PartHeader,
}

/// What a line is to the containers that are open.
enum Fence {
    /// Begins a part of the container at that place.
    Begins(usize),
    /// Closes it.
    Closes(usize),
}

struct Walker<'a> {
    data: &'a [u8],
    walk: Walk,
    open: Vec<Open>,
    /// The leaf that is being read: its header and where its body began.
    leaf: Option<(PartHeader, usize)>,
    depth_before: usize,
}

/// Walks `data`, a whole message. `depth_before` is the depth of what it was found in.
pub(crate) fn walk(data: &[u8], depth_before: usize, oddities: &mut Oddities) -> Walk {
    let mut walker = Walker {
        data,
        walk: Walk::default(),
        open: Vec::new(),
        leaf: None,
        depth_before,
    };
    let mut at = walker.begin_part(0, oddities);
    while at < data.len() {
        if !data[at..].starts_with(b"--") {
            at = next_candidate(data, at);
            continue;
        }
        let end = line_end(data, at);
        at = match walker.fence(&data[at..end]) {
            Some(Fence::Begins(place)) => {
                walker.close_above(place, at, oddities);
                walker.begin_part(end, oddities)
            }
            Some(Fence::Closes(place)) => {
                walker.close_above(place, at, oddities);
                walker.close_last(at, oddities);
                end
            }
            None => end,
        };
    }
    walker.finish(oddities)
}

/// The next line that begins with two hyphens.
fn next_candidate(data: &[u8], at: usize) -> usize {
    memchr::memmem::find(&data[at..], b"\n--").map_or(data.len(), |found| at + found + 1)
}

impl Walker<'_> {
    /// Reads a part's header at `at` and opens what it declares. Returns where to read on.
    fn begin_part(&mut self, mut at: usize, oddities: &mut Oddities) -> usize {
        loop {
            let digest = self.open.last().is_some_and(|parent| parent.digest);
            if let Some(parent) = self.open.last_mut() {
                parent.children += 1;
            }
            self.count_part();
            let (header, body) = self.read_header(at, digest, oddities);
            let deeper = self.depth() < limits::MIME_DEPTH_MAX;
            if !deeper && header.shape != Shape::Leaf {
                oddities.note_value("limit.depth", self.depth() + 1);
            }
            match header.shape {
                Shape::Message if deeper => {
                    let part = self.keep(&header, body, body);
                    self.push(None, body, part, header);
                    at = body;
                }
                Shape::Multipart if deeper => {
                    self.walk.multiparts += 1;
                    let boundary = header.boundary.clone();
                    self.push(boundary, body, None, header);
                    return body;
                }
                _ => {
                    self.leaf = Some((header, body));
                    return body;
                }
            }
        }
    }

    fn push(&mut self, boundary: Option<Vec<u8>>, body: usize, part: Option<usize>, header: PartHeader) {
        let digest = boundary.is_some() && header.kind == "multipart/digest";
        self.open.push(Open {
            boundary,
            digest,
            children: 0,
            body,
            part,
            header,
        });
    }

    fn count_part(&mut self) {
        self.walk.count += 1;
        self.walk.depth = self.walk.depth.max(self.depth());
    }

    /// The depth of a part that begins now.
    fn depth(&self) -> usize {
        self.depth_before + self.open.len() + 1
    }

    /// Reads the fields at `at`, up to the empty line or a fence: a header that never ends is no hiding place.
    fn read_header(&self, at: usize, digest: bool, oddities: &mut Oddities) -> (PartHeader, usize) {
        let mut scan = FieldScan::new(self.data, at);
        let mut header = PartHeader::new(digest);
        let inside = !self.open.is_empty();
        while !(inside && self.fence(scan.line()).is_some()) {
            let Some(field) = scan.next() else { break };
            header.take(&field, oddities);
        }
        header.settle(oddities);
        (header, scan.at())
    }

    fn fence(&self, line: &[u8]) -> Option<Fence> {
        let rest = line.strip_prefix(b"--")?;
        let rest = rest.trim_ascii_end();
        for (place, open) in self.open.iter().enumerate().rev() {
            let Some(boundary) = &open.boundary else { continue };
            match rest.strip_prefix(boundary.as_slice()) {
                Some(b"") => return Some(Fence::Begins(place)),
                Some(b"--") => return Some(Fence::Closes(place)),
                _ => {}
            }
        }
        None
    }

    /// Ends every part inside the container at `place`, at the fence that begins at `at`.
    fn close_above(&mut self, place: usize, at: usize, oddities: &mut Oddities) {
        while self.open.len() > place + 1 {
            self.close_last(at, oddities);
        }
        self.close_leaf(at);
    }

    /// Ends the innermost container.
    fn close_last(&mut self, at: usize, oddities: &mut Oddities) {
        self.close_leaf(at);
        let Some(open) = self.open.pop() else { return };
        let end = before_line_end(self.data, open.body, at.max(open.body));
        if let Some(part) = open.part {
            self.walk.parts[part].end = end;
        } else if open.boundary.is_some() && open.children == 0 {
            oddities.note("mime.no-boundary");
            self.keep(&open.header, open.body, end);
        }
    }

    fn close_leaf(&mut self, at: usize) {
        if let Some((header, body)) = self.leaf.take() {
            let end = before_line_end(self.data, body, at.max(body));
            self.keep(&header, body, end);
        }
    }

    fn keep(&mut self, header: &PartHeader, body: usize, end: usize) -> Option<usize> {
        if self.walk.parts.len() >= limits::MIME_PARTS_MAX {
            return None;
        }
        self.walk.parts.push(Part {
            header: header.clone(),
            body,
            end,
            depth: self.depth(),
        });
        Some(self.walk.parts.len() - 1)
    }

    fn finish(mut self, oddities: &mut Oddities) -> Walk {
        let end = self.data.len();
        if let Some((header, body)) = self.leaf.take() {
            self.keep(&header, body, end);
        }
        while !self.open.is_empty() {
            self.close_last(end, oddities);
        }
        if self.walk.count > limits::MIME_PARTS_MAX {
            oddities.note_value("limit.parts", self.walk.count);
        }
        self.walk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(data: &str) -> (Vec<(String, String)>, usize, usize, Vec<String>) {
        let mut oddities = Oddities::default();
        let walk = walk(data.as_bytes(), 0, &mut oddities);
        let parts = walk.parts.iter().map(|part| {
            (
                part.header.kind.clone(),
                data[part.body..part.end].replace("\r\n", "|"),
            )
        });
        (parts.collect(), walk.count, walk.depth, oddities.into_words())
    }

    fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter()
            .map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn parts_nested_messages_and_missing_ends() {
        let data = "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\r\none\r\n--a b  \r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/html\r\n\r\ntwo\r\n--a b\r\n\
             Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: image/png\r\n\r\nthree\r\n--a b--\r\nepilogue\r\n";
        let (parts, count, depth, odd) = shown(data);
        let inner = "Subject: in|Content-Type: text/html||two";
        let expected = pairs(&[
            ("text/plain", "one"),
            ("message/rfc822", inner),
            ("text/html", "two"),
            ("image/png", "three"),
        ]);
        assert_eq!(parts, expected);
        assert_eq!((count, depth), (6, 3));
        assert!(odd.is_empty(), "{odd:?}");
    }

    #[test]
    fn a_multipart_without_its_boundary_is_a_leaf() {
        let (parts, .., odd) =
            shown("Content-Type: multipart/mixed; boundary=x\r\n\r\nno fence here\r\n--y\r\n");
        assert_eq!(parts, pairs(&[("multipart/mixed", "no fence here|--y")]));
        assert_eq!(odd, ["mime.no-boundary"]);
        let (parts, .., odd) = shown("Content-Type: multipart/mixed\r\n\r\ntext\r\n");
        assert_eq!(parts, pairs(&[("multipart/mixed", "text|")]));
        assert_eq!(odd, ["mime.no-boundary"]);
    }

    #[test]
    fn a_part_header_that_never_ends_stops_at_the_fence() {
        let (parts, ..) = shown(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nA: 1\r\n--x\r\n\r\nbody\r\n--x--\r\n",
        );
        assert_eq!(parts, pairs(&[("text/plain", ""), ("text/plain", "body")]));
    }
}
