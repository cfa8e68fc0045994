//! The generous view of a message's structure: one pass over its lines, a stack of open containers, no recursion.
//! RFC 2045, RFC 2046.
//!
//! It may not know what parts mean for the judgement. Every octet of a body ends up in some leaf: what is over a limit
//! or badly declared becomes a leaf as it is, with an oddity.

use crate::fields::{FieldScan, before_line_end, line_end};
use crate::oddities::Oddities;
use crate::part::{Part, PartHeader, Shape};
use postern_vocab::limits;

/// Leaves that are read as multiparts as well, one in another. Each is decoded as a whole and part by part.
const HIDDEN_DEPTH_MAX: usize = 2;
/// Boundaries that are tried where a multipart's own never comes.
const PLAUSIBLE_BOUNDARIES_MAX: usize = 3;

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
    /// Its boundary is plausible, not declared: its body stays a leaf too, and nothing closes it before its end.
    hidden: bool,
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
    let mut walker = Walker::new(data, depth_before);
    let at = walker.begin_part(0, oddities);
    let mut walk = walker.run(at, oddities);
    for place in 0..walk.parts.len() {
        if walk.parts[place].header.is_multipart() {
            walk.open_undeclared(data, place, oddities);
        }
    }
    if walk.count > limits::MIME_PARTS_MAX {
        oddities.note_value("limit.parts", walk.count);
    }
    walk
}

/// Boundaries that a multipart without its own may have, in order: lines of two hyphens and more, each followed by a
/// field of a part's header.
fn plausible_boundaries(body: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut at = if body.starts_with(b"--") {
        0
    } else {
        next_candidate(body, 0)
    };
    while at < body.len() && found.len() < PLAUSIBLE_BOUNDARIES_MAX {
        let end = line_end(body, at);
        let boundary = body[at + 2..end].trim_ascii_end();
        let is_header = body[end..]
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        let fits = (1..=limits::HEADER_FACT_CHARS_MAX).contains(&boundary.len());
        if is_header && fits && !found.iter().any(|one| one == boundary) {
            found.push(boundary.to_vec());
        }
        at = next_candidate(body, end.saturating_sub(1));
    }
    found
}

impl Walk {
    /// Adds what the multipart at `place`, which has none of its own parts, has under other plausible boundaries. Only
    /// multiparts without any part come here, so no two of them overlap and the octets are read a bounded number of times.
    fn open_undeclared(&mut self, data: &[u8], place: usize, oddities: &mut Oddities) {
        let Part { body, end, depth, .. } = self.parts[place];
        for boundary in plausible_boundaries(&data[body..end]) {
            if depth >= limits::MIME_DEPTH_MAX {
                oddities.note_value("limit.depth", depth + 1);
                return;
            }
            if self.count > limits::MIME_PARTS_MAX {
                return;
            }
            let mut walker = Walker::new(&data[..end], depth - 1);
            walker.push(Some(boundary), body, None, PartHeader::new(false));
            walker.open[0].hidden = true;
            let inner = walker.run(body, oddities);
            self.count += inner.count;
            self.depth = self.depth.max(inner.depth);
            let room = limits::MIME_PARTS_MAX.saturating_sub(self.parts.len());
            self.parts.extend(inner.parts.into_iter().take(room));
        }
    }
}

/// The next line that begins with two hyphens.
fn next_candidate(data: &[u8], at: usize) -> usize {
    memchr::memmem::find(&data[at..], b"\n--").map_or(data.len(), |found| at + found + 1)
}

impl<'a> Walker<'a> {
    fn new(data: &'a [u8], depth_before: usize) -> Self {
        Self {
            data,
            walk: Walk::default(),
            open: Vec::new(),
            leaf: None,
            depth_before,
        }
    }

