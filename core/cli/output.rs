//! Where a command prints to: lines and tables for people, JSON for programs. Nothing a stranger wrote reaches a terminal
//! otherwise than through here.

use super::table::Table;
use super::times;
use postern_vocab::Timestamp;
use postern_vocab::text::{escaped, one_line};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

/// No printed line is longer: a log line holds less.
const LINE_CHARS_MAX: usize = 64 * 1024;
/// The keys of octets that people want to read.
const OCTETS: [&str; 2] = ["octets", "content"];

/// Standard output, and how it is wanted.
pub struct Output {
    /// Whether JSON is wanted.
    pub json: bool,
    width: Option<usize>,
    to: Box<dyn Write>,
}

impl Output {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let size = stdout
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&stdout).ok())
            .flatten();
        let width = size
            .map(|size| usize::from(size.ws_col))
            .filter(|&columns| columns > 0);
        // Not locked: the daemon of `run` and `demo` prints from other threads.
        Self {
            json,
            width,
            to: Box::new(stdout),
        }
    }

    /// One line, with whatever could move a cursor made harmless.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.to, "{}", one_line(&text.to_string(), LINE_CHARS_MAX))
    }

    /// The octets as they are, for what is meant to be piped into a file.
    pub fn raw(&mut self, octets: &[u8]) -> io::Result<()> {
        self.to.write_all(octets)?;
        self.to.flush()
    }

    /// A table; `nothing` says that it has no rows.
    pub fn table(&mut self, table: &Table, nothing: &str) -> io::Result<()> {
        if table.is_empty() {
            return self.line(nothing);
        }
        table
            .lines(self.width)
            .iter()
            .try_for_each(|line| writeln!(self.to, "{line}"))
    }

    /// One JSON value on one line: times in RFC 3339, octets as text.
    pub fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        let value = readable(serde_json::to_value(value)?);
        writeln!(self.to, "{value}")
    }

    /// One JSON object a line.
    pub fn values<'a, T: Serialize + 'a>(
        &mut self,
        values: impl IntoIterator<Item = &'a T>,
    ) -> io::Result<()> {
        values.into_iter().try_for_each(|value| self.value(value))
    }

    /// A heading with an empty line before it.
    pub fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "\n{text}")
    }

    /// What was printed is seen now.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The value as programs like it: the store's milliseconds become RFC 3339, its octets become text.
fn readable(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| (key.clone(), field(&key, value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(readable).collect()),
        other => other,
    }
}

fn field(key: &str, value: Value) -> Value {
    let is_time = matches!(key, "at" | "until" | "since" | "date") || key.ends_with("_at");
    match (value.as_u64(), octets(key, &value)) {
        (Some(at), _) if is_time => times::rfc3339(Timestamp(at)).into(),
        (_, Some(octets)) if key == "content" => String::from_utf8_lossy(&octets).into(),
        (_, Some(octets)) => octets.chunks(100).map(escaped).collect::<String>().into(),
        _ => readable(value),
    }
}

fn octets(key: &str, value: &Value) -> Option<Vec<u8>> {
    let items = value.as_array().filter(|_| OCTETS.contains(&key))?;
    items
        .iter()
        .map(|item| item.as_u64().and_then(|octet| u8::try_from(octet).ok()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_has_times_and_text_that_programs_can_read() {
        let stored = json!({"at": 0, "mid": 7, "line": {"octets": [69, 72, 0]}, "rows": [{"received_at": 1_000}],
                            "content": [195, 169], "date": null, "recipients": ["a"]});
        let shown = json!({"at": "1970-01-01T00:00:00.000Z", "mid": 7, "line": {"octets": "EH\\x00"},
                           "rows": [{"received_at": "1970-01-01T00:00:01.000Z"}], "content": "é", "date": null,
                           "recipients": ["a"]});
        assert_eq!(readable(stored), shown);
    }
}
