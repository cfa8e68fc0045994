//! Properties that hold for any octets: messages are put together from pieces that parsers stumble over.

use postern_scan::{EnvelopeView, Scan, Scanner};
use postern_vocab::{Envelope, ReverseName};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\r\n", "\n", "\r", " ", "\t", ":", ";", "\0", "\u{e9}", "=", "=?utf-8?q?=41?=", "<", ">", "(", ")", "\"", "@", "--", "--x", "--x--", "--y",
    "X-Postern-A: 1\r\n", "x-postern-b :\r\n 2\r\n", "Authentication-Results: mx.example.net; spf=pass\r\n", " folded\r\n", "From: a@example.com\r\n",
    "Subject: x\r\n", "Content-Type: multipart/mixed; boundary=x\r\n", "Content-Type: multipart/digest; boundary=\"y\"\r\n",
    "Content-Type: message/rfc822\r\n", "Content-Type: text/html\r\n", "Con tent-Type: multipart/mixed; boundary=x\r\n",
    "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Transfer-Encoding: odd\r\n",
    "Content-Disposition: attachment; filename*0*=utf-8''a; filename*1=b.exe\r\n", "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KDQo=", "=3D", "=\r\n",
    "<a href='http://example.org/", "<div style='display:none'>", "</div>", "&#x200b;", "&amp", "http://", "://", "text",
];

fn scan(message: &[u8]) -> Scan {
    let envelope = Envelope::default();
    let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let view = EnvelopeView {
        envelope: &envelope,
        helo: "c.example.org",
        client,
        reverse: &ReverseName::NotAsked,
    };
    Scanner::new("mx.example.net").scan(message, &view)
}

fn without_cuts(message: &[u8], cuts: &[(u64, u64)]) -> Vec<u8> {
    let (mut left, mut at) = (Vec::new(), 0);
    for (start, end) in cuts {
        left.extend_from_slice(&message[at..*start as usize]);
        at = *end as usize;
    }
    left.extend_from_slice(&message[at..]);
    left
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_are_judged(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        let message = pieces.concat();
        let first = scan(message.as_bytes());
        prop_assert!(!first.mime.oddities.contains(&"mime.panic".to_owned()));
        prop_assert!(first.mime.parts >= 1 && first.mime.depth >= 1);
        prop_assert!(first.cuts.windows(2).all(|pair| pair[0].1 < pair[1].0));
        let left = without_cuts(message.as_bytes(), &first.cuts);
        prop_assert_eq!(scan(&left).cuts, vec![], "what is left has nothing in our name");
    }
}
