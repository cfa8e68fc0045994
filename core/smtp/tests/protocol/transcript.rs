//! Transcripts: a conversation as a text that a mail administrator can read. The engine's driver tests include this
//! file, so that one set of conversations runs over every driver.
//!
//! ```text
//! # a comment; blank lines are free
//! C: EHLO client.example      the client sends this line; lines that follow each other leave in one write
//! C* QUIT\n                   the client sends exactly these octets: \r \n \\ \xHH, \{a*3} for aaa
//! C.                          the client closes its side
//! S: 250 2.0.0 Ok             the server says exactly this line; `...` at the end lets the rest be anything
//! S.                          the server closes, having said nothing more
//! ```
//!
//! Those in `settings/` need more than the defaults and are played by the protocol's own test, which says what their
//! first line may name (`# settings: tls auth`) and that a line `T.` is the TLS handshake.
#![allow(clippy::panic)] // A transcript that cannot be read is a test that fails.

/// One turn of a conversation.
#[derive(PartialEq, Eq, Debug)]
pub enum Turn {
    /// Octets in one write.
    ClientSends(Vec<u8>),
    /// End of the client's stream.
    ClientCloses,
    /// A line, without its line end.
    ServerSays(String),
    /// End of the server's stream.
    ServerCloses,
}

/// Reads a transcript; panics with the line that cannot be read.
pub fn parse(text: &str) -> Vec<Turn> {
    let mut turns = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        match line.split_at(2) {
            ("C:", rest) => send(
                &mut turns,
                format!("{}\r\n", rest.strip_prefix(' ').unwrap_or(rest)).as_bytes(),
            ),
            ("C*", rest) => send(&mut turns, &unescape(rest.strip_prefix(' ').unwrap_or(rest))),
            ("C.", _) => turns.push(Turn::ClientCloses),
            ("S:", rest) => turns.push(Turn::ServerSays(
                rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
            )),
            ("S.", _) => turns.push(Turn::ServerCloses),
            _ => panic!("not a line of a transcript: {line}"),
        }
    }
    turns
}

/// Whether a line is what a transcript expects.
pub fn fits(expected: &str, line: &str) -> bool {
    match expected.strip_suffix("...") {
        Some(beginning) => line.starts_with(beginning),
        None => line == expected,
    }
}

fn send(turns: &mut Vec<Turn>, octets: &[u8]) {
    match turns.last_mut() {
        Some(Turn::ClientSends(group)) => group.extend_from_slice(octets),
        _ => turns.push(Turn::ClientSends(octets.to_vec())),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let (mut octets, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('\\') {
        octets.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let used = match escape.as_bytes()[0] {
            b'r' => push(&mut octets, b"\r", 1),
            b'n' => push(&mut octets, b"\n", 1),
            b'\\' => push(&mut octets, b"\\", 1),
            b'x' => push(
                &mut octets,
                &[u8::from_str_radix(&escape[1..3], 16).expect("two hex digits")],
                3,
            ),
            b'{' => {
                let end = escape.find('}').expect("a closing brace");
                let (what, times) = escape[1..end].rsplit_once('*').expect("what*times");
                let run = what.repeat(times.parse().expect("a number"));
                push(&mut octets, run.as_bytes(), end + 1)
            }
            _ => panic!("unknown escape: \\{escape}"),
        };
        rest = &escape[used..];
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

fn push(octets: &mut Vec<u8>, what: &[u8], used: usize) -> usize {
    octets.extend_from_slice(what);
    used
}
