//! Where mail for a domain goes. The most specific entry wins: the domain itself, then the nearest `.parent`, then
//! `*`; without any of them the domain's own MX records are asked (RFC 5321 §5.1). Not recursive: a hop that is found
//! is not looked up as a route again.

use crate::hop::Hop;
use crate::parents::parents;
use postern_vocab::Domain;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// All routes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Routes {
    /// Keyed by the pattern's text.
    hops: HashMap<String, Hop>,
}

/// What is known about the way to a domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route<'a> {
    /// To this machine, whatever the DNS says.
    Hop(&'a Hop),
    /// Ask the domain's MX records.
    Mx,
}

/// Which domains a route is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoutePattern {
    /// `*`: all that no other route is for.
    All,
    /// `example.org`: exactly this domain.
    Domain(Domain),
    /// `.example.org`: every domain below this one.
    Subdomains(Domain),
}

impl Routes {
    /// The routes, each pattern once: of two entries with one pattern the later counts.
    pub fn new(entries: impl IntoIterator<Item = (RoutePattern, Hop)>) -> Self {
        Self {
            hops: entries
                .into_iter()
                .map(|(pattern, hop)| (pattern.to_string(), hop))
                .collect(),
        }
    }

    /// The way to a domain.
    #[must_use]
    pub fn find(&self, domain: &Domain) -> Route<'_> {
        let name = domain.as_str();
        let mut nearest_first = std::iter::once(name)
            .chain(parents(name))
            .chain(std::iter::once("*"));
        nearest_first
            .find_map(|pattern| self.hops.get(pattern))
            .map_or(Route::Mx, Route::Hop)
    }
}

impl FromStr for RoutePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |_| format!("\"{text}\" is none of them");
        match text.strip_prefix('.') {
            _ if text == "*" => Ok(Self::All),
            Some(parent) => parent.parse().map(Self::Subdomains).map_err(refuse),
            None => text.parse().map(Self::Domain).map_err(refuse),
        }
    }
}

impl fmt::Display for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Domain(domain) => domain.fmt(f),
            Self::Subdomains(domain) => write!(f, ".{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(entries: &[(&str, &str)]) -> Routes {
        Routes::new(entries.iter().map(|(pattern, hop)| {
            (
                pattern.parse().expect("a valid pattern"),
                hop.parse().expect("a valid hop"),
            )
        }))
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes(&[
            ("*", "smart.example.net"),
            (".example.org", "below.example.net"),
            (".b.example.org", "lower.example.net"),
            ("example.org", "exact.example.net"),
            ("x.b.example.org", "leaf.example.net"),
        ]);
        let rows = [
            ("example.org", "exact.example.net:25", "the domain itself"),
            ("EXAMPLE.org.", "exact.example.net:25", "domains fold"),
            ("a.example.org", "below.example.net:25", "below"),
            ("b.example.org", "below.example.net:25", ".b is not b"),
            ("y.b.example.org", "lower.example.net:25", "the nearer parent"),
            ("x.b.example.org", "leaf.example.net:25", "exact beats below"),
            ("badexample.org", "smart.example.net:25", "not a subdomain"),
            (
                "[192.0.2.1]",
                "smart.example.net:25",
                "a literal is below nothing",
            ),
        ];
        for (domain, expected, reason) in rows {
            let domain: Domain = domain.parse().expect("a valid domain");
            match routes.find(&domain) {
                Route::Hop(hop) => assert_eq!(hop.to_string(), expected, "{domain}: {reason}"),
                Route::Mx => panic!("{domain}: {reason}: no route"),
            }
        }
    }

    #[test]
    fn without_a_route_the_dns_is_asked() {
        let routes = routes(&[(".example.org", "192.0.2.1")]);
        assert_eq!(routes.find(&"example.org".parse().expect("valid")), Route::Mx);
        assert_eq!(
            Routes::default().find(&"example.com".parse().expect("valid")),
            Route::Mx
        );
    }

    #[test]
    fn patterns_are_star_domain_or_dot_domain() {
        for right in ["*", "example.org", ".example.org"] {
            assert_eq!(right.parse::<RoutePattern>().expect(right).to_string(), right);
        }
        for wrong in ["", ".", "*.example.org", "a b", "user@example.org"] {
            assert!(wrong.parse::<RoutePattern>().is_err(), "{wrong}");
        }
    }
}
