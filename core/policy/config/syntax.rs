//! Mistakes of TOML itself. A line that cannot be read is set aside; if the rest still is a whole document, its mistakes
//! are reported in the same run.

use crate::config::error::Problems;
use std::borrow::Cow;
use std::ops::Range;
use toml::de::DeTable;

/// What of the text can be read.
pub(crate) struct Readable<'t> {
    /// The text; lines that could not be read are blank, so that places stay the same.
    pub(crate) text: Cow<'t, str>,
    /// Whether nothing was set aside. Where something was, a missing key may only be unreadable.
    pub(crate) whole: bool,
}

/// Reports what is wrong with the syntax. `None` where no sense can be made of the rest.
pub(crate) fn readable<'t>(text: &'t str, problems: &Problems<'_>) -> Option<Readable<'t>> {
    let (_, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(Readable {
            text: Cow::Borrowed(text),
            whole: true,
        });
    }
    let mut rest = text.to_owned();
    let mut headers_are_whole = true;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        problems.add(span.start, message(text, error.message(), &span));
        let line = line_around(text, span.start);
        headers_are_whole &= !text[line.clone()].trim_start().starts_with('[');
        rest.replace_range(line.clone(), &" ".repeat(line.len()));
    }
    let readable = headers_are_whole && DeTable::parse(&rest).is_ok();
    readable.then_some(Readable {
        text: Cow::Owned(rest),
        whole: false,
    })
}

/// What the parser says, with the word it stumbled over where it does not name it.
fn message(text: &str, said: &str, span: &Range<usize>) -> String {
    match text.get(span.clone()) {
        Some(word) if said == "duplicate key" => format!("\"{word}\" is written twice"),
        _ => said.to_owned(),
    }
}

/// The line that an octet offset is in, without its line end.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    start..end
}
