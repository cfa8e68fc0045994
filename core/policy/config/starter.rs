//! The starter configuration that `postern init` writes: the smallest one that works, and everything else that could be
//! written, commented out with its default. A line that begins with `#` and a letter or bracket is a setting; one that
//! begins with `# ` is an explanation.

use crate::config::keys::{Given, Key, TABLES, Table, keys_of};
use toml::Value;

/// The tables that stand in the smallest configuration.
const ACTIVE: [&str; 4] = ["", "listener", "domain", "portal"];

/// Columns that the text of an explanation may take.
const WIDTH: usize = 98;

/// The commented configuration of a gateway called `hostname` that takes mail for `domain` and hands it to `route`.
/// Whatever is given is quoted as TOML asks; whether it makes sense, [`load`](crate::config::load) tells.
#[must_use]
pub fn starter(hostname: &str, domain: &str, route: &str, data_dir: Option<&str>) -> String {
    let given = [
        ("hostname", Some(hostname)),
        ("domain.name", Some(domain)),
        ("domain.route", Some(route)),
        ("data_dir", data_dir),
    ];
    let value_of = |key: &Key| {
        given
            .iter()
            .find(|(path, _)| *path == key.path)
            .and_then(|(_, value)| *value)
    };
    let mut text = String::new();
    for table in TABLES {
        let is_active = ACTIVE.contains(&table.name);
        push_header(&mut text, table, is_active);
        for key in keys_of(table.name) {
            let value = value_of(key).map_or_else(|| key.example().to_owned(), quoted);
            let is_written =
                is_active && (key.path == "data_dir" || matches!(key.default, Given::Required(_)));
            push_doc(&mut text, key.doc);
            let mark = if is_written { "" } else { "#" };
            text.push_str(&format!("{mark}{} = {value}\n", key.name()));
        }
        if !table.example.is_empty() {
            text.push('\n');
            text.push_str(table.example);
        }
    }
    text
}

fn push_header(text: &mut String, table: &Table, is_active: bool) {
    if !text.is_empty() {
        text.push('\n');
    }
    push_doc(text, table.doc);
    let mark = if is_active { "" } else { "#" };
    match (table.name, table.repeats) {
        ("", _) => text.push('\n'),
        (name, true) => text.push_str(&format!("{mark}[[{name}]]\n")),
        (name, false) => text.push_str(&format!("{mark}[{name}]\n")),
    }
}

/// The explanation, in lines of at most [`WIDTH`] columns.
fn push_doc(text: &mut String, doc: &str) {
    let mut line = String::from("#");
    for word in doc.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

fn quoted(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}
