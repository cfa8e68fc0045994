//! A message's own octets as text: header and source, cut, with what could move a cursor or reorder a line taken out.

use postern_vocab::limits;

/// The header as it is written. RFC 5322 §2.1: it ends at the first empty line.
pub fn header_text(content: &[u8]) -> (String, bool) {
    let end = content
        .windows(2)
        .enumerate()
        .find(|(at, pair)| *pair == b"\n\n" || (*pair == b"\n\r" && content.get(at + 2) == Some(&b'\n')))
        .map_or(content.len(), |(at, _)| at + 1);
    source_text(&content[..end])
}

/// The octets as text, and whether they were cut.
pub fn source_text(content: &[u8]) -> (String, bool) {
    let shown = &content[..content.len().min(limits::PREVIEW_TEXT_BYTES_MAX)];
    let text = visible(&String::from_utf8_lossy(shown));
    (text, shown.len() < content.len())
}

/// At most `limits::PREVIEW_TEXT_BYTES_MAX` of the text, and whether it was cut.
pub fn cut(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(limits::PREVIEW_TEXT_BYTES_MAX);
    (&text[..end], end < text.len())
}

/// The text with its lines, and without control characters and the marks that reorder what is seen.
pub fn visible(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n')
        .map(|line| {
            let line = line.replace('\t', "    ");
            postern_vocab::text::one_line(&line, usize::MAX)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_ends_at_the_first_empty_line() {
        let rows = [
            (&b"A: 1\r\nB: 2\r\n\r\nbody"[..], "A: 1\nB: 2\n"),
            (b"A: 1\n\nbody", "A: 1\n"),
            (b"A: 1\r\n", "A: 1\n"),
            (b"", ""),
        ];
        for (content, expected) in rows {
            assert_eq!(header_text(content), (expected.to_owned(), false));
        }
    }

    #[test]
    fn nothing_reorders_or_clears_what_is_seen() {
        assert_eq!(visible("a\u{202e}b\x1b[2J\r\n\tc\0"), "a b [2J\n    c ");
        let long = vec![b'a'; limits::PREVIEW_TEXT_BYTES_MAX + 1];
        let (text, is_cut) = source_text(&long);
        assert!(is_cut && text.len() == limits::PREVIEW_TEXT_BYTES_MAX);
    }
}
