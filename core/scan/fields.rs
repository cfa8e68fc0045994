//! Header fields as octet ranges: a line scanner that allocates nothing and takes any octets.
//! RFC 5322 §2.2, §2.2.3; the blanks before the colon of §4.5 are taken, since mail clients take them.
//!
//! It may not know what a field means.

use memchr::memchr;

/// One field: its octets in the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// The name as written, without blanks around it. Empty for a line without a colon, and for continuation lines
    /// with no field before them.
    pub(crate) name: &'a [u8],
    /// All that follows the colon, folds and line end included.
    pub(crate) value: &'a [u8],
    /// First octet of the name's line.
    pub(crate) start: usize,
    /// One past the last line end.
    pub(crate) end: usize,
}

impl Field<'_> {
    /// Whether this is the field of that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Reads fields until the empty line or the end of the octets.
#[derive(Clone, Debug)]
pub(crate) struct FieldScan<'a> {
    data: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> FieldScan<'a> {
    /// A scan of `data` that begins at octet `start`.
    pub(crate) fn new(data: &'a [u8], start: usize) -> Self {
        Self {
            data,
            at: start.min(data.len()),
            ended: false,
        }
    }

    /// Where the next line begins; after the last field, where the body begins.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next line with its line end, unread.
    pub(crate) fn line(&self) -> &'a [u8] {
        &self.data[self.at..line_end(self.data, self.at)]
    }
}

impl<'a> Iterator for FieldScan<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.ended || self.at >= self.data.len() {
            self.ended = true;
            return None;
        }
        let start = self.at;
        let first = self.line();
        if is_empty_line(first) {
            self.at += first.len();
            self.ended = true;
            return None;
        }
        self.at += first.len();
        while matches!(self.data.get(self.at), Some(b' ' | b'\t')) {
            self.at = line_end(self.data, self.at);
        }
        let whole = &self.data[start..self.at];
        let folded_start = matches!(first[0], b' ' | b'\t');
        let colon = memchr(b':', first).filter(|_| !folded_start);
        let (name, value) = colon.map_or((&whole[..0], whole), |at| (&whole[..at], &whole[at + 1..]));
        Some(Field {
            name: name.trim_ascii(),
            value,
            start,
            end: self.at,
        })
    }
}

/// One past the line feed that ends the line at `at`, or the end of the octets.
pub(crate) fn line_end(data: &[u8], at: usize) -> usize {
    memchr(b'\n', &data[at..]).map_or(data.len(), |found| at + found + 1)
}

/// Where the text before `at` ends if the line end just before `at` is not counted. RFC 2046 §5.1.1: it belongs to
/// the boundary.
pub(crate) fn before_line_end(data: &[u8], start: usize, at: usize) -> usize {
    let text = &data[start..at];
    let line_end = if text.ends_with(b"\r\n") {
        2
    } else {
        usize::from(text.ends_with(b"\n"))
    };
    at - line_end
}

/// A line of nothing but its line end.
pub(crate) fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_of_the_header_belongs_to_one_field() {
        let data = b"A: 1\r\nB : 2\r\n\tmore\r\nno colon\r\nC:\r\n\r\nbody: not\r\n";
        let mut scan = FieldScan::new(data, 0);
        let seen: Vec<(String, usize, usize)> = scan
            .by_ref()
            .map(|field| {
                (
                    String::from_utf8_lossy(field.name).into_owned(),
                    field.start,
                    field.end,
                )
            })
            .collect();
        let expected = [("A", 0, 6), ("B", 6, 20), ("", 20, 30), ("C", 30, 34)];
        assert_eq!(
            seen,
            expected.map(|(name, start, end)| (name.to_owned(), start, end))
        );
        assert_eq!(&data[scan.at()..], b"body: not\r\n");
    }

    #[test]
    fn a_header_without_a_body_ends_with_the_octets() {
        let mut scan = FieldScan::new(b"A: 1\r\nB: 2", 0);
        assert_eq!(scan.by_ref().count(), 2);
        assert_eq!(scan.at(), 10);
        assert_eq!(FieldScan::new(b"", 0).count(), 0);
        assert_eq!(FieldScan::new(b"\r\nA: 1\r\n", 0).count(), 0, "no header at all");
    }
}
