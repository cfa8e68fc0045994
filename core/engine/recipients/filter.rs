//! What the directory is searched for: the configured filter with the recipient in it. RFC 4515 §3 (escaping).

use ldap3::ldap_escape;
use postern_vocab::Address;

/// The filter for one recipient, in its folded form. Every value is escaped, and what stands in it is not looked at
/// again: `{domain}@example.com` is a valid address.
pub(super) fn filter_for(template: &str, address: &Address) -> String {
    let folded = address.folded();
    let (local, domain) = folded.rsplit_once('@').unwrap_or((&folded, ""));
    let values = [
        ("{address}", folded.as_str()),
        ("{local}", local),
        ("{domain}", domain),
    ];
    let (mut filter, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('{') {
        filter.push_str(&rest[..at]);
        rest = &rest[at..];
        let value = values.iter().find(|(name, _)| rest.starts_with(name));
        let (name, value) = value.copied().unwrap_or(("{", "{"));
        filter.push_str(&ldap_escape(value));
        rest = &rest[name.len()..];
    }
    filter.push_str(rest);
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_only_ever_a_value() {
        let rows = [
            (
                "(mail={address})",
                "Alice@Example.com",
                "(mail=alice@example.com)",
                "folded",
            ),
            (
                "(|(mail={address})(proxyAddresses=smtp:{address}))",
                "a@example.com",
                "(|(mail=a@example.com)(proxyAddresses=smtp:a@example.com))",
                "twice",
            ),
            (
                "(&(uid={local})(o={domain}))",
                "bob@example.com",
                "(&(uid=bob)(o=example.com))",
                "its parts",
            ),
            (
                "(mail={address})",
                "*@example.com",
                r"(mail=\2a@example.com)",
                "no star",
            ),
            (
                "(mail={address})",
                r#""*)(mail=*"@example.com"#,
                r#"(mail="\2a\29\28mail=\2a"@example.com)"#,
                "no parentheses",
            ),
            (
                "(mail={address})",
                r#""a\\b"@example.com"#,
                r#"(mail="a\5c\5cb"@example.com)"#,
                "no backslashes",
            ),
            (
                "(mail={address})",
                "{domain}@example.com",
                "(mail={domain}@example.com)",
                "what is filled in is not looked at again",
            ),
            (
                "(x={other})",
                "a@example.com",
                "(x={other})",
                "another name stays",
            ),
            ("(mail=x)", "a@example.com", "(mail=x)", "nothing to fill in"),
        ];
        for (template, address, expected, reason) in rows {
            let address = address.parse().expect("a valid address");
            assert_eq!(filter_for(template, &address), expected, "{reason}");
        }
    }
}
