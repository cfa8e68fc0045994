//! The body scanner against a scanner that anyone can see is right, on every split.

use crate::reference::{mended, reference, scan_with};
use bytes::{BufMut, BytesMut};
use postern_smtp::BareLineEnds;
use postern_smtp::body::{BodyFault, BodyScanner, Framing, LineEnd, Scanned};
use proptest::prelude::*;

/// The same behind DATA where bare line ends are refused, with the fault.
fn scan(wire: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<Vec<u8>>, Option<BodyFault>) {
    let mut scanner = BodyScanner::default();
    let (body, rest) = scan_with(&mut scanner, wire, cuts);
    (body.to_vec(), rest, scanner.fault())
}

fn stuff(body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        if line[0] == b'.' {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn agrees_with_the_reference_on_any_soup(
        wire in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..60),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let ended = [&wire[..], b"\r\n.\r\nNEXT"].concat();
        let (body, rest, fault) = scan(&ended, &cuts);
        let (expected, expected_rest, bare) = reference(&ended).expect("it ends");
        prop_assert_eq!(body, expected);
        prop_assert_eq!(rest, Some(expected_rest));
        prop_assert_eq!(fault.is_some(), bare);
        prop_assert_eq!(scan(&ended, &[]).2, fault);
    }

    #[test]
    fn mends_what_it_would_refuse_and_nothing_else(
        wire in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..60),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let ended = [&wire[..], b"\r\n.\r\nNEXT"].concat();
        let mut scanner = BodyScanner::new(Framing::Dots, BareLineEnds::Normalise);
        let (body, rest) = scan_with(&mut scanner, &ended, &cuts);
        let (refused, expected_rest, bare) = reference(&ended).expect("it ends");
        prop_assert_eq!(&body[..], mended(&refused));
        prop_assert_eq!(rest, Some(expected_rest));
        prop_assert_eq!((scanner.fault(), scanner.mended().is_some()), (None, bare));
        prop_assert_eq!(scanner.mended(), scan(&ended, &[]).2);
    }

    #[test]
    fn a_chunked_text_is_what_came_with_its_last_line_ended(
        wire in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..60),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
        normalise in any::<bool>(),
    ) {
        let bare_line_ends = if normalise { BareLineEnds::Normalise } else { BareLineEnds::Refuse };
        let mut scanner = BodyScanner::new(Framing::Chunks, bare_line_ends);
        let (mut body, rest) = scan_with(&mut scanner, &wire, &cuts);
        scanner.finish(&mut body);
        prop_assert_eq!(rest, None, "nothing in it is an end");
        let whole = mended(&wire);
        let is_clean = whole == wire;
        let line_end: &[u8] = if whole.is_empty() || whole.ends_with(b"\r\n") { b"" } else { b"\r\n" };
        prop_assert_eq!((scanner.fault().is_none(), scanner.mended().is_none()), (normalise || is_clean, !normalise || is_clean));
        if scanner.fault().is_none() {
            prop_assert_eq!(&body[..], [&whole[..], line_end].concat());
        }
    }

    #[test]
    fn gives_back_what_was_stuffed(
        lines in proptest::collection::vec("[.]{0,3}[a-z.]{0,9}", 0..40),
        cuts in proptest::collection::vec(any::<usize>(), 0..9),
    ) {
        let body: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        let wire = [&stuff(&body)[..], b".\r\nQUIT\r\n"].concat();
        prop_assert_eq!(scan(&wire, &cuts), (body, Some(b"QUIT\r\n".to_vec()), None));
    }
}

#[test]
fn no_false_end_ends_the_data_and_each_has_its_name() {
    let rows: [(&[u8], &str); 9] = [
        (b"a\nb\r\n", "bare <LF>"),
        (b"a\rb\r\n", "bare <CR>"),
        (b"a\n.\nb\r\n", "false end of data <LF>.<LF>"),
        (b"a\n.\r\nb\r\n", "false end of data <LF>.<CR><LF>"),
        (b"a\r\n.\nb\r\n", "false end of data <CR><LF>.<LF>"),
        (b"a\r.\r\nb\r\n", "false end of data <CR>.<CR><LF>"),
        (b"a\r\n.\rb\r\n", "false end of data <CR><LF>.<CR>"),
        (b"a\r.\rb\r\n", "false end of data <CR>.<CR>"),
        (b".\nb\r\n", "false end of data <CR><LF>.<LF>"),
    ];
    for (text, name) in rows {
        let wire = [text, b".\r\n"].concat();
        let (_, rest, fault) = scan(&wire, &[]);
        assert_eq!(rest, Some(Vec::new()), "{name}");
        assert_eq!(fault.map(|fault| fault.to_string()).as_deref(), Some(name));
    }
    assert_eq!(
        scan(b"a\n\n.\r\r\n.\r\n", &[])
            .2
            .map(|f| f.to_string())
            .as_deref(),
        Some("false end of data <LF>.<CR>")
    );
    assert_eq!(
        scan(b"a\n", &[]),
        (b"a\n".to_vec(), None, Some(BodyFault::Bare(LineEnd::Lf)))
    );
}

#[test]
fn nothing_moves_in_a_body_without_stuffed_dots() {
    let mut buffer = BytesMut::with_capacity(1024);
    buffer.put_slice(b"Subject: x\r\n\r\nhello\r\n.\r\n");
    let place = buffer.as_ptr();
    assert_eq!(
        BodyScanner::default().scan(&mut buffer, 0),
        Scanned::End {
            rest: BytesMut::new()
        }
    );
    assert_eq!(
        (buffer.as_ptr(), &buffer[..]),
        (place, &b"Subject: x\r\n\r\nhello\r\n"[..])
    );
}
