//! xtext, in which parameters carry what may not stand in a command. RFC 3461 §4.

/// The octets behind it, or `None` where it is not xtext: `+` with two digits in upper case is an octet, `=`, white space
/// and control octets cannot be there. UTF-8 stands for itself, where the command may hold it at all (RFC 6533 §3).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => octets.push(hex(rest.next()?)? << 4 | hex(rest.next()?)?),
            b'!'..=b'~' if octet != b'=' => octets.push(octet),
            128.. => octets.push(octet),
            _ => return None,
        }
    }
    Some(octets)
}

/// The same, where what is behind it is text without control characters.
pub(super) fn decode_text(text: &str) -> Option<String> {
    let decoded = String::from_utf8(decode(text)?).ok()?;
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_rfc_3461_allows() {
        let rows = [
            ("abc", Some("abc"), "plain"),
            ("a+2Bb+3Dc", Some("a+b=c"), "plus and equals"),
            ("", Some(""), "nothing"),
            ("a=b", None, "equals"),
            ("a+2b", None, "digits in lower case"),
            ("a+2", None, "cut off"),
            ("a+0Ab", None, "a line end behind it"),
        ];
        for (text, expected, reason) in rows {
            assert_eq!(decode_text(text).as_deref(), expected, "{text}: {reason}");
        }
    }
}
