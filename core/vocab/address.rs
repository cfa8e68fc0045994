//! Mail addresses as the envelope carries them. RFC 5321 §4.1.2 (Mailbox, Local-part, Domain, address-literal), §4.5.3.1
//! (lengths), §2.4 (local parts keep their case, domains do not).

use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A domain name in lower case, or an address literal (`[192.0.2.1]`, `[IPv6:2001:db8::1]`) in its canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// A mailbox: `local@domain`. The local part is kept as it was written, quoted form included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

/// The argument of MAIL FROM: a mailbox, or the null path `<>` of bounces (RFC 5321 §4.5.5).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`: never bounced.
    #[default]
    Null,
    /// Where a bounce would go.
    Mailbox(Address),
}

/// Why a text is not an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressError {
    /// There is no `@` outside a quoted string.
    NoDomain,
    /// The local part is empty, too long, or has a character that RFC 5321 §4.1.2 does not allow there.
    LocalPart,
    /// The domain is empty, too long, or not made of letter-digit-hyphen labels or a valid address literal.
    Domain,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDomain => "the address has no @domain",
            Self::LocalPart => "the part before the @ is not valid",
            Self::Domain => "the part after the @ is not a valid domain or address literal",
        })
    }
}

impl std::error::Error for AddressError {}

impl Domain {
    /// The name without a trailing dot, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address inside an address literal, if this is one.
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        let inner = self.0.strip_prefix('[')?.strip_suffix(']')?;
        inner.strip_prefix("IPv6:").unwrap_or(inner).parse().ok()
    }

    /// Whether this is a strict subdomain of `parent` (`mx.example.com` of `example.com`, never `example.com` itself).
    #[must_use]
    pub fn is_below(&self, parent: &Domain) -> bool {
        self.0
            .strip_suffix(parent.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with('[') {
            return parse_literal(text);
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let valid = !name.is_empty()
            && name.len() <= limits::DOMAIN_OCTETS_MAX
            && name.split('.').all(|label| is_label(label.as_bytes()));
        if valid {
            Ok(Self(name.to_ascii_lowercase()))
        } else {
            Err(AddressError::Domain)
        }
    }
}

/// A label of letters, digits, hyphens; underscores too, since real senders have them and refusing mail for it helps
/// no one (bends RFC 5321 §4.1.2, which takes its letter-digit-hyphen rule from RFC 1035).
fn is_label(label: &[u8]) -> bool {
    let inside = |c: &u8| c.is_ascii_alphanumeric() || *c == b'-' || *c == b'_';
    !label.is_empty()
        && label.len() <= limits::LABEL_OCTETS_MAX
        && label.iter().all(inside)
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

fn parse_literal(text: &str) -> Result<Domain, AddressError> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or(AddressError::Domain)?;
    let tagged = inner
        .get(..5)
        .is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let address: IpAddr = if tagged {
        IpAddr::V6(inner[5..].parse().map_err(|_| AddressError::Domain)?)
    } else {
        IpAddr::V4(inner.parse().map_err(|_| AddressError::Domain)?)
    };
    Ok(Domain(match address {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }))
}

impl Address {
    /// The part before the `@`, as it was written.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form that two spellings of one mailbox share: all lower case, quotes that are not needed taken off. Lists,
    /// accounts and recipient tables compare by it; mail is always sent to the address as written.
    #[must_use]
    pub fn folded(&self) -> String {
        format!(
            "{}@{}",
            unquoted_if_plain(&self.local).to_lowercase(),
            self.domain
        )
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let at = at_sign(text).ok_or(AddressError::NoDomain)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.len() > limits::LOCAL_PART_OCTETS_MAX || !is_local_part(local) {
            return Err(AddressError::LocalPart);
        }
        Ok(Self {
            local: local.to_owned(),
            domain: domain.parse()?,
        })
    }
}

/// The position of the `@` that separates the two parts: the first one outside a quoted string.
fn at_sign(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'@' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_local_part(local: &str) -> bool {
    match local.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(is_quoted_content),
        None => local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext)),
    }
}

/// `qtextSMTP` and `quoted-pairSMTP` of RFC 5321 §4.1.2, between the quotes.
fn is_quoted_content(content: &str) -> bool {
    let mut escaped = false;
    for c in content.bytes() {
        match c {
            32..=126 if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return false,
            32..=126 => {}
            _ => return false,
        }
    }
    !escaped
}

fn is_atext(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c)
}

fn unquoted_if_plain(local: &str) -> &str {
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.starts_with('"') && is_local_part(inner) => inner,
        _ => local,
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Without angle brackets; the null path is the empty text.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Mailbox(address) => address.fmt(f),
        }
    }
}

impl ReversePath {
    /// The mailbox, unless this is the null path.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Mailbox(address) => Some(address),
        }
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_rfc_5321_allows_and_nothing_else() {
        let rows = [
            ("alice@example.com", Ok("alice@example.com"), "plain"),
            (
                "Alice@EXAMPLE.com.",
                Ok("Alice@example.com"),
                "only the domain folds",
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
        for (text, expected, reason) in rows {
            let got = text.parse::<Address>().map(|address| address.to_string());
            assert_eq!(got, expected.map(str::to_owned), "{text}: {reason}");
        }
    }

    #[test]
    fn two_spellings_of_one_mailbox_fold_together() {
        let folded = |text: &str| text.parse::<Address>().expect("valid").folded();
        assert_eq!(folded("\"Alice\"@Example.com"), folded("alice@example.com"));
        assert_ne!(folded("\"a b\"@example.com"), folded("ab@example.com"));
    }

    #[test]
    fn below_means_strictly_below() {
        let domain = |text: &str| text.parse::<Domain>().expect("valid");
        assert!(domain("mx.example.com").is_below(&domain("example.com")));
        assert!(!domain("example.com").is_below(&domain("example.com")));
        assert!(!domain("badexample.com").is_below(&domain("example.com")));
    }
}
