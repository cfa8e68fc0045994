//! HTML as its reader sees it: text, links, and what is kept from the reader's eyes. One pass, no tree, any octets.
//!
//! It may not know which of this is suspicious.

use crate::links::Link;
use postern_vocab::limits;

/// What an HTML part shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Page {
    /// The text a reader sees.
    pub(crate) text: String,
    /// Characters that are there and not shown.
    pub(crate) hidden_chars: usize,
    pub(crate) links: Vec<Link>,
    pub(crate) images: usize,
    pub(crate) forms: usize,
}

struct Reader<'a> {
    source: &'a str,
    page: Page,
    /// The element that hides what is in it, and how deep we are in elements of its name.
    hidden: Option<(String, usize)>,
    /// The link being read: its target and where its text begins.
    link: Option<(String, usize)>,
}

/// Reads `source`.
pub(crate) fn read(source: &str) -> Page {
    let mut reader = Reader {
        source,
        page: Page::default(),
        hidden: None,
        link: None,
    };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &source.as_bytes()[at..]) {
        reader.take_text(&source[at..at + found]);
        at = reader.take_markup(at + found);
    }
    reader.take_text(&source[at..]);
    reader.end_link();
    reader.page
}

impl Reader<'_> {
    fn take_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.hidden.is_some() {
            self.page.hidden_chars += text.chars().filter(|c| c.is_alphanumeric()).count();
        } else {
            push_decoded(&mut self.page.text, text);
        }
    }

    /// Reads what begins with the `<` at `at`; returns where to read on.
    fn take_markup(&mut self, at: usize) -> usize {
        let rest = &self.source[at..];
        if rest.starts_with("<!--") {
            return rest.find("-->").map_or(self.source.len(), |end| at + end + 3);
        }
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if !is_tag {
            self.take_text("<");
            return at + 1;
        }
        let end = tag_end(rest);
        let inside = rest[1..end].trim_end_matches('>');
        let (closing, inside) = inside
            .strip_prefix('/')
            .map_or((false, inside), |inside| (true, inside));
        let name_end = inside
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(inside.len());
        let name = inside[..name_end].to_ascii_lowercase();
        if closing {
            self.close(&name);
        } else {
            self.open(&name, &inside[name_end..]);
        }
        if !closing && matches!(name.as_str(), "script" | "style" | "title" | "template") {
            return at + end + raw_end(&rest[end..], &name);
        }
        at + end
    }

    fn open(&mut self, name: &str, attributes: &str) {
        if is_block(name) && self.hidden.is_none() {
            self.page.text.push('\n');
        }
        match &mut self.hidden {
            Some((hider, depth)) if hider == name => *depth += 1,
            Some(_) => {}
            None if !is_void(name) && hides(attributes) => self.hidden = Some((name.to_owned(), 1)),
            None => {}
        }
        match name {
            "a" | "area" => {
                self.end_link();
                if let Some(href) = attribute(attributes, "href") {
                    self.link = Some((href, self.page.text.len()));
                }
            }
            "img" => self.page.images += 1,
            "form" => self.page.forms += 1,
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if let Some((hider, depth)) = &mut self.hidden
            && hider == name
        {
            *depth -= 1;
            if *depth == 0 {
                self.hidden = None;
            }
        }
        if name == "a" {
            self.end_link();
        } else if is_block(name) && self.hidden.is_none() {
            self.page.text.push('\n');
        }
    }

    fn end_link(&mut self) {
        let Some((href, from)) = self.link.take() else {
            return;
        };
        if self.page.links.len() < limits::LINKS_MAX {
            let shown = self.page.text.get(from..).unwrap_or_default().trim();
            let shown: String = shown.chars().take(limits::FINDING_DETAIL_CHARS_MAX).collect();
            self.page.links.push(Link::new(&href, &shown));
        }
    }
}

/// One past the `>` of the tag that `rest` begins with; quotes protect it. A tag that never ends is all that is left.
fn tag_end(rest: &str) -> usize {
    let mut quote = None;
    let mut after_equals = false;
    for (at, octet) in rest.bytes().enumerate() {
        match (quote, octet) {
            (Some(open), _) if open == octet => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if after_equals => quote = Some(octet),
            _ => {}
        }
        after_equals = octet == b'=' || (after_equals && octet == b' ');
    }
    rest.len()
}

