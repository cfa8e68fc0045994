//! What stands between the angle brackets of MAIL and RCPT, and what follows them. RFC 5321 §4.1.2 (Path), appendix C
//! (source routes).

use postern_vocab::Domain;

/// An argument of MAIL or RCPT, taken apart.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Path<'a> {
    /// Between the brackets, without a source route.
    pub(super) mailbox: &'a str,
    /// After them, without the space in front.
    pub(super) parameters: &'a str,
}

/// Takes `FROM:<...> parameters` apart, where `keyword` is `FROM:` or `TO:`. Spaces before the bracket are taken (it
/// bends RFC 5321 §3.3: Microsoft's clients send them); a missing bracket is not.
pub(super) fn parse<'a>(argument: &'a str, keyword: &str) -> Option<Path<'a>> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let inside = rest.trim_start_matches(' ').strip_prefix('<')?;
    let end = closing_bracket(inside)?;
    let parameters = &inside[end + 1..];
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return None;
    }
    Some(Path {
        mailbox: without_route(&inside[..end])?,
        parameters: parameters.trim_matches(' '),
    })
}

/// The first `>` outside a quoted string.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// `@a,@b:user@example.com` is `user@example.com`: source routes are understood and ignored (RFC 5321 §4.1.1.3).
fn without_route(mailbox: &str) -> Option<&str> {
    if !mailbox.starts_with('@') {
        return Some(mailbox);
    }
    let (route, rest) = mailbox.split_once(':')?;
    let is_hop = |hop: &str| {
        hop.strip_prefix('@')
            .is_some_and(|name| name.parse::<Domain>().is_ok())
    };
    route.split(',').all(is_hop).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_path_apart() {
        let rows = [
            ("FROM:<a@example.com>", Some(("a@example.com", "")), "plain"),
            (
                "from: <a@example.com> SIZE=1  ",
                Some(("a@example.com", "SIZE=1")),
                "space before, parameter after",
            ),
            ("FROM:<>", Some(("", "")), "null path"),
            (
                "FROM:<\"a>b\"@example.com>",
                Some(("\"a>b\"@example.com", "")),
                "a bracket in quotes",
            ),
            (
                "FROM:<@x.example,@y.example:a@example.com>",
                Some(("a@example.com", "")),
                "source route",
            ),
            ("FROM:<@-:a@example.com>", None, "a source route that is none"),
            ("FROM:<@x.example>", None, "a route to nowhere"),
            ("FROM:a@example.com", None, "no brackets"),
            ("FROM:<a@example.com", None, "no end"),
            ("FROM:<a@example.com>SIZE=1", None, "no space"),
            ("TO:<a@example.com>", None, "the other keyword"),
            ("FR", None, "cut off"),
        ];
        for (argument, expected, reason) in rows {
            let expected = expected.map(|(mailbox, parameters)| Path { mailbox, parameters });
            assert_eq!(parse(argument, "FROM:"), expected, "{argument}: {reason}");
        }
    }
}
