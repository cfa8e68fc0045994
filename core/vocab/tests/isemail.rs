//! Address syntax against the graded cases of is_email: what is valid, or valid in SMTP, is taken; what is an error is not.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)] // Reads the shared vectors from disk.

use postern_vocab::Address;
use std::path::PathBuf;

/// The cases: address and diagnosis.
fn cases(xml: &str) -> Vec<(String, String)> {
    let inside = |text: &str, tag: &str| {
        let rest = text.split_once(&format!("<{tag}>"))?.1;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let case = |test: &str| {
        let address = inside(test, "address").unwrap_or_default();
        Some((unescaped(&address), inside(test, "diagnosis")?))
    };
    xml.split("<test ").skip(1).filter_map(case).collect()
}

/// Entities of XML, and the pictures of control characters that stand for the characters themselves.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, behind) = after.split_once(';').expect("entities end");
        let number = entity
            .strip_prefix("#x")
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        plain.push(match (entity, number) {
            (_, Some(picture @ 0x2400..=0x241f)) => {
                char::from_u32(picture - 0x2400).expect("a control character")
            }
            (_, Some(number)) => char::from_u32(number).expect("a character"),
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            _ => '&',
        });
        rest = behind;
    }
    plain + rest
}

#[test]
fn what_is_valid_is_taken_and_what_is_an_error_is_not() {
    let vectors = std::env::var_os("POSTERN_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let file = vectors.join("addresses/isemail-tests.xml");
    let Ok(xml) = std::fs::read_to_string(&file) else {
        eprintln!(
            "SKIPPED address vectors: none at {} (POSTERN_VECTORS)",
            file.display()
        );
        return;
    };
    let cases = cases(&xml);
    assert!(
        cases.len() > 150,
        "the vectors are there but few: {}",
        cases.len()
    );
    let mut wrong = Vec::new();
    for (address, diagnosis) in cases {
        let kind = diagnosis.trim_start_matches("ISEMAIL_");
        let must_be_taken = kind == "VALID" || kind.starts_with("RFC5321_") || kind.starts_with("DNSWARN_");
        let taken = address.parse::<Address>().is_ok();
        if must_be_taken && !taken || kind.starts_with("ERR_") && taken {
            wrong.push(format!("{diagnosis}: {address:?} taken: {taken}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
