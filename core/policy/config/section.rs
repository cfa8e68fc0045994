//! One table of the file while it is read: its values are taken by name, and every mistake in it is noted on the way.

use crate::config::error::Problems;
use crate::config::keys::{self, Key, NOT_SUPPORTED, TABLES, Table};
use crate::config::syntax::Readable;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A key that more tables have than this is named for none of them.
const TABLES_NAMED_MAX: usize = 3;

/// A value and where it stands, as an octet offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
}

/// The file's tables.
pub(crate) struct Tables<'d> {
    top: Section<'d>,
    named: BTreeMap<&'static str, Vec<Section<'d>>>,
}

/// One table.
#[derive(Clone, Copy)]
pub(crate) struct Section<'d> {
    /// Empty above the first table.
    name: &'static str,
    /// Where it begins.
    at: usize,
    table: &'d DeTable<'d>,
    /// Whether a key that is not there is missing: not when lines could not be read.
    whole: bool,
    problems: &'d Problems<'d>,
}

impl<'d> Tables<'d> {
    /// Sorts the document's tables by name, and notes those that should not be there and the keys nobody knows.
    pub(crate) fn new(
        document: &'d DeTable<'d>,
        readable: &Readable<'_>,
        problems: &'d Problems<'d>,
    ) -> Self {
        let top = Section {
            name: "",
            at: 0,
            table: document,
            whole: readable.whole,
            problems,
        };
        let mut named: BTreeMap<&'static str, Vec<Section<'d>>> = BTreeMap::new();
        for (key, value) in document {
            if let Some(table) = TABLES
                .iter()
                .find(|table| !table.name.is_empty() && table.name == key.get_ref())
            {
                named.insert(table.name, top.sections(table, value));
            }
        }
        let all = std::iter::once(&top).chain(named.values().flatten());
        all.for_each(Section::note_unknown_keys);
        Self { top, named }
    }

    /// The keys above the first table.
    pub(crate) fn top(&self) -> Section<'d> {
        self.top
    }

    /// The table of this name, if it is there.
    pub(crate) fn one(&self, name: &str) -> Option<Section<'d>> {
        self.all(name).first().copied()
    }

    /// All tables of this name.
    pub(crate) fn all(&self, name: &str) -> &[Section<'d>] {
        self.named.get(name).map_or(&[], Vec::as_slice)
    }
}

