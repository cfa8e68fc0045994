//! A body scanner that anyone can see is right, for the tests and the fuzz target (`tests/fuzz/bodies/protocol/body.rs`).

use bytes::{BufMut, BytesMut};
use postern_smtp::body::{BodyScanner, Scanned};

/// Scans `wire` in reads that end at `cuts`, and returns the body and what came behind it; `None` while the end has not
/// come.
pub fn scan_with(scanner: &mut BodyScanner, wire: &[u8], cuts: &[usize]) -> (BytesMut, Option<Vec<u8>>) {
    let mut cuts: Vec<_> = cuts
        .iter()
        .map(|cut| cut % (wire.len() + 1))
        .chain([wire.len()])
        .collect();
    cuts.sort_unstable();
    let (mut buffer, mut from) = (BytesMut::new(), 0);
    for cut in cuts {
        let clean = buffer.len();
        buffer.put_slice(&wire[from..cut]);
        from = cut;
        if let Scanned::End { rest } = scanner.scan(&mut buffer, clean) {
            let behind = [&rest[..], &wire[from..]].concat();
            return (buffer, Some(behind));
        }
    }
    (buffer, None)
}

/// Every bare CR and LF made CRLF.
pub fn mended(body: &[u8]) -> Vec<u8> {
    let mut mended = Vec::new();
    for (at, &octet) in body.iter().enumerate() {
        match octet {
            b'\n' if at > 0 && body[at - 1] == b'\r' => mended.push(octet),
            b'\n' => mended.extend_from_slice(b"\r\n"),
            b'\r' if body.get(at + 1) != Some(&b'\n') => mended.extend_from_slice(b"\r\n"),
            _ => mended.push(octet),
        }
    }
    mended
}

/// What a scanner must find behind DATA, by the letter of RFC 5321: the end is the first CRLF.CRLF, with the CRLF of DATA in front. The body,
/// what came behind it, and whether there is a bare CR or LF in it; `None` while the end has not come.
pub fn reference(wire: &[u8]) -> Option<(Vec<u8>, Vec<u8>, bool)> {
    let whole = [b"\r\n", wire].concat();
    let end = whole.windows(5).position(|window| window == b"\r\n.\r\n")?;
    let (text, rest) = (&whole[..end + 2], &whole[end + 5..]);
    let mut body = Vec::new();
    for (at, &octet) in text.iter().enumerate() {
        let stuffed = octet == b'.' && text[..at].ends_with(b"\r\n");
        if !stuffed {
            body.push(octet);
        }
    }
    let bare = (0..text.len()).any(|at| match text[at] {
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || text[at - 1] != b'\r',
        _ => false,
    });
    Some((body[2..].to_vec(), rest.to_vec(), bare))
}
