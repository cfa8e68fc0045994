use super::*;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use postern_vocab::{
    Classification, Envelope, HeaderFacts, Icid, Mid, MimeFacts, Peer, ReverseName, Timestamp,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;

const MESSAGE: &str = "X-Postern-Verdict: forged\r\nReceived: from a by b;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\n\
    From: Ann\r\n\t<ann@mail.example.com>\r\nTo: bob@example.org\r\nSubject:  a   subject \r\n\
    MIME-Version: 1.0\r\nX-Other: x\r\n\r\nDear Bob,  \r\n\r\n.\r\nYours\r\n\r\n\r\n";

/// The forged field of our own in front of [`MESSAGE`].
const CUTS: [(u64, u64); 1] = [(0, 27)];

/// Of 1,024 bits, in the form of PKCS#1; it was never used for anything.
const SHORT_KEY: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDCj7HX3K1EDsoFprkK4/FejQFqi+iRg5DLNG7RghmxVrM2QTuP
ndz5YXoEmW9gd6DodZSLuBuTJ3p28AhejZlUMpk5VDDdVLYlv8OS3BztZkDN/Ids
Wll1fA9HIMnJPWea9rTdIROuxqc4GLblW6hpibTykLnvYFLWb7sgj6IAAQIDAQAB
AoGBAJlh0yCMNoRa7GU8JNEzFkwl+aHXnodpIzMvqNW+LScjZLE3CA+WsmhfsmQB
2k5AwTfBylPD1ulRzDgLz21LUD4x+sLJgCdew7yG2afNITbc84Cy9IwxVU6qvDkm
GUjwzz4Rfx5sC+kkbbbOu3V8BOFp71/9QvCj3VY33AAvsbOBAkEA7Y/LFkdFcimU
KbX4oq++UZZa0BITs2R2ysFHMfvyM0VR5ZyfxViv/gHgkCk0wz0ndtXvfD8y1HGA
hM62m/x3KQJBANGpgoQZVZ0Q4081ACcWnKSI2PR7S+EH7DDW535gC0skLwo7MSTH
aAYziqBLyd4zt2ljxilJEa10aqIV2LcUFRkCQQCINu0SByfQv/qOuCKq1e5gxb+o
ktTtBev/cjeqd3Z244aEC/yooaO4F8d1ocr5L/WS9DRvn6U7nyE8BXM7mdWRAkEA
uuTTx1WeD6jiN9UTEcUCVVj3rNfLyAj77n1jVi/fYVgb5o7lO9fVTtHbHRDyHfUT
5gpetqa/71L7SwkWafyo4QJAYMHuTKCCU5s2lB2AlD2IWX4eMe5JAtVQ41Nn8XkX
pdryMd5a2RYqoWy4xYEaKr8XTADeSJvKAZ35E55XWxZx5g==
-----END RSA PRIVATE KEY-----
";

/// The zone: what a verifier would find in the DNS.
#[derive(Default)]
struct Zone(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Zone {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key")
}

fn ed25519() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).expect("a key")
}

/// The record that belongs to a key: RSA with its algorithm around it, Ed25519 bare, which is what follows 12 octets of it.
fn record(key: &KeyPair) -> Txt {
    let pem = key.public_key_pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let text = match key.algorithm() == &PKCS_ED25519 {
        true => format!("v=DKIM1; k=ed25519; p={}", &base64[16..]),
        false => format!("v=DKIM1; p={base64}"),
    };
    DomainKey::parse(text.as_bytes()).expect("a record").into()
}

fn configured(directory: &Path, (domain, selector): (&str, &str), pem: &str) -> DkimKey {
    let key = directory.join(format!("{selector}.{domain}.pem"));
    std::fs::write(&key, pem).expect("written");
    DkimKey {
        domain: domain.parse().expect("a domain"),
        selector: selector.to_owned(),
        key,
    }
}

/// Facts of a message from these authors.
pub(crate) fn facts(from: &[&str]) -> Facts {
    Facts {
        mid: Mid(1),
        icid: Icid(1),
        received_at: Timestamp(1_700_000_000_000),
        peer: Peer {
            remote: "192.0.2.7:40000".parse().expect("an address"),
            local: "192.0.2.1:25".parse().expect("an address"),
            listener: "inside".to_owned(),
        },
        reverse: ReverseName::NotAsked,
        helo: "mail.example.com".to_owned(),
        helo_valid: true,
        classification: Classification::default(),
        tls: None,
        user: None,
        direction: Direction::Outbound,
        envelope: Envelope::default(),
        body_bytes: 0,
        header: HeaderFacts {
            from: from.iter().map(|&one| one.to_owned()).collect(),
            ..HeaderFacts::default()
        },
        mime: MimeFacts::default(),
        findings: Vec::new(),
    }
}

/// What the library's own verifier says of each signature.
async fn verified(message: &str, zone: &Zone) -> Vec<bool> {
    let parsed = AuthenticatedMessage::parse(message.as_bytes()).expect("a message");
    let resolver =
        MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).expect("a resolver");
    let outputs = resolver
        .verify_dkim(Parameters::new(&parsed).with_txt_cache(zone))
        .await;
    let passes = |output: &mail_auth::DkimOutput<'_>| *output.result() == DkimResult::Pass;
    outputs.iter().map(passes).collect()
}

