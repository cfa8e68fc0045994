//! The PROXY header: what is one, and that nothing else is taken for one.

use postern_smtp::proxy::{ProxyError, ProxyHeader, read};
use postern_vocab::limits;
use proptest::prelude::*;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn version_2(version_and_command: u8, family: u8, behind: &[u8]) -> Vec<u8> {
    let length = u16::try_from(behind.len()).expect("short").to_be_bytes();
    [SIGNATURE, &[version_and_command, family], &length, behind].concat()
}

/// Client and local end as text, and the octets; `-` where there is no address.
fn shown(octets: &[u8]) -> String {
    let end = |address: Option<std::net::SocketAddr>| address.map_or("-".to_owned(), |a| a.to_string());
    match read(octets) {
        Ok(ProxyHeader::NeedMore) => "more".to_owned(),
        Ok(ProxyHeader::Header {
            client,
            local,
            octets,
        }) => {
            format!("{} {} {octets}", end(client), end(local))
        }
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn version_1_is_one_line() {
    let rows: [(&[u8], &str, &str); 16] = [
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\r\nEHLO",
            "192.0.2.1:1024 192.0.2.2:25 40",
            "IPv4",
        ),
        (
            b"PROXY TCP6 2001:db8::1 2001:db8::2 1024 25\r\n",
            "[2001:db8::1]:1024 [2001:db8::2]:25 44",
            "IPv6",
        ),
        (b"PROXY UNKNOWN\r\n", "- - 15", "unknown"),
        (
            b"PROXY UNKNOWN ffff::1 what ever 1 2\r\n",
            "- - 37",
            "unknown, with words",
        ),
        (b"", "more", "nothing yet"),
        (b"PROX", "more", "half a signature"),
        (b"PROXY TCP4 192.0.2.1", "more", "half a line"),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\r",
            "more",
            "half a line end",
        ),
        (b"EHLO x\r\n", "NoHeader", "SMTP"),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\n",
            "BadLine",
            "a bare LF",
        ),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 65536\r\n",
            "BadLine",
            "no port",
        ),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 25\r\n",
            "BadLine",
            "a signed port",
        ),
        (
            b"PROXY TCP4 2001:db8::1 192.0.2.2 1024 25\r\n",
            "BadLine",
            "IPv6 as IPv4",
        ),
        (
            b"PROXY TCP4  192.0.2.1 192.0.2.2 1024 25\r\n",
            "BadLine",
            "two spaces",
        ),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 25 x\r\n",
            "BadLine",
            "a word too many",
        ),
        (b"PROXY UDP4 192.0.2.1 192.0.2.2 1024 25\r\n", "BadLine", "no TCP"),
    ];
    for (octets, expected, reason) in rows {
        assert_eq!(shown(octets), expected, "{reason}");
    }
    let longest = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 91], b"\r\n".to_vec()].concat();
    assert_eq!(shown(&longest), "- - 107");
    assert_eq!(shown(&[&longest[..105], b"x\r\n"].concat()), "TooLong");
}

#[test]
fn version_2_is_binary() {
    let four = [192, 0, 2, 1, 192, 0, 2, 2, 4, 0, 0, 25];
    let six = [
        &[0x20, 1, 0x0d, 0xb8][..],
        &[0; 11],
        &[1],
        &[0x20, 1, 0x0d, 0xb8],
        &[0; 11],
        &[2],
        &[4, 0, 0, 25],
    ]
    .concat();
    let with_tlv = [&four[..], &[4, 0, 2, 0, 0]].concat();
    let rows = [
        (
            version_2(0x21, 0x11, &four),
            "192.0.2.1:1024 192.0.2.2:25 28",
            "IPv4",
        ),
        (
            version_2(0x21, 0x21, &six),
            "[2001:db8::1]:1024 [2001:db8::2]:25 52",
            "IPv6",
        ),
        (
            version_2(0x21, 0x11, &with_tlv),
            "192.0.2.1:1024 192.0.2.2:25 33",
            "a TLV behind the addresses",
        ),
        (version_2(0x20, 0x00, b""), "- - 16", "LOCAL: a health check"),
        (
            version_2(0x20, 0x11, &four),
            "- - 28",
            "LOCAL with addresses that mean nothing",
        ),
        (version_2(0x21, 0x31, &[0; 216]), "- - 232", "a Unix socket"),
        (version_2(0x21, 0x00, &four), "- - 28", "unspecified"),
        (
            version_2(0x21, 0x11, &four)[..27].to_vec(),
            "more",
            "an octet missing",
        ),
        (
            version_2(0x21, 0x11, &four)[..9].to_vec(),
            "more",
            "half a signature",
        ),
        (version_2(0x31, 0x11, &four), "BadVersion", "version 3"),
        (version_2(0x22, 0x11, &four), "BadCommand", "no such command"),
        (version_2(0x21, 0x41, &four), "BadFamily", "no such family"),
        (
            version_2(0x21, 0x21, &four),
            "TooShort",
            "IPv6 in the room of IPv4",
        ),
        (version_2(0x21, 0x11, &[0; 2_033]), "TooLong", "over the limit"),
    ];
    for (octets, expected, reason) in rows {
        assert_eq!(shown(&octets), expected, "{reason}");
    }
    assert_eq!(read(b"\r\n\r\n\0\r\nQUIX\n...."), Err(ProxyError::NoHeader));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_octets_have_an_answer_and_more_of_them_never_change_it(
        start in prop_oneof![Just(&b""[..]), Just(&b"PROXY TCP4 "[..]), Just(SIGNATURE)],
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let octets = [start, &rest].concat();
        let mut decided = None;
        for length in 0..=octets.len() {
            let answer = read(&octets[..length]);
            if let Some(decided) = &decided {
                prop_assert_eq!(decided, &answer);
            } else if answer != Ok(ProxyHeader::NeedMore) {
                decided = Some(answer);
            }
        }
    }

    #[test]
    fn it_never_asks_for_more_than_its_limit(rest in proptest::collection::vec(any::<u8>(), 2_048)) {
        for start in [&b"PROXY "[..], SIGNATURE] {
            let octets = [start, &rest].concat();
            prop_assert_ne!(read(&octets[..limits::PROXY_HEADER_OCTETS_MAX]), Ok(ProxyHeader::NeedMore));
        }
    }
}
