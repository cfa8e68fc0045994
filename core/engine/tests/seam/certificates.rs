//! Certificates that do not do: every mistake is said, with its remedy, and what is in force stays.

use crate::tls_peer::{Identity, params};
use postern_engine::policy::{CertificateFiles, Tls};
use postern_engine::tls::ServerTls;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ALGORITHM: &rcgen::SignatureAlgorithm = &rcgen::PKCS_ECDSA_P256_SHA256;

fn tls(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Tls {
    let files = CertificateFiles {
        certificate: certificate.into(),
        key: key.into(),
    };
    Tls {
        certificates: vec![files],
        ..Tls::default()
    }
}

fn identity(place: &Path, file: &str) -> Identity {
    Identity::new(place, file, ALGORITHM, &["mx.example.test"])
}

/// What a certificate file may hold | the cause | the remedy.
const BAD_CERTIFICATES: [(&str, &str, &str); 3] = [
    ("", "no certificate in it", "BEGIN CERTIFICATE"),
    ("-----BEGIN CERTIFICATE-----\nMIIB", "is not PEM", "copy it again"),
    (
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "cannot be understood",
        "issued again",
    ),
];

/// The same for a key file.
const BAD_KEYS: [(&str, &str, &str); 2] = [
    ("", "no private key in it", "PKCS#8"),
    (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "protected by a password",
        "openssl pkey",
    ),
];

fn authorities(path: PathBuf) -> Tls {
    Tls {
        client_authorities: Some(path),
        ..Tls::default()
    }
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    let write = |file: String, text: &str| {
        std::fs::write(place.join(&file), text).expect("written");
        place.join(file)
    };
    let (own, other) = (
        identity(place, "own.pem").files,
        identity(place, "other.pem").files,
    );
    let (good, missing) = (&own.certificate, place.join("missing.pem"));
    let (absent, correct) = ("missing.pem cannot be read", "correct the path");
    let large = write("large.pem".to_owned(), &"x".repeat(5_000_000));
    let mut rows = vec![
        (tls(&missing, good), absent, correct),
        (tls(good, &missing), absent, correct),
        (authorities(missing.clone()), absent, correct),
        (tls(place, good), "cannot be read", "[tls]"),
        (
            tls(good, &other.key),
            "is not the one of certificate",
            "belongs together",
        ),
        (tls(large, good), "is larger than", "4194304"),
    ];
    for (index, (text, cause, remedy)) in BAD_CERTIFICATES.into_iter().enumerate() {
        let file = write(format!("certificate{index}"), text);
        rows.push((tls(file, good), cause, remedy));
    }
    for (index, (text, cause, remedy)) in BAD_KEYS.into_iter().enumerate() {
        let file = write(format!("key{index}"), text);
        rows.push((tls(good, file), cause, remedy));
    }
    let server = ServerTls::new(&Tls::default(), &own).expect("good certificates");
    let before = server.in_force();
    for (tls, cause, remedy) in rows {
        let errors = server.reload(&tls, &own).expect_err(cause);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].contains(cause) && errors[0].contains(remedy),
            "{cause}: {errors:?}"
        );
        assert!(
            errors[0].contains(&*place.to_string_lossy()),
            "the file is named: {errors:?}"
        );
        assert!(
            Arc::ptr_eq(&before, &server.in_force()),
            "{cause}: nothing changes"
        );
    }
}

#[test]
fn all_mistakes_are_said_at_once_and_a_good_certificate_comes_into_force() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    let (own, other) = (
        identity(place, "own.pem").files,
        identity(place, "other.pem").files,
    );
    let (good, missing) = (&own.certificate, place.join("missing.pem"));
    let server = ServerTls::new(&Tls::default(), &own).expect("good certificates");
    let before = server.in_force();
    let mut all = authorities(missing.clone());
    all.certificates = [tls(&missing, good), tls(good, &other.key)]
        .map(|tls| tls.certificates)
        .concat();
    assert_eq!(server.reload(&all, &own).expect_err("three mistakes").len(), 3);
    server
        .reload(&tls(&other.certificate, &other.key), &own)
        .expect("a good one");
    assert!(!Arc::ptr_eq(&before, &server.in_force()));
}

#[test]
fn a_certificate_out_of_its_time_is_used_with_a_warning() {
    let directory = tempfile::tempdir().expect("a directory");
    let rows = [
        (2001, 2002, Some("expired.pem: it expired on")),
        (3001, 3002, Some("expired.pem: it is not valid before")),
        (2001, 3002, None),
    ];
    for (from, to, warning) in rows {
        let own = Identity::of(directory.path(), "expired.pem", ALGORITHM, |key| {
            let mut params = params(&["mx.example.test"]);
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
            params.self_signed(key).expect("a certificate")
        });
        let server = ServerTls::new(&Tls::default(), &own.files).expect("it can be used");
        let settings = server.in_force();
        match (warning, settings.warnings()) {
            (None, []) => {}
            (Some(expected), [said]) => assert!(said.contains(expected), "{said}"),
            (expected, said) => panic!("{expected:?} and not {said:?}"),
        }
    }
}
