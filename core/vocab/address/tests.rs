//! What is an address, what is not, and which are the same.

use super::*;
use proptest::prelude::*;

/// A text, the address as it is kept, and why.
type Row<'a> = (&'a str, Result<&'a str, AddressError>, &'a str);

fn check(rows: &[Row<'_>]) {
    for (text, expected, reason) in rows {
        let got = text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(got, expected.map(str::to_owned), "{text}: {reason}");
    }
}

#[test]
fn takes_what_rfc_5321_allows_and_nothing_else() {
    let rows = [
        ("alice@example.com", Ok("alice@example.com"), "plain"),
        (
            "Alice@EXAMPLE.com",
            Ok("Alice@example.com"),
            "only the domain folds",
        ),
        (
            "alice@example.com.",
            Err(AddressError::Domain),
            "a mailbox does not end in a dot",
        ),
        ("\"a b\"@example.com", Ok("\"a b\"@example.com"), "quoted string"),
        (
            "\"a@b\"@example.com",
            Ok("\"a@b\"@example.com"),
            "an @ inside quotes",
        ),
        ("u@[192.0.2.1]", Ok("u@[192.0.2.1]"), "IPv4 literal"),
        ("u@[ipv6:2001:DB8::1]", Ok("u@[IPv6:2001:db8::1]"), "IPv6 literal"),
        ("a.b+tag@example.com", Ok("a.b+tag@example.com"), "dots and tags"),
        ("alice", Err(AddressError::NoDomain), "no domain"),
        ("@example.com", Err(AddressError::LocalPart), "empty local part"),
        ("a..b@example.com", Err(AddressError::LocalPart), "empty atom"),
        (".a@example.com", Err(AddressError::LocalPart), "leading dot"),
        ("a b@example.com", Err(AddressError::LocalPart), "space unquoted"),
        (
            "\"a\"b@example.com",
            Err(AddressError::LocalPart),
            "text after the quotes",
        ),
        ("a@-x.com", Err(AddressError::Domain), "leading hyphen"),
        ("a@x..com", Err(AddressError::Domain), "empty label"),
        ("a@b@example.com", Err(AddressError::Domain), "two at signs"),
        ("u@[300.1.1.1]", Err(AddressError::Domain), "not an address"),
    ];
    check(&rows);
}

#[test]
fn address_literals_are_those_of_rfc_5321() {
    let rows = [
        (
            "u@[IPv6:::ffff:192.0.2.1]",
            Ok("u@[IPv6:::ffff:192.0.2.1]"),
            "IPv4 inside IPv6",
        ),
        (
            "u@[IPv6:1:2:3:4:5:6::]",
            Ok("u@[IPv6:1:2:3:4:5:6::]"),
            ":: for two groups",
        ),
        (
            "u@[IPv6:1:2:3:4:5:6:7::]",
            Ok("u@[IPv6:1:2:3:4:5:6:7:0]"),
            ":: for one group",
        ),
        (
            "u@[IPv6:1::2:3:4:5:192.0.2.1]",
            Ok("u@[IPv6:1:0:2:3:4:5:c000:201]"),
            ":: for one group before IPv4",
        ),
        (
            "u@[2001:db8::1]",
            Err(AddressError::Domain),
            "IPv6 without its tag",
        ),
        (
            "\"a\\\"b\"@example.com",
            Ok("\"a\\\"b\"@example.com"),
            "a quoted quote",
        ),
    ];
    check(&rows);
}

#[test]
fn takes_the_utf8_of_rfc_6531() {
    let rows = [
        (
            "j\u{f6}rg@example.com",
            Ok("j\u{f6}rg@example.com"),
            "UTF-8 stays in the local part",
        ),
        (
            "\"j\u{f6} rg\"@example.com",
            Ok("\"j\u{f6} rg\"@example.com"),
            "and in quotes",
        ),
        (
            "a@B\u{fc}cher.example",
            Ok("a@xn--bcher-kva.example"),
            "a U-label becomes an A-label",
        ),
        (
            "a@stra\u{df}e.example",
            Ok("a@xn--strae-oqa.example"),
            "not transitional: sharp s stays",
        ),
        (
            "a@XN--BCHER-KVA.example",
            Ok("a@xn--bcher-kva.example"),
            "an A-label in lower case",
        ),
        (
            "a@xn--a.example",
            Ok("a@xn--a.example"),
            "an A-label that means nothing is LDH",
        ),
        ("a@b\u{200e}.example", Err(AddressError::Domain), "no U-label"),
        (
            "a@b\u{fc}_r.example",
            Err(AddressError::Domain),
            "no underscore beside a U-label",
        ),
        (
            "a\u{85}@example.com",
            Err(AddressError::LocalPart),
            "a control character",
        ),
        (
            "a\u{fffd}@example.com",
            Err(AddressError::LocalPart),
            "a replacement character",
        ),
        (
            "\"a\\\u{f6}\"@example.com",
            Err(AddressError::LocalPart),
            "only ASCII is escaped",
        ),
    ];
    check(&rows);
}

#[test]
fn two_spellings_of_one_mailbox_fold_together() {
    let folded = |text: &str| text.parse::<Address>().expect("valid").folded();
    assert_eq!(folded("\"Alice\"@Example.com"), folded("alice@example.com"));
    assert_ne!(folded("\"a b\"@example.com"), folded("ab@example.com"));
    assert_eq!(folded("\"\\a\\l\\ice\"@example.com"), "alice@example.com");
    assert_eq!(
        folded("\"a\\ \\\"b\"@example.com"),
        folded("\"a \\\"b\"@example.com")
    );
    assert_eq!(
        folded("J\u{d6}RG@B\u{dc}CHER.example"),
        "j\u{f6}rg@xn--bcher-kva.example"
    );
}

#[test]
fn lengths_are_those_of_rfc_5321() {
    let longest = format!(
        "{}@{}.{}.{}.{}",
        "l".repeat(64),
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(63)
    );
    assert!(longest.parse::<Address>().is_ok(), "64 and 255 octets");
    let rows = [
        (format!("l{longest}"), AddressError::LocalPart),
        (format!("{longest}.e"), AddressError::Domain),
        (format!("a@{}.example", "a".repeat(64)), AddressError::Domain),
        (
            format!("{}@example.com", "\u{f6}".repeat(33)),
            AddressError::LocalPart,
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(text.parse::<Address>(), Err(expected), "{text}");
    }
}

#[test]
fn what_a_hop_without_smtputf8_can_take() {
    let ascii = |text: &str| text.parse::<Address>().expect("valid").is_ascii();
    assert!(ascii("a@b\u{fc}cher.example"), "the domain is in A-labels");
    assert!(!ascii("j\u{f6}rg@example.com"));
}

#[test]
fn a_qualified_name_has_a_dot_or_is_a_literal() {
    let qualified = |text: &str| text.parse::<Domain>().expect("valid").is_qualified();
    assert!(qualified("example.com") && qualified("[192.0.2.1]"));
    assert!(!qualified("localhost") && !qualified("localhost."));
}

#[test]
fn below_means_strictly_below() {
    let domain = |text: &str| text.parse::<Domain>().expect("valid");
    assert!(domain("mx.example.com").is_below(&domain("example.com")));
    assert!(!domain("example.com").is_below(&domain("example.com")));
    assert!(!domain("badexample.com").is_below(&domain("example.com")));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    /// What is taken is kept: it reads back as itself, and its folded form is one form.
    #[test]
    fn an_address_reads_back_as_itself(
        local in "\"?[aB.\\\\\" @\u{f6}\u{130}-]{1,6}\"?",
        domain in "[aB.\u{fc}\u{df}\u{ff21}_-]{1,8}",
    ) {
        if let Ok(address) = format!("{local}@{domain}").parse::<Address>() {
            prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address.clone()));
            prop_assert!(address.domain().as_str().is_ascii());
            prop_assert_eq!(address.is_ascii(), address.to_string().is_ascii());
            let folded = address.folded();
            prop_assert_eq!(folded.parse::<Address>().map(|again| again.folded()), Ok(folded.clone()));
        }
    }

    #[test]
    fn any_text_is_an_address_or_not(text in "\\PC{0,40}") {
        if let Ok(address) = text.parse::<Address>() {
            prop_assert!(address.local().len() <= limits::LOCAL_PART_OCTETS_MAX);
            prop_assert!(address.domain().as_str().len() <= limits::DOMAIN_OCTETS_MAX);
        }
    }
}
