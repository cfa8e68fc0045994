//! Transfer decodings that read all they can: what a strict decoder would refuse, a mail client shows.
//! RFC 2045 §6.7, §6.8.

/// Octets of base64, every other octet passed over. Padding ends a group, not the data: a second block may follow, as
/// RFC 2045 §6.8 lets implementations choose, and hiding behind it has been done.
pub(crate) fn base64(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() / 4 * 3 + 3);
    let (mut group, mut count) = (0u32, 0u32);
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        if count == 0
            && let Some((quad, after)) = rest.split_first_chunk::<4>()
        {
            let [a, b, c, d] = quad.map(|octet| BASE64_VALUES[usize::from(octet)]);
            if a | b | c | d < 64 {
                let whole = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
                out.extend_from_slice(&whole.to_be_bytes()[1..]);
                rest = after;
                continue;
            }
        }
        rest = after;
        let value = BASE64_VALUES[usize::from(octet)];
        if value < 64 {
            group = group << 6 | u32::from(value);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, count) = (0, 0);
            }
        } else if octet == b'=' {
            flush(&mut out, group, count);
            (group, count) = (0, 0);
        }
    }
    flush(&mut out, group, count);
    out
}

fn flush(out: &mut Vec<u8>, group: u32, count: u32) {
    let whole = (group << (6 * (4 - count.min(4)))).to_be_bytes();
    match count {
        2 => out.push(whole[1]),
        3 => out.extend_from_slice(&whole[1..3]),
        _ => {}
    }
}

static BASE64_VALUES: [u8; 256] = base64_values();

const fn base64_values() -> [u8; 256] {
    let mut values = [255u8; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values
}

/// Octets of quoted-printable; what is not an escape stays as it is.
pub(crate) fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let hex = |c: Option<&u8>| c.and_then(|c| char::from(*c).to_digit(16));
        if let (Some(high), Some(low)) = (hex(rest.first()), hex(rest.get(1))) {
            out.push((high * 16 + low) as u8);
            rest = &rest[2..];
            continue;
        }
        let blanks = rest.iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        match &rest[blanks..] {
            [b'\r', b'\n', ..] => rest = &rest[blanks + 2..],
            [b'\n', ..] => rest = &rest[blanks + 1..],
            [] => rest = &[],
            _ => out.push(b'='),
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_past_junk_and_padding() {
        let rows: [(&[u8], &[u8]); 7] = [
            (b"aGVsbG8=", b"hello"),
            (b"aGVs\r\nbG8=\r\n", b"hello"),
            (b"aG!V*s-bG8", b"hello"),
            (b"aGVsbG8=aGVsbG8=", b"hellohello"),
            (b"YQ==YQ==", b"aa"),
            (b"a", b""),
            (b"", b""),
        ];
        for (input, expected) in rows {
            assert_eq!(base64(input), expected, "{}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        let rows: [(&[u8], &[u8]); 6] = [
            (b"a=3Db", b"a=b"),
            (b"soft=\r\nbreak= \t\r\nhere", b"softbreakhere"),
            (b"a=zz=", b"a=zz"),
            (b"=e2=82=AC", "\u{20ac}".as_bytes()),
            (b"=\n", b""),
            (b"=4", b"=4"),
        ];
        for (input, expected) in rows {
            assert_eq!(
                quoted_printable(input),
                expected,
                "{}",
                String::from_utf8_lossy(input)
            );
        }
    }
}
