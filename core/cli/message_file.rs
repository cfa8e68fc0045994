//! A message file, as it goes over the wire: files have the line ends of their system, SMTP has CRLF only (RFC 5321
//! §2.3.8).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A file that is larger is no message.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The message in `file`.
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(file)?.take(BYTES_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is over 1 GiB, which no message is",
        ));
    }
    Ok(wire_form(&content))
}

/// Every line end (LF, CRLF, or a CR alone) as CRLF, and one at the end. What has only CRLF comes back unchanged.
pub fn wire_form(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(content.len() + content.len() / 32 + 2);
    let mut rest = content;
    while let Some(at) = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')) {
        wire.extend_from_slice(&rest[..at]);
        wire.extend_from_slice(b"\r\n");
        let is_pair = rest[at] == b'\r' && rest.get(at + 1) == Some(&b'\n');
        rest = &rest[at + 1 + usize::from(is_pair)..];
    }
    wire.extend_from_slice(rest);
    if !rest.is_empty() {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_becomes_the_one_that_smtp_has() {
        let rows: [(&str, &str); 7] = [
            ("a\nb\n", "a\r\nb\r\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\rb", "a\r\nb\r\n"),
            ("a\n\n.\n", "a\r\n\r\n.\r\n"),
            ("a\r\r\n", "a\r\n\r\n"),
            ("\n", "\r\n"),
            ("", ""),
        ];
        for (file, wire) in rows {
            assert_eq!(wire_form(file.as_bytes()), wire.as_bytes(), "{file:?}");
        }
    }
}
