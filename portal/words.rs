//! Words for pages: counts, sizes, rules and actions as a person says them, and texts from strangers made fit to show.

use postern_quarantine_api::{HeldAction, HeldStatus};
use postern_vocab::text::one_line;

/// `1 message`, `5 messages`.
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `812 B`, `14 KB`, `2.4 MB`: powers of 1,000, as mail programs show them.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = bytes / (unit / 10);
            return if tenths < 100 {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            } else {
                format!("{} {name}", tenths / 10)
            };
        }
    }
    format!("{bytes} B")
}

/// A rule's stable name as words: `SUBJECT_ALL_CAPS` is `Subject all caps`.
pub fn rule(name: &str) -> String {
    let spaced: String = one_line(name, 200)
        .chars()
        .map(|c| if c == '_' { ' ' } else { c })
        .collect();
    let is_symbol = !spaced.chars().any(char::is_lowercase);
    let spaced = if is_symbol { spaced.to_lowercase() } else { spaced };
    let mut chars = spaced.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// What a rule's points do to the spam score.
pub fn points(points: i32) -> String {
    match points {
        0 => "no points".to_owned(),
        1.. => format!("+{points}"),
        _ => format!("\u{2212}{}", points.unsigned_abs()),
    }
}

/// What a button for the action says.
pub fn action(action: HeldAction) -> &'static str {
    match action {
        HeldAction::Release => "Release",
        HeldAction::ReleaseAndSafelist => "Release and always allow",
        HeldAction::Delete => "Delete",
        HeldAction::DeleteAndBlocklist => "Delete and block",
    }
}

/// How a button for the action looks.
pub fn action_class(action: HeldAction) -> &'static str {
    match action {
        HeldAction::Release => "primary",
        HeldAction::ReleaseAndSafelist => "plain",
        HeldAction::Delete | HeldAction::DeleteAndBlocklist => "danger",
    }
}

/// A held message's status.
pub fn status(status: HeldStatus) -> &'static str {
    match status {
        HeldStatus::Held => "held",
        HeldStatus::Released => "released",
        HeldStatus::Deleted => "deleted",
        HeldStatus::Expired => "expired",
    }
}

/// A subject for a page: one line, and words for none.
pub fn subject(text: &str) -> String {
    let line = one_line(text, 300);
    if line.trim().is_empty() {
        "(no subject)".to_owned()
    } else {
        line
    }
}

/// What to say when a display name carries an address that is not the sender's: the oldest trick there is.
pub fn name_warning(name: &str, address: &str) -> Option<String> {
    let other = name
        .split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .find(|word| looks_like_address(word) && !word.eq_ignore_ascii_case(address))?;
    Some(format!(
        "The name shows another address ({}) than the one this came from.",
        one_line(other, 100)
    ))
}

fn looks_like_address(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.starts_with('.'))
}

/// For the value of a query parameter or one step of a path: all but the unreserved characters of RFC 3986 §2.3 as
/// `%HH`.
pub fn query_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_as_people_say_them() {
        let rows = [
            (0, "0 B"),
            (812, "812 B"),
            (1_000, "1.0 KB"),
            (14_300, "14 KB"),
            (2_449_999, "2.4 MB"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(counted(1, "message"), "1 message");
        assert_eq!(counted(0, "message"), "0 messages");
        assert_eq!(rule("SUBJECT_ALL_CAPS"), "Subject all caps");
        assert_eq!(rule("antispam threshold"), "Antispam threshold");
        assert_eq!(points(-3), "\u{2212}3");
    }

    #[test]
    fn a_name_with_another_address_is_called_out() {
        let rows = [
            ("boss@example.com", "x@evil.example", true, "bare"),
            (
                "\"Boss <boss@example.com>\"",
                "x@evil.example",
                true,
                "in brackets",
            ),
            ("Bob", "bob@example.com", false, "a name"),
            ("Bob@Example.com", "bob@example.com", false, "the same address"),
            ("me @ work", "bob@example.com", false, "no address"),
        ];
        for (name, address, expected, reason) in rows {
            assert_eq!(name_warning(name, address).is_some(), expected, "{reason}");
        }
    }

    #[test]
    fn what_goes_into_a_query_stays_one_value() {
        assert_eq!(query_escaped("a b&c=/\u{e9}"), "a%20b%26c%3D%2F%C3%A9");
    }
}
