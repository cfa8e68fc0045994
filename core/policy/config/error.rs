//! What is wrong with a configuration, where, and what to do about it.

use postern_vocab::text::one_line;
use std::cell::RefCell;
use std::fmt;

/// Characters of one message, which may quote the text: a mistake is one line.
const MESSAGE_CHARS_MAX: usize = 500;

/// One mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConfigError {
    /// The file's name as the caller gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that can be told.
    pub hint: Option<String>,
}

/// `postern.toml:3:7: unknown key "hostnme"; did you mean "hostname"?`
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for ConfigError {}

/// The mistakes found so far. Places are octet offsets into the text.
pub(crate) struct Problems<'t> {
    text: &'t str,
    file: &'t str,
    found: RefCell<Vec<ConfigError>>,
}

impl<'t> Problems<'t> {
    pub(crate) fn new(text: &'t str, file: &'t str) -> Self {
        Self {
            text,
            file,
            found: RefCell::new(Vec::new()),
        }
    }

    /// Notes a mistake.
    pub(crate) fn add(&self, at: usize, message: impl Into<String>) {
        self.note(at, message.into(), None);
    }

    /// Notes a mistake of which the remedy is known.
    pub(crate) fn add_with_hint(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.note(at, message.into(), Some(hint.into()));
    }

    fn note(&self, at: usize, message: String, hint: Option<String>) {
        let (line, column) = position(self.text, at);
        let message = one_line(&message, MESSAGE_CHARS_MAX);
        self.found.borrow_mut().push(ConfigError {
            file: self.file.to_owned(),
            line,
            column,
            message,
            hint,
        });
    }

    /// All of them, in the order of the text, each once.
    pub(crate) fn into_errors(self) -> Vec<ConfigError> {
        let mut errors = self.found.into_inner();
        errors.sort();
        errors.dedup();
        errors
    }
}

/// Line and column of an octet offset, both counted from 1, the column in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a\n\u{e9}\u{e9}b\nc";
        let rows = [
            (0, (1, 1)),
            (1, (1, 2)),
            (2, (2, 1)),
            (6, (2, 3)),
            (8, (3, 1)),
            (9, (3, 2)),
            (99, (3, 2)),
        ];
        for (at, expected) in rows {
            assert_eq!(position(text, at), expected, "offset {at}");
        }
    }

    #[test]
    fn errors_come_in_the_order_of_the_text_with_their_hints() {
        let problems = Problems::new("a\nb\n", "p.toml");
        problems.add(2, "second");
        problems.add_with_hint(0, "first", "do this");
        problems.add(2, "second");
        let shown: Vec<String> = problems.into_errors().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["p.toml:1:1: first; do this", "p.toml:2:1: second"]);
    }
}
