//! Mail made to hurt: bombs, lies and other people's broken messages. No panic, bounded facts, the same result twice.
#![allow(
    clippy::disallowed_methods,
    reason = "reads the shared vectors from disk, and where they are from the environment"
)]

use postern_scan::{EnvelopeView, Scan, Scanner};
use postern_vocab::{Envelope, ReverseName, limits};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

const START: &str = "From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

fn scan(message: &[u8]) -> Scan {
    let envelope = Envelope::default();
    let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let view = EnvelopeView {
        envelope: &envelope,
        helo: "c.example.org",
        client,
        reverse: &ReverseName::NotAsked,
    };
    let scanner = Scanner::new("mx.example.net");
    let scan = scanner.scan(message, &view);
    assert_eq!(scan, scanner.scan(message, &view), "the same twice");
    assert!(scan.mime.attachments.len() <= limits::ATTACHMENT_FACTS_MAX);
    assert!(scan.mime.oddities.is_sorted() && scan.mime.oddities.len() < 100);
    assert!(scan.findings.len() <= limits::FINDINGS_MAX);
    assert!(
        scan.cuts.is_sorted()
            && scan
                .cuts
                .iter()
                .all(|(start, end)| start < end && *end <= message.len() as u64)
    );
    scan
}

fn odd(message: &str) -> Vec<String> {
    scan(message.as_bytes()).mime.oddities
}

fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in octets.chunks(3) {
        let group = chunk
            .iter()
            .fold(0u32, |group, octet| group << 8 | u32::from(*octet))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
        if out.len() % 78 >= 76 {
            out.push_str("\r\n");
        }
    }
    out
}