#[tokio::test]
async fn what_leaves_is_signed_so_that_a_verifier_says_pass() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, two) = (rsa(), ed25519());
    let keys = [
        configured(directory.path(), ("example.com", "r1"), &one.serialize_pem()),
        configured(directory.path(), ("example.com", "e1"), &two.serialize_pem()),
    ];
    let zone = Zone(
        [
            ("r1._domainkey.example.com.".into(), record(&one)),
            ("e1._domainkey.example.com.".into(), record(&two)),
        ]
        .into(),
    );
    let signers = Signers::load(&keys).expect("both are good");
    let signed = signers
        .sign(&facts(&["ann@mail.example.com"]), MESSAGE.as_bytes(), &CUTS)
        .expect("there are keys of the domain above");
    let signed = String::from_utf8(signed.to_vec()).expect("ASCII");
    assert_eq!(signed.matches("DKIM-Signature: ").count(), 2, "{signed}");
    assert!(
        signed.ends_with("\r\n") && signed.contains("d=example.com"),
        "{signed}"
    );
    assert!(
        signed.contains("h=MIME-Version:Subject:To:From:From;"),
        "what is there, From once more, and nothing of ours: {signed}"
    );

    let kept = &MESSAGE[27..];
    let trace = "Received: from x by y;\r\n\tMon, 1 Jan 2024 00:00:01 +0000\r\n";
    let rows = [
        (format!("{signed}{trace}{kept}"), true, "as it leaves"),
        (
            format!("{signed}{trace}{kept}").replace("a   subject", "a subject"),
            true,
            "relaxed white space",
        ),
        (
            format!("{signed}{kept}").replace("Yours", "Ours"),
            false,
            "another body",
        ),
        (
            format!("{signed}{kept}").replace("bob@", "eve@"),
            false,
            "another recipient",
        ),
        (
            format!("{signed}From: eve@example.net\r\n{kept}"),
            false,
            "a second author",
        ),
    ];
    for (message, expected, reason) in rows {
        assert_eq!(verified(&message, &zone).await, [expected, expected], "{reason}");
    }
}

#[test]
fn only_outbound_mail_of_one_author_with_a_key_is_signed() {
    let directory = tempfile::tempdir().expect("a directory");
    let key = configured(
        directory.path(),
        ("example.com", "e1"),
        &ed25519().serialize_pem(),
    );
    let signers = Signers::load(&[key]).expect("a good key");
    let inbound = Facts {
        direction: Direction::Inbound,
        ..facts(&["ann@example.com"])
    };
    let mut twice = facts(&["ann@example.com"]);
    twice.mime.oddities.push("header.duplicate=from".to_owned());
    let mut binary = facts(&["ann@example.com"]);
    binary.envelope.body = BodyKind::BinaryMime;
    let by = |user: &str| Facts {
        user: Some(user.to_owned()),
        ..facts(&["ann@example.com"])
    };
    let rows = [
        (facts(&["ann@example.com"]), true, "the domain itself"),
        (by("bob@Example.com"), true, "a user of that domain"),
        (by("eve@example.net"), false, "a user of another domain"),
        (by("admin"), false, "a user of no domain"),
        (facts(&["ann@a.b.example.com"]), true, "far below it"),
        (facts(&["ann@badexample.com"]), false, "not below it"),
        (facts(&["ann@com"]), false, "above it"),
        (
            facts(&["ann@example.com", "eve@example.com"]),
            false,
            "two authors",
        ),
        (facts(&[]), false, "no author"),
        (inbound, false, "inbound"),
        (twice, false, "two From fields"),
        (binary, false, "no lines"),
    ];
    for (facts, expected, reason) in rows {
        let signed = signers.sign(&facts, MESSAGE.as_bytes(), &[]).is_some();
        assert_eq!(signed, expected, "{reason}");
    }
    let no_from = b"Subject: x\r\n\r\nFrom: ann@example.com\r\n";
    assert!(
        signers.sign(&facts(&["ann@example.com"]), no_from, &[]).is_none(),
        "nothing to sign"
    );
}

#[test]
fn a_key_that_cannot_be_used_says_why_and_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let ecdsa = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let missing = DkimKey {
        domain: "example.org".parse().expect("a domain"),
        selector: "s".to_owned(),
        key: directory.path().join("missing.pem"),
    };
    let keys = [
        configured(directory.path(), ("example.com", "ec"), &ecdsa.serialize_pem()),
        configured(directory.path(), ("example.com", "text"), "no key at all\n"),
        missing,
        configured(directory.path(), ("example.com", "short"), SHORT_KEY),
        configured(
            directory.path(),
            ("example.com", "good"),
            &ed25519().serialize_pem(),
        ),
    ];
    let Err(errors) = Signers::load(&keys) else {
        panic!("four of them are no good")
    };
    let expected = [
        "neither RSA nor Ed25519",
        "cannot be read",
        "missing.pem",
        "needs 2,048 bits",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.contains(expected) && error.contains("; "), "{error}");
    }
}

/// PKCS#1 is what PKCS#8 has behind 26 octets that name the algorithm, in a key of 2,048 bits.
#[test]
fn an_rsa_key_may_come_in_either_form() {
    let pkcs8 = rsa().serialize_der();
    let pkcs1 = PrivateKeyDer::Pkcs1(pkcs8[26..].to_vec().into());
    assert!(of_der(&PrivateKeyDer::Pkcs8(pkcs8.into())).is_ok(), "PKCS#8");
    assert!(of_der(&pkcs1).is_ok(), "PKCS#1");
}