/// Where the element whose content is no markup ends: at its end tag.
fn raw_end(rest: &str, name: &str) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&rest.as_bytes()[at..], b"</") {
        let tag = &rest.as_bytes()[at + found + 2..];
        if tag
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        {
            return at + found;
        }
        at += found + 2;
    }
    rest.len()
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "br" | "p"
            | "div"
            | "tr"
            | "td"
            | "th"
            | "li"
            | "ul"
            | "ol"
            | "table"
            | "hr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "center"
            | "blockquote"
            | "pre"
    )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "img" | "hr" | "input" | "meta" | "link" | "area" | "base" | "col" | "wbr"
    )
}

/// Whether an element's attributes keep its content from the eye.
fn hides(attributes: &str) -> bool {
    let Some(style) = attribute(attributes, "style") else {
        return false;
    };
    let style: String = style
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let zero = |property: &str| {
        let value = style.find(property).map(|at| &style[at + property.len()..]);
        let number = value.map(|value| {
            value
                .split(|c: char| c != '.' && !c.is_ascii_digit())
                .next()
                .unwrap_or_default()
        });
        number
            .is_some_and(|number| number.starts_with('0') && number.bytes().all(|c| matches!(c, b'0' | b'.')))
    };
    style.contains("display:none")
        || style.contains("visibility:hidden")
        || zero("font-size:")
        || zero("opacity:")
}

/// The value of an attribute, entities decoded.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let bytes = attributes.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'=', &bytes[at..]) {
        let equals = at + found;
        let key = attributes[at..equals].trim_end();
        let key = &key[key
            .rfind(|c: char| c.is_whitespace() || c == '/')
            .map_or(0, |start| start + 1)..];
        let value = attributes[equals + 1..].trim_start();
        let from = attributes.len() - value.len();
        let (value, next) = match value.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => {
                let end = memchr::memchr(*quote, &value.as_bytes()[1..]).map_or(value.len(), |end| end + 1);
                (&value[1..end], from + end + 1)
            }
            _ => {
                let end = value.find(|c: char| c.is_whitespace()).unwrap_or(value.len());
                (&value[..end], from + end)
            }
        };
        if key.eq_ignore_ascii_case(name) {
            let mut decoded = String::new();
            push_decoded(&mut decoded, value.trim());
            return Some(decoded);
        }
        at = next.min(attributes.len());
    }
    None
}

/// Adds `text` with its character references decoded, as far as words are made of them.
fn push_decoded(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|c| c == b';');
        match end.and_then(|end| reference(&rest[1..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
        return char::from_u32(code);
    }
    let known = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "shy" => '\u{ad}',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "auml" => 'a',
        "ouml" => 'o',
        "uuml" => 'u',
        "eacute" | "egrave" | "ecirc" => 'e',
        "aacute" | "agrave" | "acirc" | "atilde" => 'a',
        "iacute" => 'i',
        "oacute" | "otilde" | "ocirc" => 'o',
        "uacute" => 'u',
        "ccedil" => 'c',
        "ntilde" => 'n',
        "szlig" => '\u{df}',
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_reader_sees() {
        let rows = [
            ("<p>Hello&nbsp;w<b>or</b>ld</p>", "Hello world", 0),
            ("a<!-- hidden -->b", "ab", 0),
            ("a<script>x < y</script>b<style>p{}</style>c", "abc", 0),
            ("<div style='display: none'><div>abc</div>d</div>seen", "seen", 4),
            ("<span style=\"font-size:0px\">abc</span>seen", "seen", 3),
            ("<span style=\"font-size:0.9em\">abc</span>", "abc", 0),
            ("<span style=\"FONT-SIZE : 10px\">abc</span>", "abc", 0),
            ("1 < 2 &#x41;&#66; &bogus; &", "1 < 2 AB &bogus; &", 0),
            ("text<img alt='a>b'>more<unclosed", "textmore", 0),
            ("<script>never ends", "", 0),
        ];
        for (source, text, hidden) in rows {
            let page = read(source);
            assert_eq!((page.text.trim(), page.hidden_chars), (text, hidden), "{source}");
        }
    }

    #[test]
    fn links_have_a_target_and_a_text() {
        let page = read(
            "<a class=x HREF=\"http://a.example/?q=1&amp;r=2\">go <b>there</b></a><a href=b.example>x<form><img>",
        );
        assert_eq!(page.links.len(), 2);
        assert_eq!(page.links[0], Link::new("http://a.example/?q=1&r=2", "go there"));
        assert_eq!((page.forms, page.images), (1, 1));
    }
}