fn eicar() -> String {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
        "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}

fn is_virus(message: &str) -> bool {
    scan(message.as_bytes())
        .findings
        .iter()
        .any(|one| one.engine == "antivirus" && one.rule == "EICAR-Test-File")
}

#[test]
fn nesting_is_a_fact_and_not_a_crash() {
    let mut multiparts = START.to_owned();
    for level in 0..10_000 {
        multiparts += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    assert_eq!(odd(&multiparts), ["limit.depth=101"]);
    let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
    assert_eq!(odd(&format!("{START}{messages}")), ["limit.depth=101"]);
    let encoded = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    assert_eq!(
        odd(&format!("{START}{encoded}{}", base64(messages.as_bytes()))),
        ["limit.depth=101"]
    );
    let mut russian_doll = "Subject: inner\r\n\r\ntext".to_owned();
    for _ in 0..6 {
        russian_doll = format!("{encoded}{}", base64(russian_doll.as_bytes()));
    }
    assert_eq!(odd(&format!("{START}{russian_doll}")), ["limit.encoded-depth=4"]);
    // Named so that only the strict parser takes it for a type.
    let hidden = "Con tent-Type: message/rfc822\r\n\r\n".repeat(50_000);
    assert_eq!(odd(&format!("{START}{hidden}")), ["limit.mime-containers=1001"]);
}

#[test]
fn numbers_are_a_fact_and_not_a_stall() {
    let mixed = format!("{START}Content-Type: multipart/mixed; boundary=x\r\n\r\n");
    let many = scan(
        format!(
            "{mixed}{}",
            "--x\r\nContent-Type: image/png\r\n\r\nhi\r\n".repeat(100_000)
        )
        .as_bytes(),
    );
    assert_eq!((many.mime.parts, many.mime.depth), (100_001, 2));
    assert_eq!(many.mime.oddities, ["limit.parts=100001"]);
    assert_eq!(
        odd(&format!("{mixed}{}", "--x\r\n".repeat(200_000))),
        ["limit.parts=200001"]
    );
    let dashes = odd(&format!("{mixed}--x\r\n\r\n{}", "y--x\r\n\r\n".repeat(200_000)));
    assert_eq!(dashes, ["limit.mime-dashes=100001"]);
    let absent = "--x\r\nContent-Type: multipart/mixed; boundary=absent\r\n\r\n".repeat(900);
    let absent = odd(&format!("{mixed}{absent}{}", "y".repeat(1_000_000)));
    assert!(
        absent.iter().any(|word| word.starts_with("limit.mime-work=")),
        "{absent:?}"
    );
    let parameters: String = (0..2_000).map(|n| format!("; a{n}*1=x")).collect();
    let parameters = odd(&format!(
        "{mixed}--x\r\nContent-Type: text/plain{parameters}\r\n\r\nx\r\n--x--\r\n"
    ));
    assert!(
        parameters.iter().any(|word| word.starts_with("limit.")),
        "{parameters:?}"
    );
}

#[test]
fn long_lines_are_a_fact() {
    let long = "y".repeat(10_000_000);
    let expected = ["limit.header-bytes=10000078", "limit.header-field=10000005"];
    assert_eq!(odd(&format!("{START}X: {long}\r\n\r\nbody")), expected);
    let subject = "=?utf-8?q?a".repeat(100_000);
    assert!(odd(&format!("From: a@example.com\r\nSubject: {subject}\r\n\r\nbody")).len() == 2);
    let links = format!("{START}\r\n{}{}", "a".repeat(100_000), "://".repeat(100_000));
    assert!(odd(&links).is_empty());
}

#[test]
fn lies_are_looked_through() {
    let rows: [(&str, &[&str], &str); 13] = [
        (
            "Content-Type: text/plain; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--\r\n",
            &["mime.ambiguous"],
            "a boundary of no multipart, which some readers take",
        ),
        (
            "Content-Type: text/plain; boundary=x\r\n\r\n-- \r\nmy name\r\n",
            &[],
            "a boundary that never comes",
        ),
        (
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/partial; number=1; \
             total=2; id=a\r\n\r\nhalf\r\n--x--\r\n",
            &["mime.partial"],
            "a fragment as a part",
        ),
        (
            "Content-Type: message/rfc822\r\n\r\nContent-Type: message/external-body; access-type=anon-ftp\r\n\r\n\
             Content-Type: image/png\r\n\r\n",
            &["mime.external-body"],
            "content that lies elsewhere, in a message in a message",
        ),
        (
            "Content-Type: text/plain\r\n\r\nContent-Type: message/partial; id=a\r\n",
            &[],
            "text about fragments",
        ),
        (
            "Content-Type: image/png\r\n\r\nno picture\r\n",
            &[],
            "text for a picture",
        ),
        (
            "Content-Type: text/plain; charset=x-no-such\r\n\r\ntext\r\n",
            &["mime.unknown-charset"],
            "unknown charset",
        ),
        (
            "Content-Type: text/plain\r\n\r\nna\u{ef}ve\r\n",
            &["mime.8bit-undeclared"],
            "8-bit undeclared",
        ),
        (
            "Content-Transfer-Encoding: 8bit\r\n\r\nna\u{ef}ve\r\n",
            &[],
            "8-bit declared",
        ),
        ("Content-Type: text/plain\r\n\r\na\0b\r\n", &["mime.nul"], "NUL"),
        (
            "Content-Transfer-Encoding: base65\r\n\r\nx\r\n",
            &["mime.unknown-encoding"],
            "unknown encoding",
        ),
        (
            "Content-Type: multipart/mixed; boundary=x\r\n\r\nnothing\r\n",
            &["mime.no-boundary"],
            "no boundary",
        ),
        (
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na --x\r\nContent-Disposition: attachment; \
             filename=a.exe\r\n\r\nMZ\r\n--x--\r\n",
            &["mime.ambiguous"],
            "a boundary in mid-line, which some readers take",
        ),
    ];
    for (rest, expected, reason) in rows {
        assert_eq!(odd(&format!("{START}{rest}")), expected, "{reason}");
    }
}

#[test]
fn facts_of_a_usual_message() {
    let scan = scan(
        format!(
            "{START}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: \
             Application/PDF; name=\"=?utf-8?q?r=C3=A9sum=C3=A9=2Epdf?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             aGVsbG8=\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--x--\r\n"
        )
        .as_bytes(),
    );
    let files: Vec<(&str, &str, u64)> = scan
        .mime
        .attachments
        .iter()
        .map(|one| (one.name.as_str(), one.declared_type.as_str(), one.bytes))
        .collect();
    assert_eq!(
        files,
        [
            ("r\u{e9}sum\u{e9}.pdf", "application/pdf", 5),
            ("", "message/rfc822", 20)
        ]
    );
    assert_eq!((scan.mime.parts, scan.mime.depth), (5, 3));
    assert!(scan.mime.oddities.is_empty(), "{:?}", scan.mime.oddities);
}

#[test]
fn the_test_virus_is_found_wherever_it_lies() {
    let plain = eicar();
    let coded = base64(plain.as_bytes());
    let mixed = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n";
    let file = "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n";
    let nested = base64(format!("Subject: in\r\n{file}\r\n{coded}").as_bytes());
    let rows = [
        (format!("{START}\r\n{plain}\r\n"), "in the body"),
        (
            format!("{START}{mixed}{file}\r\n{coded}\r\n--x--\r\n"),
            "in a base64 file",
        ),
        (
            format!(
                "{START}{mixed}{file}\r\n{}\r\n--x--\r\n",
                coded.replace("TEST", "TE!*ST")
            ),
            "with junk in base64",
        ),
        (
            format!("{START}{mixed}{file}\r\nQQ==\r\n{coded}\r\n--x--\r\n"),
            "behind padding",
        ),
        (
            format!("{START}Content-Transfer-Encoding: x-base64\r\n\r\n{coded}\r\n"),
            "under an unknown encoding",
        ),
        (
            format!(
                "{START}Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}\r\n"
            ),
            "under two encodings",
        ),
        (
            format!(
                "{START}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{nested}\r\n"
            ),
            "in an encoded message",
        ),
        (
            format!("{START}{mixed}\r\na --x\r\n{file}\r\n{coded}\r\n--x--\r\n"),
            "in a part that only the strict parser sees",
        ),
        (format!("{START}{mixed}{file}\r\n{coded}"), "without an end"),
    ];
    for (message, reason) in rows {
        assert!(is_virus(&message), "{reason}");
    }
    assert!(
        !is_virus(&format!("{START}\r\n{}\r\n", plain.replace("EICAR", "EICAT"))),
        "another text"
    );
}

#[test]
fn the_test_virus_is_found_under_every_plausible_boundary() {
    let coded = base64(eicar().as_bytes());
    let mixed = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n";
    let file = "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n";
    let rows = [
        (
            format!(
                "{START}Content-Type: text/plain; boundary=b\r\n\r\n--b\r\n{file}\r\n{coded}\r\n--b--\r\n"
            ),
            "under a type that is no multipart's, with a boundary",
        ),
        (
            format!(
                "{START}{mixed}Content-Type: text/html; boundary=\"b c\"\r\n\r\n--b c\r\n{mixed}\r\n--b c\r\n\
                 {file}\r\n{coded}\r\n--b c--\r\n--x--\r\n"
            ),
            "the same as a part",
        ),
        (
            format!(
                "{START}Content-Type: multipart/mixed; boundary=absent\r\n\r\n--b\r\n{file}\r\n{coded}\r\n--b--\r\n"
            ),
            "under another boundary than the declared one",
        ),
        (
            format!(
                "{START}Content-Type: multipart/mixed\r\n\r\nsee\r\n--b\r\n{file}\r\n{coded}\r\n--b--\r\n"
            ),
            "under a boundary that is not declared",
        ),
        (
            format!(
                "{START}Content-Type: text/plain; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                 --b\r\n{file}\r\n{coded}\r\n--b--\r\n"
            ),
            "under the second of two types, each with a boundary",
        ),
    ];
    for (message, reason) in rows {
        assert!(is_virus(&message), "{reason}");
        assert!(odd(&message).contains(&"mime.ambiguous".to_owned()), "{reason}");
    }
}

#[test]
fn other_peoples_broken_mail() {
    let Some(root) = vectors() else { return };
    let mut files = Vec::new();
    collect(&root.join("mime"), &mut files);
    assert!(
        files.len() > 300,
        "the vectors are there but few: {}",
        files.len()
    );
    for file in files {
        let message = std::fs::read(&file).expect("readable");
        let scan = scan(&message);
        assert!(
            !scan.mime.oddities.contains(&"mime.panic".to_owned()),
            "{}",
            file.display()
        );
    }
}

fn vectors() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let root = std::env::var_os("POSTERN_VECTORS").map_or(beside, PathBuf::from);
    if !root.join("mime").is_dir() {
        eprintln!(
            "skipped: no conformance vectors at {} (set POSTERN_VECTORS)",
            root.display()
        );
        return None;
    }
    Some(root)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, files)
        } else {
            files.push(path)
        }
    }
}
