//! Tables of addresses that are read from top to bottom: sender exceptions, permitted and blocked senders, recipients.
//! A row is kept under its pattern's text, so that a look-up asks for the few patterns that an address falls under, and
//! a table of a hundred thousand rows answers like one of ten.

use crate::parents::parents;
use postern_vocab::{Address, Domain};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Which addresses a row is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AddressPattern {
    /// `user@domain`, `user@[ip]`: one address, folded.
    Address(String),
    /// `user@`: this local part in every domain; folded.
    User(String),
    /// `domain`, `@domain`, `*@domain`, `[ip]`: every address of exactly this domain.
    Domain(Domain),
    /// `.domain`, `@.domain`: every address of every domain below this one, not of itself.
    Below(Domain),
}

impl FromStr for AddressPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refuse = |why: &dyn fmt::Display| {
            format!(
                "\"{text}\" is none: {why}; there are user@example.org, user@, example.org, .example.org for all below \
                 it, user@[192.0.2.1] and [192.0.2.1]"
            )
        };
        let domain = text
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('@'))
            .unwrap_or(text);
        let domain = domain.strip_prefix('@').unwrap_or(domain);
        if let Some(parent) = domain.strip_prefix('.') {
            return match parent.parse::<Domain>() {
                Ok(parent) if parent.literal().is_none() => Ok(Self::Below(parent)),
                _ => Err(refuse(&"there is no domain behind the dot")),
            };
        }
        if text.ends_with('@') {
            return format!("{text}{ANYWHERE}")
                .parse::<Address>()
                .map(|address| Self::User(local_of(&address.folded()).to_owned()))
                .map_err(|why| refuse(&why));
        }
        if domain.contains('@') {
            let address = domain.parse::<Address>();
            return address
                .map(|address| Self::Address(address.folded()))
                .map_err(|why| refuse(&why));
        }
        domain.parse().map(Self::Domain).map_err(|why| refuse(&why))
    }
}

/// Makes an address of a local part, so that it can be read.
const ANYWHERE: &str = "x.invalid";

/// The part before the last `@`.
fn local_of(folded: &str) -> &str {
    folded.rsplit_once('@').map_or("", |(local, _)| local)
}

/// As rows are kept: `user@domain`, `user@`, `domain`, `.domain`.
impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::User(local) => write!(f, "{local}@"),
            Self::Domain(domain) => domain.fmt(f),
            Self::Below(parent) => write!(f, ".{parent}"),
        }
    }
}

/// A table of rows, each with its pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstMatch<T> {
    rows: HashMap<String, (usize, T)>,
}

impl<T> Default for FirstMatch<T> {
    fn default() -> Self {
        Self { rows: HashMap::new() }
    }
}

/// Of two rows with one pattern the first counts.
impl<T> FromIterator<(AddressPattern, T)> for FirstMatch<T> {
    fn from_iter<I: IntoIterator<Item = (AddressPattern, T)>>(rows: I) -> Self {
        let mut table = Self::default();
        for (at, (pattern, row)) in rows.into_iter().enumerate() {
            table.rows.entry(pattern.to_string()).or_insert((at, row));
        }
        table
    }
}

impl<T> FirstMatch<T> {
    /// The first row that fits, and its pattern.
    #[must_use]
    pub fn find(&self, address: &Address) -> Option<(&str, &T)> {
        self.all(&[address]).into_iter().next()
    }

    /// Every row that fits one of these addresses, in the order of the table.
    #[must_use]
    pub fn all(&self, addresses: &[&Address]) -> Vec<(&str, &T)> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(usize, &str, &T)> = Vec::new();
        for address in addresses {
            let folded = address.folded();
            let user = folded.rfind('@').map_or("", |at| &folded[..=at]);
            let domain = address.domain().as_str();
            let patterns = [folded.as_str(), user, domain].into_iter().chain(parents(domain));
            found.extend(patterns.filter_map(|pattern| {
                let (pattern, (at, row)) = self.rows.get_key_value(pattern)?;
                Some((*at, pattern.as_str(), row))
            }));
        }
        found.sort_unstable_by_key(|(at, ..)| *at);
        found
            .into_iter()
            .map(|(_, pattern, row)| (pattern, row))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_in_every_form_and_print_in_one() {
        let rows = [
            ("Bob@Example.org", "bob@example.org", "one address, folded"),
            (
                "\"bob\"@example.org",
                "bob@example.org",
                "quotes that are not needed",
            ),
            ("bob@[192.0.2.1]", "bob@[192.0.2.1]", "at an address literal"),
            ("[192.0.2.1]", "[192.0.2.1]", "all of a literal"),
            ("Bob@", "bob@", "in every domain"),
            ("\"a@b\"@", "\"a@b\"@", "quoted, in every domain"),
            ("@Example.org", "example.org", "a domain"),
            ("example.org.", "example.org", "a domain, bare"),
            ("@.example.org", ".example.org", "below it"),
            (".example.org", ".example.org", "below it, bare"),
            ("", "!", "nothing"),
            ("@", "!", "nothing on both sides"),
            (".", "!", "no domain behind the dot"),
            ("*@example.org", "example.org", "as others write a domain"),
            ("*.example.org", "!", "a star is no domain"),
            ("a b@example.org", "!", "a space"),
            ("bob@.example.org", "!", "one user below a domain"),
            (".[192.0.2.1]", "!", "below an address"),
        ];
        for (written, expected, reason) in rows {
            let shown = written.parse::<AddressPattern>().map_or_else(
                |why| {
                    assert!(why.contains("user@example.org"), "the remedy is named: {why}");
                    "!".to_owned()
                },
                |pattern| pattern.to_string(),
            );
            assert_eq!(shown, expected, "{written}: {reason}");
        }
    }

    #[test]
    fn the_first_row_that_fits_wins_however_close_another_fits() {
        let rows = [
            "postmaster@",
            ".example.org",
            "bob@a.example.org",
            "a.example.org",
            "bob@",
            "a.example.org",
        ];
        let table: FirstMatch<usize> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| (row.parse().expect("valid"), at))
            .collect();
        let rows = [
            ("PostMaster@a.example.org", Some(0)),
            ("bob@a.example.org", Some(1)),
            ("bob@example.org", Some(4)),
            ("x@a.example.org", Some(1)),
            ("x@example.org", None),
            ("x@badexample.org", None),
            ("x@[192.0.2.1]", None),
        ];
        for (address, expected) in rows {
            let found = table.find(&address.parse().expect("valid"));
            assert_eq!(found.map(|(_, row)| *row), expected, "{address}");
        }
        let all = table.all(&[&"bob@a.example.org".parse().expect("valid")]);
        let patterns: Vec<&str> = all.iter().map(|(pattern, _)| *pattern).collect();
        assert_eq!(
            patterns,
            [".example.org", "bob@a.example.org", "a.example.org", "bob@"]
        );
    }
}
