//! Whether a message is fit for mail-parser, by one look over its octets. The parser nests without a limit and seeks
//! each part's end anew: a message of a hundred thousand nested parts ends its thread's stack, and one of as many
//! boundaries that never come keeps it for hours. Neither panic nor time-out helps there, so it is not begun.

use postern_vocab::limits;

/// Words that a part needs to hold parts: a boundary, or one of the types whose content is a message.
const NESTING_WORDS: [&[u8]; 4] = [b"boundary", b"rfc822", b"message/global", b"multipart/digest"];
/// Of all of them together. Each nested part has at least one, and the text of a mail rarely has any.
const NESTING_WORDS_MAX: usize = limits::MIME_DEPTH_MAX * NESTING_WORDS.len();

/// Whether the parser may have it; if not, why.
pub fn check(content: &[u8]) -> Result<(), &'static str> {
    let found = (0..content.len())
        .filter(|&at| matches!(content[at] | 0x20, b'b' | b'm' | b'r'))
        .filter(|&at| NESTING_WORDS.iter().any(|word| starts_with(&content[at..], word)))
        .take(NESTING_WORDS_MAX + 1)
        .count();
    if found > NESTING_WORDS_MAX {
        Err("it has parts within parts, more than any real mail")
    } else {
        Ok(())
    }
}

fn starts_with(content: &[u8], word: &[u8]) -> bool {
    content
        .get(..word.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}
