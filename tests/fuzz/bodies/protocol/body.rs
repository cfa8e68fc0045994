//! The body scanner against the naive one of the tests.

use crate::reference::{mended, reference, scan_with};
use postern_smtp::BareLineEnds;
use postern_smtp::body::{BodyScanner, Framing};
use postern_vocab::limits;

/// The first octet chooses framing and what becomes of bare line ends, the next three where reads end; the rest is the body.
pub fn run(octets: &[u8]) {
    let Some(([flags, cuts @ ..], wire)) = octets.split_first_chunk::<4>() else {
        return;
    };
    if wire.len() > limits::TEXT_LINE_OCTETS_MAX {
        return;
    }
    let cuts = cuts.map(|cut| usize::from(cut) * 3);
    let bare_line_ends = match flags & 2 {
        0 => BareLineEnds::Refuse,
        _ => BareLineEnds::Normalise,
    };
    match flags & 1 {
        0 => behind_data(wire, bare_line_ends, &cuts),
        _ => in_chunks(wire, bare_line_ends, &cuts),
    }
}

fn behind_data(wire: &[u8], bare_line_ends: BareLineEnds, cuts: &[usize]) {
    let mut scanner = BodyScanner::new(Framing::Dots, bare_line_ends);
    let (body, rest) = scan_with(&mut scanner, wire, cuts);
    let Some((expected, expected_rest, bare)) = reference(wire) else {
        assert_eq!(rest, None, "there is no end of data");
        return;
    };
    assert_eq!(rest, Some(expected_rest));
    let found = (scanner.fault().is_some(), scanner.mended().is_some());
    match bare_line_ends {
        BareLineEnds::Refuse => {
            assert_eq!(&body[..], expected);
            assert_eq!(found, (bare, false));
        }
        BareLineEnds::Normalise => {
            assert_eq!(&body[..], mended(&expected));
            assert_eq!(found, (false, bare));
        }
    }
    let mut whole = BodyScanner::new(Framing::Dots, bare_line_ends);
    scan_with(&mut whole, wire, &[]);
    assert_eq!(
        (whole.fault(), whole.mended()),
        (scanner.fault(), scanner.mended())
    );
}

fn in_chunks(wire: &[u8], bare_line_ends: BareLineEnds, cuts: &[usize]) {
    let mut scanner = BodyScanner::new(Framing::Chunks, bare_line_ends);
    let (mut body, rest) = scan_with(&mut scanner, wire, cuts);
    scanner.finish(&mut body);
    assert_eq!(rest, None, "nothing in a chunk is an end");
    let mut expected = mended(wire);
    let is_clean = expected == wire;
    if !expected.is_empty() && !expected.ends_with(b"\r\n") {
        expected.extend_from_slice(b"\r\n");
    }
    let mends = bare_line_ends == BareLineEnds::Normalise;
    assert_eq!(scanner.fault().is_none(), mends || is_clean);
    assert_eq!(scanner.mended().is_none(), !mends || is_clean);
    if scanner.fault().is_none() {
        assert_eq!(&body[..], expected);
    }
}

/// The ends and false ends of data, in every framing.
pub fn seeds() -> Vec<Vec<u8>> {
    const TEXTS: [&[u8]; 12] = [
        b"Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n",
        b".\r\n",
        b"..\r\n...\r\n.x\r\n.\r\n",
        b"a\n.\nb\r\n.\r\n",
        b"a\n.\r\nb\r\n.\r\n",
        b"a\r\n.\nb\r\n.\r\n",
        b"a\r.\r\nb\r\n.\r\n",
        b"a\r\n.\rb\r\n.\r\n",
        b"a\r.\rb\r\n.\r\n",
        b"a\r\r\n.\r\r\n.\r\n",
        b"a\n\n.\r\r\n\0\xff.\r\n.\r\nb\r\n.\r\n",
        b"no end\r\n.\r",
    ];
    let with_flags = |flags: u8| TEXTS.iter().map(move |text| [&[flags, 1, 2, 5], *text].concat());
    (0..4).flat_map(with_flags).collect()
}
