//! The PROXY header, from arbitrary octets as they come.

use postern_smtp::proxy::{ProxyHeader, read};
use postern_vocab::limits;

const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What is decided is decided for good, by the octets of the header alone; and it is decided within the limit.
pub fn run(octets: &[u8]) {
    let decided = (0..=octets.len()).find(|end| read(&octets[..*end]) != Ok(ProxyHeader::NeedMore));
    let Some(end) = decided else {
        assert!(
            octets.len() <= limits::PROXY_HEADER_OCTETS_MAX,
            "still asks for more"
        );
        return;
    };
    let first = read(&octets[..end]);
    assert_eq!(read(octets), first, "octets behind it change nothing");
    let Ok(ProxyHeader::Header {
        client,
        local,
        octets: length,
    }) = first
    else {
        return;
    };
    assert_eq!(
        length, end,
        "a header is taken as soon as it is there, and nothing behind it"
    );
    assert_eq!(client.is_some(), local.is_some());
    if let (Some(client), Some(local)) = (client, local) {
        assert_eq!(client.is_ipv4(), local.is_ipv4());
        assert_eq!(
            read(&line(client, local)).ok().map(ends),
            Some((Some(client), Some(local)))
        );
    }
}

/// The same two ends as version 1 says them.
fn line(client: std::net::SocketAddr, local: std::net::SocketAddr) -> Vec<u8> {
    let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
    format!(
        "PROXY {family} {} {} {} {}\r\n",
        client.ip(),
        local.ip(),
        client.port(),
        local.port()
    )
    .into_bytes()
}

type Ends = (Option<std::net::SocketAddr>, Option<std::net::SocketAddr>);

fn ends(header: ProxyHeader) -> Ends {
    match header {
        ProxyHeader::Header { client, local, .. } => (client, local),
        ProxyHeader::NeedMore => (None, None),
    }
}

/// Headers of both versions and every family.
pub fn seeds() -> Vec<Vec<u8>> {
    const LINES: [&[u8]; 5] = [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\r\nEHLO x\r\n",
        b"PROXY TCP6 2001:db8::1 2001:db8::2 1024 25\r\n",
        b"PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n",
        b"PROXY UNKNOWN ffff::1 what ever 1 2\r\n",
        b"EHLO x\r\n",
    ];
    const KINDS: [(u8, u8, u8); 8] = [
        (0x21, 0x11, 12),
        (0x21, 0x11, 20),
        (0x21, 0x21, 36),
        (0x20, 0x00, 0),
        (0x21, 0x00, 0),
        (0x21, 0x12, 8),
        (0x21, 0x22, 32),
        (0x21, 0x31, 216),
    ];
    let binary = |(command, family, length): &(u8, u8, u8)| {
        let behind: Vec<u8> = (1..=*length).collect();
        [
            SIGNATURE_2,
            &[*command, *family, 0, *length],
            &behind,
            b"EHLO x\r\n",
        ]
        .concat()
    };
    // At the limit, over it, and over it with all of its octets.
    let long = [(0x07_f0_u16, 2_040), (0x07_f1, 100), (0x0f_ff, 4_095)].map(|(length, here)| {
        let behind = vec![b'a'; here];
        [SIGNATURE_2, b"\x21\x11", &length.to_be_bytes(), &behind].concat()
    });
    let lines = LINES.iter().map(|line| line.to_vec());
    lines.chain(KINDS.iter().map(binary)).chain(long).collect()
}