impl<'d> Section<'d> {
    /// The tables behind one name of the top level.
    fn sections(&self, table: &Table, value: &'d Spanned<DeValue<'d>>) -> Vec<Section<'d>> {
        let at = value.span().start;
        let section = |at, inner| Section {
            name: table.name,
            at,
            table: inner,
            ..*self
        };
        match value.get_ref() {
            DeValue::Table(inner) if !table.repeats => vec![section(at, inner)],
            DeValue::Array(all) if table.repeats && all.iter().all(|one| one.get_ref().is_table()) => {
                let tables = all
                    .iter()
                    .filter_map(|one| Some((one.span().start, one.get_ref().as_table()?)));
                tables.map(|(at, inner)| section(at, inner)).collect()
            }
            _ => {
                let (name, written) = (table.name, written(table));
                self.problems.add_with_hint(
                    at,
                    format!("{name} must be a table"),
                    format!("write {written}"),
                );
                Vec::new()
            }
        }
    }

    fn note_unknown_keys(&self) {
        for (key, value) in self.table {
            let (word, at) = (key.get_ref().as_ref(), key.span().start);
            let is_table = self.name.is_empty() && TABLES.iter().any(|table| table.name == word);
            if is_table || keys::find(self.name, word).is_some() {
                continue;
            }
            if self.name.is_empty() && NOT_SUPPORTED.contains(&word) {
                let message = format!("table [{word}] is not supported by this version");
                self.problems
                    .add_with_hint(at, message, "take it out: nothing would act on it");
                continue;
            }
            let what = if is_table_value(value.get_ref()) {
                "table"
            } else {
                "key"
            };
            let message = format!("unknown {what} \"{word}\"");
            match self.hint_for(word) {
                Some(hint) => self.problems.add_with_hint(at, message, hint),
                None => self.problems.add(at, message),
            }
        }
    }

    /// What an unknown word probably was: a key of another table that stands under this one by mistake, or a
    /// misspelling of what this table has.
    fn hint_for(&self, word: &str) -> Option<String> {
        let elsewhere: Vec<&Table> = TABLES
            .iter()
            .filter(|table| table.keys.iter().any(|key| key.name() == word))
            .collect();
        if elsewhere.iter().any(|table| table.name.is_empty()) {
            return Some(format!("\"{word}\" belongs above the first table of the file"));
        }
        if (1..=TABLES_NAMED_MAX).contains(&elsewhere.len()) {
            let tables: Vec<String> = elsewhere.into_iter().map(written).collect();
            return Some(format!("\"{word}\" belongs to {}", tables.join(" or ")));
        }
        let of_file = TABLES
            .iter()
            .filter(|_| self.name.is_empty())
            .map(|table| table.name);
        let here = keys::keys_of(self.name).map(Key::name).chain(of_file);
        keys::nearest(word, here).map(|near| format!("did you mean \"{near}\"?"))
    }

    /// The value of a key, if it is written and can be read.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<At<T>> {
        let value = self.table.get(name)?;
        self.read(self.key(name), value, &read)
    }

    /// The value of a key that must be written.
    pub(crate) fn required<T>(
        &self,
        name: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<At<T>> {
        self.note_missing(name);
        self.optional(name, read)
    }

    /// Every value of a list that must be written.
    pub(crate) fn required_list<T>(
        &self,
        name: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<At<T>>> {
        self.note_missing(name);
        self.list(name, read)
    }

    fn note_missing(&self, name: &str) {
        if self.table.contains_key(name) || !self.whole {
            return;
        }
        let place = if self.name.is_empty() {
            String::new()
        } else {
            format!("[{}]: ", self.name)
        };
        let message = format!("{place}\"{name}\" is missing");
        self.problems
            .add_with_hint(self.at, message, example(self.key(name)));
    }

    /// Every value of a list that can be read.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<At<T>>> {
        let (key, value) = (self.key(name), self.table.get(name)?);
        let Some(values) = value.get_ref().as_array() else {
            self.note_bad_value(key, value.span().start, &wrong_type(value.get_ref()));
            return None;
        };
        Some(
            values
                .iter()
                .filter_map(|one| self.read(key, one, &read))
                .collect(),
        )
    }

    fn read<T>(
        &self,
        key: &Key,
        value: &Spanned<DeValue<'_>>,
        read: &impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<At<T>> {
        let at = value.span().start;
        match read(value.get_ref()) {
            Ok(value) => Some(At { value, at }),
            Err(why) => {
                self.note_bad_value(key, at, &why);
                None
            }
        }
    }

    fn note_bad_value(&self, key: &Key, at: usize, why: &str) {
        let message = format!("{} must be {}: {why}", key.path, key.kind);
        self.problems.add_with_hint(at, message, example(key));
    }

    fn key(&self, name: &str) -> &'static Key {
        keys::find(self.name, name)
            .expect("the reader asks for keys of the table of keys only; a test asks for all")
    }
}

/// `this is a string`, for a value of a type that does not belong there.
pub(crate) fn wrong_type(value: &DeValue<'_>) -> String {
    let article = if matches!(value, DeValue::Integer(_) | DeValue::Array(_)) {
        "an"
    } else {
        "a"
    };
    format!("this is {article} {}", value.type_str())
}

fn is_table_value(value: &DeValue<'_>) -> bool {
    let tables_only =
        |all: &toml::de::DeArray<'_>| !all.is_empty() && all.iter().all(|one| one.get_ref().is_table());
    value.is_table() || value.as_array().is_some_and(tables_only)
}

fn written(table: &Table) -> String {
    if table.repeats {
        format!("[[{}]]", table.name)
    } else {
        format!("[{}]", table.name)
    }
}

fn example(key: &Key) -> String {
    format!("for example: {} = {}", key.name(), key.example())
}
