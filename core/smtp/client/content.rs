//! What a message asks of the one who is to take it: whether its octets are seven bit, eight bit or no lines at all, and
//! whether its header is internationalized. RFC 6152, RFC 3030 §3, RFC 6531 §3.2.

use bytes::Bytes;
use postern_vocab::BodyKind;

/// A text line without its line end: what a body that came as BINARYMIME may have to be plain text after all. RFC 5321
/// §4.5.3.1.6.
const PLAIN_LINE_OCTETS_MAX: usize = 998;

/// What a message that came as `declared` is. Mail that was never called binary was made of lines when it came, and stays
/// so however long they are; mail that was called binary is taken at its word unless every line of it is plain.
#[must_use]
pub fn body_kind(declared: BodyKind, pieces: &[Bytes]) -> BodyKind {
    if declared == BodyKind::BinaryMime && !is_plain_lines(pieces) {
        return BodyKind::BinaryMime;
    }
    match pieces.iter().all(|piece| piece.is_ascii()) {
        true => BodyKind::SevenBit,
        false => BodyKind::EightBitMime,
    }
}

/// Lines that end in CRLF, the last one included, none too long, and neither NUL nor a bare CR or LF anywhere.
fn is_plain_lines(pieces: &[Bytes]) -> bool {
    let (mut line, mut last) = (0, b'\n');
    for &octet in pieces.iter().flatten() {
        let is_plain = match octet {
            0 => false,
            b'\n' => last == b'\r',
            _ => last != b'\r',
        };
        line = match octet {
            b'\n' => 0,
            b'\r' => line,
            _ => line + 1,
        };
        if !is_plain || line > PLAIN_LINE_OCTETS_MAX {
            return false;
        }
        last = octet;
    }
    last == b'\n'
}

/// Whether the header section has an octet above 127. A nested message's header is not looked at.
pub(super) fn has_8bit_header(pieces: &[Bytes]) -> bool {
    let mut is_line_empty = true;
    for &octet in pieces.iter().flatten() {
        match octet {
            b'\n' if is_line_empty => return false,
            b'\n' => is_line_empty = true,
            b'\r' => {}
            128.. => return true,
            _ => is_line_empty = false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use BodyKind::{BinaryMime, EightBitMime, SevenBit};

    #[test]
    fn binary_is_what_cannot_go_as_lines() {
        let long = [vec![b'a'; PLAIN_LINE_OCTETS_MAX + 1], b"\r\n".to_vec()].concat();
        let rows: [(BodyKind, &[u8], BodyKind, &str); 11] = [
            (SevenBit, b"x\r\n", SevenBit, "plain"),
            (SevenBit, b"\xff\r\n", EightBitMime, "not said, but so"),
            (EightBitMime, b"x\r\n", SevenBit, "said, but not so"),
            (EightBitMime, &long, SevenBit, "a long line was taken as a line"),
            (BinaryMime, b"x\r\n", SevenBit, "plain after all"),
            (BinaryMime, b"\xff\r\n", EightBitMime, "plain, eight bit"),
            (BinaryMime, b"a\nb\r\n", BinaryMime, "a bare LF"),
            (BinaryMime, b"a\rb\r\n", BinaryMime, "a bare CR"),
            (BinaryMime, b"a\0b\r\n", BinaryMime, "a NUL"),
            (BinaryMime, b"x", BinaryMime, "the last line would get an end"),
            (BinaryMime, &long, BinaryMime, "a line too long"),
        ];
        for (declared, octets, expected, reason) in rows {
            for split in 0..=octets.len().min(6) {
                let pieces = [
                    Bytes::copy_from_slice(&octets[..split]),
                    Bytes::copy_from_slice(&octets[split..]),
                ];
                assert_eq!(body_kind(declared, &pieces), expected, "{reason}, cut at {split}");
            }
        }
    }

    #[test]
    fn only_the_header_counts_for_its_octets() {
        let rows: [(&[u8], bool, &str); 5] = [
            (b"Subject: caf\xc3\xa9\r\n\r\nx\r\n", true, "in a field"),
            (b"Subject: x\r\n\r\ncaf\xc3\xa9\r\n", false, "behind the header"),
            (b"\r\n\xff\r\n", false, "no header at all"),
            (b"Subject: \xc3\xa9", true, "no line end"),
            (b"Subject: x\r\n", false, "no body"),
        ];
        for (octets, expected, reason) in rows {
            for split in 0..=octets.len() {
                let pieces = [
                    Bytes::copy_from_slice(&octets[..split]),
                    Bytes::copy_from_slice(&octets[split..]),
                ];
                assert_eq!(has_8bit_header(&pieces), expected, "{reason}, cut at {split}");
            }
        }
    }
}
