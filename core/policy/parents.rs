//! The `.domain` patterns that a name falls under. Tables are keyed by the pattern's text, so a look-up borrows from
//! the name and allocates nothing.

/// `.b.example.org`, `.example.org`, `.org` for `a.b.example.org`: every domain it is strictly below, nearest first.
/// An address literal is below nothing.
pub(crate) fn parents(domain: &str) -> impl Iterator<Item = &str> {
    let labels = if domain.starts_with('[') { "" } else { domain };
    labels.match_indices('.').map(|(at, _)| &labels[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_nearest_first_and_literals_have_none() {
        let of = |name| parents(name).collect::<Vec<_>>();
        assert_eq!(of("a.b.example.org"), [".b.example.org", ".example.org", ".org"]);
        assert_eq!(of("localhost"), [""; 0]);
        assert_eq!(of("[192.0.2.1]"), [""; 0]);
    }
}