    /// Reads from `at`, where a line begins, to the end.
    fn run(mut self, mut at: usize, oddities: &mut Oddities) -> Walk {
        let data = self.data;
        while at < data.len() {
            if !data[at..].starts_with(b"--") {
                at = next_candidate(data, at);
                continue;
            }
            let end = line_end(data, at);
            at = match self.fence(&data[at..end]) {
                Some(Fence::Begins(place)) => {
                    self.close_above(place, at, oddities);
                    self.begin_part(end, oddities)
                }
                Some(Fence::Closes(place)) => {
                    self.close_above(place, at, oddities);
                    if !self.open[place].hidden {
                        self.close_last(at, oddities);
                    }
                    end
                }
                None => end,
            };
        }
        self.finish(oddities)
    }

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
                    self.begin_leaf(header, body, oddities);
                    return body;
                }
            }
        }
    }

    /// A leaf; if it names a boundary nevertheless, a container of what that boundary separates, too.
    fn begin_leaf(&mut self, header: PartHeader, body: usize, oddities: &mut Oddities) {
        let in_use = |boundary: &&[u8]| {
            self.open
                .iter()
                .any(|one| one.boundary.as_deref() == Some(*boundary))
        };
        let Some(boundary) = header.hidden_boundary().filter(|one| !in_use(one)) else {
            self.leaf = Some((header, body));
            return;
        };
        let boundary = boundary.to_vec();
        let hidden = self.open.iter().filter(|one| one.hidden).count() + 1;
        if hidden > HIDDEN_DEPTH_MAX || self.depth() >= limits::MIME_DEPTH_MAX {
            oddities.note_value("limit.hidden-depth", hidden);
            self.leaf = Some((header, body));
            return;
        }
        let part = self.keep(&header, body, body);
        self.push(Some(boundary), body, part, header);
        if let Some(open) = self.open.last_mut() {
            open.hidden = true;
        }
    }

    fn push(&mut self, boundary: Option<Vec<u8>>, body: usize, part: Option<usize>, header: PartHeader) {
        let digest = header.kind == "multipart/digest";
        self.open.push(Open {
            boundary,
            hidden: false,
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
        let mut end = before_line_end(self.data, open.body, at.max(open.body));
        if open.hidden && at == self.data.len() {
            end = at;
        }
        if open.hidden && open.children > 0 {
            oddities.note("mime.ambiguous");
        }
        if let Some(part) = open.part {
            self.walk.parts[part].end = end;
        } else if open.boundary.is_some() && !open.hidden && open.children == 0 {
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
    fn a_leaf_with_a_boundary_is_read_both_ways() {
        let body = "--b\r\nContent-Type: image/png\r\n\r\none\r\n--b--\r\nafter\r\n";
        let (parts, count, depth, odd) =
            shown(&format!("Content-Type: text/plain; boundary=b\r\n\r\n{body}"));
        let whole = "--b|Content-Type: image/png||one|--b--|after|";
        assert_eq!(parts, pairs(&[("text/plain", whole), ("image/png", "one")]));
        assert_eq!((count, depth), (2, 2));
        assert_eq!(odd, ["mime.ambiguous"]);
        let (parts, .., odd) = shown("Content-Type: text/plain; boundary=b\r\n\r\n--c\r\ntext\r\n");
        assert_eq!(parts, pairs(&[("text/plain", "--c|text|")]));
        assert!(odd.is_empty(), "{odd:?}");
        let (parts, .., odd) = shown(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; boundary=b\r\n\r\n\
             one\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
        );
        assert_eq!(parts, pairs(&[("text/plain", "one"), ("text/plain", "two")]));
        assert!(odd.is_empty(), "the boundary around it: {odd:?}");
    }

    #[test]
    fn a_multipart_without_its_boundary_is_read_by_the_boundaries_it_has() {
        let (parts, count, depth, odd) = shown(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\nContent-Type: image/png\r\n\r\none\r\n--y--\r\n",
        );
        let whole = "--y|Content-Type: image/png||one|--y--";
        assert_eq!(parts, pairs(&[("multipart/mixed", whole), ("image/png", "one")]));
        assert_eq!((count, depth), (2, 2));
        assert_eq!(odd, ["mime.ambiguous", "mime.no-boundary"]);
        let many: String = (0..9)
            .map(|n| format!("--{n}\r\nContent-Type: a/b\r\n\r\n"))
            .collect();
        let (parts, ..) = shown(&format!("Content-Type: multipart/mixed\r\n\r\n{many}"));
        assert_eq!(
            parts.len(),
            1 + PLAUSIBLE_BOUNDARIES_MAX,
            "no more than that many are tried"
        );
    }

    #[test]
    fn leaves_read_as_multiparts_one_in_another_are_a_limit() {
        let inner: String = (0..9)
            .map(|n| format!("Content-Type: text/plain; boundary=b{n}\r\n\r\n--b{n}\r\n"))
            .collect();
        assert_eq!(shown(&inner).3, ["limit.hidden-depth=3", "mime.ambiguous"]);
    }

    #[test]
    fn a_part_header_that_never_ends_stops_at_the_fence() {
        let (parts, ..) = shown(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nA: 1\r\n--x\r\n\r\nbody\r\n--x--\r\n",
        );
        assert_eq!(parts, pairs(&[("text/plain", ""), ("text/plain", "body")]));
    }
}
