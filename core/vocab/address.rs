//! Mail addresses as the envelope carries them. RFC 5321 §4.1.2 (Mailbox, Local-part, Domain, address-literal), §4.5.3.1
//! (lengths), §2.4 (local parts keep their case, domains do not); RFC 6531 §3.3 (UTF-8 in both), RFC 5891 (A-labels).
//!
//! The types take UTF-8; whether a conversation may use it is SMTP's to say. A path is not held to 256 octets: a local
//! part of 64 and a domain of 255 are each legal (RFC 5321 §4.5.3.1), and what is longer than both is refused by them.

use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A domain name in lower case and in A-labels (`xn--...`), or an address literal (`[192.0.2.1]`, `[IPv6:2001:db8::1]`) in its canonical form.
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
    /// The name without a trailing dot, in lower case, each label in ASCII.
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

    /// Whether the name can be looked up as it stands: an address literal, or a name of two labels or more. RFC 5321
    /// §2.3.5.
    #[must_use]
    pub fn is_qualified(&self) -> bool {
        self.0.starts_with('[') || self.0.contains('.')
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
        let name = match name.is_ascii() {
            true => name.to_ascii_lowercase(),
            false => in_a_labels(name)?,
        };
        let valid = !name.is_empty()
            && name.len() <= limits::DOMAIN_OCTETS_MAX
            && name.split('.').all(|label| is_label(label.as_bytes()));
        if valid {
            Ok(Self(name))
        } else {
            Err(AddressError::Domain)
        }
    }
}

/// A name with U-labels in its A-labels, so that one domain has one spelling wherever names are compared. RFC 5891 §4.4,
/// by UTS 46 without its transitional mappings. A name that comes in ASCII is not decoded: `xn--` labels that mean
/// nothing are in use, and an LDH label is all that SMTP and DNS ask for.
fn in_a_labels(name: &str) -> Result<String, AddressError> {
    // The mapping may shorten a name, but not from so far.
    if name.len() > 4 * limits::DOMAIN_OCTETS_MAX {
        return Err(AddressError::Domain);
    }
    idna::domain_to_ascii_strict(name).map_err(|_| AddressError::Domain)
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
        // `::` for a single group is taken as well: RFC 4291 §2.2 allows it, and RFC 5321 §4.1.3 is bent.
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

    /// Whether a hop without SMTPUTF8 can take it: the domain always can be written in ASCII, the local part cannot.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }

    /// The form that two spellings of one mailbox share: all lower case, quotes and backslashes that are not needed taken
    /// off (RFC 5321 §4.1.2: they are the same mailbox). Lists, accounts and recipient tables compare by it; mail is always
    /// sent to the address as written.
    #[must_use]
    pub fn folded(&self) -> String {
        format!("{}@{}", plainest(&self.local).to_lowercase(), self.domain)
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
        // A name may end in a dot, a mailbox may not: RFC 5321 §4.1.2.
        if domain.ends_with('.') {
            return Err(AddressError::Domain);
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
        None => is_dot_string(local),
    }
}

fn is_dot_string(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// `qtextSMTP` and `quoted-pairSMTP` of RFC 5321 §4.1.2, the first with the UTF-8 of RFC 6531 §3.3, between the quotes.
fn is_quoted_content(content: &str) -> bool {
    let mut escaped = false;
    for c in content.chars() {
        match c {
            ' '..='~' if escaped => escaped = false,
            _ if escaped => return false,
            '\\' => escaped = true,
            '"' => return false,
            ' '..='~' => {}
            c if is_utf8_text(c) => {}
            _ => return false,
        }
    }
    !escaped
}

/// RFC 5322 §3.2.3, with the UTF-8 of RFC 6531 §3.3.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

/// What of Unicode beyond ASCII an address may hold: no control characters, no line or paragraph separators (it bends
/// RFC 6531 §3.3, which only asks for well-formed UTF-8; RFC 5198 §2 refuses them in network text), and no U+FFFD, which
/// stands for what somebody could not read.
fn is_utf8_text(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffd}')
}

/// The local part with no more quotes and backslashes than it needs.
fn plainest(local: &str) -> String {
    let Some(content) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.to_owned();
    };
    let (mut plain, mut escaped) = (String::with_capacity(content.len()), false);
    for c in content.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            c => {
                plain.push(c);
                escaped = false;
            }
        }
    }
    match is_dot_string(&plain) {
        true => plain,
        false => format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")),
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
mod tests;
