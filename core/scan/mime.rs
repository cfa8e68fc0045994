//! The MIME view: the union of what the generous walk and the strict parser see, decoded, within limits.
//!
//! It may not know what any content means.

use crate::content::Content;
use crate::oddities::Oddities;
use crate::part::{Part, Shape};
use crate::second_view::SecondView;
use crate::walk::{Walk, walk};
use postern_vocab::facts::AttachmentFacts;
use postern_vocab::limits;

/// The decoded leaves of a message and how it is built.
#[derive(Debug, Default)]
pub(crate) struct MimeView<'a> {
    /// Every leaf, encoded nested messages opened.
    pub(crate) contents: Vec<Content<'a>>,
    pub(crate) attachments: Vec<AttachmentFacts>,
    pub(crate) parts: usize,
    pub(crate) depth: usize,
    /// Multiparts at the message's own level.
    pub(crate) multiparts: usize,
}

/// A nested message that had to be decoded.
struct Waiting {
    data: Vec<u8>,
    depth: usize,
    level: usize,
}

impl<'a> MimeView<'a> {
    /// Looks at `message`, whose body begins at `body`.
    pub(crate) fn of(message: &'a [u8], body: usize, second: &SecondView, oddities: &mut Oddities) -> Self {
        let mut view = Self::default();
        if memchr::memchr(0, &message[body..]).is_some() {
            oddities.note("mime.nul");
        }
        let first = walk(message, 0, oddities);
        let only_second = second.differing(message, &first, oddities);
        view.multiparts = first.multiparts;
        view.add_counts(&first, oddities);
        let mut waiting = Vec::new();
        for part in first.parts.iter().chain(&only_second) {
            let content = view.note_part(part, message, oddities);
            if let Some(content) = content {
                view.keep_or_open(content, 1, &mut waiting);
            }
        }
        while let Some(nested) = waiting.pop() {
            if nested.level > limits::MIME_ENCODED_DEPTH_MAX {
                oddities.note_value("limit.encoded-depth", nested.level);
            } else if view.parts <= limits::MIME_PARTS_MAX {
                view.open(&nested, &mut waiting, oddities);
            }
        }
        view
    }

    /// The facts of the view; the oddities are added by the caller, who knows them all.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let shown = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (shown(self.parts), shown(self.depth))
    }

    fn add_counts(&mut self, walk: &Walk, oddities: &mut Oddities) {
        self.parts += walk.count;
        self.depth = self.depth.max(walk.depth);
        if self.parts > limits::MIME_PARTS_MAX {
            oddities.note_value("limit.parts", self.parts);
        }
    }

    fn open(&mut self, nested: &Waiting, waiting: &mut Vec<Waiting>, oddities: &mut Oddities) {
        let inner = walk(&nested.data, nested.depth, oddities);
        self.add_counts(&inner, oddities);
        for part in &inner.parts {
            let content = self.note_part(part, &nested.data, oddities);
            if let Some(content) = content {
                self.keep_or_open(content.into_owned(), nested.level + 1, waiting);
            }
        }
    }

    /// Notes an attachment and what is odd; the content, unless the part is a message whose parts come on their own.
    fn note_part<'b>(&mut self, part: &Part, data: &'b [u8], oddities: &mut Oddities) -> Option<Content<'b>> {
        if part.header.shape == Shape::Message {
            self.note_attachment(part, part.end.saturating_sub(part.body));
            return None;
        }
        let content = Content::of(part, data);
        if content.undeclared_8bit {
            oddities.note("mime.8bit-undeclared");
        }
        if part.header.is_file() {
            self.note_attachment(part, content.octets.len());
        }
        Some(content)
    }

    fn note_attachment(&mut self, part: &Part, bytes: usize) {
        if self.attachments.len() < limits::ATTACHMENT_FACTS_MAX {
            self.attachments.push(AttachmentFacts {
                name: part.header.name.clone().unwrap_or_default(),
                declared_type: postern_vocab::text::one_line(
                    &part.header.kind,
                    limits::ATTACHMENT_NAME_CHARS_MAX,
                ),
                bytes: bytes as u64,
            });
        }
    }

    fn keep_or_open(&mut self, content: Content<'a>, level: usize, waiting: &mut Vec<Waiting>) {
        if !content.header.is_encoded_message() {
            self.contents.push(content);
            return;
        }
        let depth = content.depth;
        let readings = content.others.into_iter().chain([content.octets.into_owned()]);
        waiting.extend(readings.map(|data| Waiting { data, depth, level }));
    }
}
