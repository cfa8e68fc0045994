//! Links: their target, the host in it, and the text they are shown under. RFC 3986 §3.2.
//!
//! It may not know which hosts are suspicious.

use postern_vocab::limits;

/// One link.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Link {
    /// The target as written, cut.
    pub(crate) target: String,
    /// The host a browser would go to, in lower case; empty if there is none.
    pub(crate) host: String,
    /// Whether something stands before the host as if it were one: `http://bank.example@evil.example`.
    pub(crate) has_userinfo: bool,
    /// The text it is shown under; empty where the target is the text.
    pub(crate) shown: String,
}

impl Link {
    /// A link to `target`, shown as `shown`.
    pub(crate) fn new(target: &str, shown: &str) -> Self {
        let target = target.trim();
        let (host, has_userinfo) = host_of(target);
        let target = target.chars().take(limits::FINDING_DETAIL_CHARS_MAX).collect();
        Self {
            target,
            host,
            has_userinfo,
            shown: shown.to_owned(),
        }
    }
}

/// The host of a target and whether user information stands before it. A browser reads `\` as `/` and takes the last
/// `@`.
fn host_of(target: &str) -> (String, bool) {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let after = ["https://", "http://", "https:/", "http:/", "//"]
        .iter()
        .find(|scheme| lower.starts_with(**scheme));
    let Some(scheme) = after else {
        return (String::new(), false);
    };
    let rest = target[scheme.len()..].trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let (userinfo, host) = authority
        .rsplit_once('@')
        .map_or((false, authority), |(_, host)| (true, host));
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host: String = host
        .trim_end_matches('.')
        .chars()
        .take(limits::DOMAIN_OCTETS_MAX)
        .collect();
    (host.to_lowercase(), userinfo)
}

/// The links that stand in plain text. What was read as one target is not read again, so that a text made of nothing
/// but schemes takes no longer than another.
pub(crate) fn in_text(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let bytes = text.as_bytes();
    let mut read_to = 0;
    for at in memchr::memmem::find_iter(bytes, b"://") {
        let scheme = bytes[read_to.min(at)..at]
            .iter()
            .rev()
            .take(5)
            .take_while(|c| c.is_ascii_alphabetic())
            .count();
        let from = at - scheme;
        if at < read_to || links.len() >= limits::LINKS_MAX {
            continue;
        }
        let rest = &text[from..];
        let ended = rest
            .char_indices()
            .take(LINK_CHARS_MAX)
            .find(|(_, c)| ends_target(*c))
            .map(|(end, _)| end);
        let end = ended.unwrap_or_else(|| rest.floor_char_boundary(LINK_CHARS_MAX));
        read_to = from + end;
        let link = Link::new(rest[..end].trim_end_matches(['.', ',', ';']), "");
        if !link.host.is_empty() {
            links.push(link);
        }
    }
    links
}

/// What is read of one target in plain text.
const LINK_CHARS_MAX: usize = 2_048;

fn ends_target(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'' | ')' | ']' | '|')
}

/// The part of a host that one owner has, guessed without a list: two labels, or three where the second from the end
/// is a short one such as `co.uk`.
pub(crate) fn owner_part(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else {
        return host;
    };
    let short = last - second <= 4 && host.len() - last <= 3;
    match (short, dots.next()) {
        (true, Some(third)) => &host[third + 1..],
        (true, None) => host,
        (false, _) => &host[second + 1..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_where_a_browser_goes() {
        let rows = [
            ("http://Example.COM/path", "example.com", false),
            ("https://a.example.com:8443?x", "a.example.com", false),
            ("https://bank.example@evil.example/", "evil.example", true),
            ("https:\\\\evil.example\\x", "", false),
            ("https:/\\evil.example\\x", "evil.example", false),
            ("http://[2001:db8::1]/", "2001:db8::1", false),
            ("//example.com", "example.com", false),
            ("mailto:a@example.com", "", false),
            ("h\u{e9}ttp://x", "", false),
            ("", "", false),
        ];
        for (target, host, userinfo) in rows {
            assert_eq!(host_of(target), (host.to_owned(), userinfo), "{target}");
        }
    }

    #[test]
    fn plain_text_has_links_too() {
        let links = in_text("See http://example.com/a. Or <https://example.org/b>, ftp://x and ://.");
        let targets: Vec<&str> = links.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["http://example.com/a", "https://example.org/b"]);
    }

    #[test]
    fn the_owner_of_a_host() {
        let rows = [
            ("www.example.com", "example.com"),
            ("example.com", "example.com"),
            ("a.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("localhost", "localhost"),
        ];
        for (host, owner) in rows {
            assert_eq!(owner_part(host), owner);
        }
    }
}
