//! Octets from strangers, made fit for a log line, a page or a terminal.

use crate::limits;

/// The octets as printable ASCII: the rest as `\xHH`, a backslash doubled, cut at `limits::LOGGED_OCTETS_MAX` octets
/// of input with `...` to say so. No octet a peer sends can start a new log line or move a terminal's cursor.
#[must_use]
pub fn escaped(octets: &[u8]) -> String {
    let shown = &octets[..octets.len().min(limits::LOGGED_OCTETS_MAX)];
    let mut text = String::with_capacity(shown.len());
    for &octet in shown {
        match octet {
            b'\\' => text.push_str("\\\\"),
            32..=126 => text.push(char::from(octet)),
            _ => {
                text.push_str("\\x");
                text.push(hex_digit(octet >> 4));
                text.push(hex_digit(octet & 15));
            }
        }
    }
    if shown.len() < octets.len() {
        text.push_str("...");
    }
    text
}

fn hex_digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble & 15)])
}

/// The text on one line: control characters, and the invisible ones that reorder text (bidirectional marks and
/// overrides), become spaces; cut at `max` characters.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let visible = |c: char| match c {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().take(max).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_peer_sends_breaks_a_line() {
        assert_eq!(
            escaped(b"EHLO \x00\x1b[31m\r\n\\"),
            "EHLO \\x00\\x1b[31m\\x0d\\x0a\\\\"
        );
        assert_eq!(escaped(&[b'a'; 500]).len(), limits::LOGGED_OCTETS_MAX + 3);
        assert_eq!(one_line("in\u{202e}voice\r\n.exe", 99), "in voice  .exe");
        assert_eq!(one_line("abcdef", 3), "abc");
    }
}
