//! Addresses and domains from arbitrary texts. `core/policy/tests/replays.rs` includes this file.

use postern_vocab::{Address, Domain, limits};

/// What parses is written as it parses again, within the limits, and nothing in it could end a line or a path early.
pub fn run(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    if let Ok(domain) = text.parse::<Domain>() {
        let shown = domain.to_string();
        assert_eq!(shown.parse(), Ok(domain.clone()), "{text:?}");
        assert!(
            shown.is_ascii() && !shown.contains([' ', '<', '>', '@', '"']),
            "{shown:?}"
        );
        assert!(!shown.bytes().any(|octet| octet.is_ascii_control()));
        assert_eq!(domain.literal().is_some(), shown.starts_with('['), "{shown}");
        assert!(shown.len() <= limits::DOMAIN_OCTETS_MAX);
    }
    if let Ok(address) = text.parse::<Address>() {
        let shown = address.to_string();
        assert_eq!(shown.parse(), Ok(address.clone()), "{text:?}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(address.local().len() <= limits::LOCAL_PART_OCTETS_MAX);
        let folded = address.folded();
        // Lower case may be longer in UTF-8, over the limit of a local part.
        if let Ok(again) = folded.parse::<Address>() {
            assert_eq!(again.folded(), folded, "{text:?}");
            assert_eq!(again.domain(), address.domain());
        } else {
            let local = folded.len() - address.domain().as_str().len() - 1;
            assert!(
                local > limits::LOCAL_PART_OCTETS_MAX,
                "{text:?} folds to {folded:?}"
            );
        }
    }
}

/// Addresses of every form.
pub fn seeds() -> Vec<Vec<u8>> {
    const TEXTS: [&str; 20] = [
        "alice@example.com",
        "Alice.Smith+tag@Example.COM.",
        "\"alice\"@example.com",
        "\"a b\\\"c\\\\\"@example.com",
        "\"a@b\"@example.com",
        "\"\"@example.com",
        "\"\\a\"@example.com",
        "user%host@example.com",
        "a!b@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a@[ipv6:::FFFF:192.0.2.1]",
        "[192.0.2.1]",
        "[IPv6:::1]",
        "example.com",
        "_dmarc.example.com",
        "j\u{f6}rg@b\u{fc}cher.example",
        "b\u{fc}cher.example",
        "xn--bcher-kva.example",
        "\u{130}@\u{df}.example",
        "\"\u{130}\\ \"@example.com",
    ];
    TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect()
}
