//! Everything that can be written in the configuration, in one place: the reader checks keys against these tables, its
//! hints and "did you mean" come from them, and the starter configuration is printed from them. The texts are the
//! manual.

mod flow_policy;
mod gateway;
mod judging;
mod listening;
mod recipients;
mod senders;

/// One table of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name; empty for the keys above the first table.
    pub name: &'static str,
    /// Whether it is written `[[name]]`, once for each of its kind.
    pub repeats: bool,
    /// What it is for.
    pub doc: &'static str,
    /// What can be written in it, in the order of the starter configuration.
    pub keys: &'static [Key],
    /// More of the starter configuration, ready as it is: how it is used with others. May be empty.
    pub example: &'static str,
}

/// One key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// `table.key`, or `key` above the first table.
    pub path: &'static str,
    /// What is written there, so that "must be" can stand before it.
    pub kind: &'static str,
    /// What holds when it is not written.
    pub default: Given,
    /// What it is for.
    pub doc: &'static str,
}

/// What holds for a key that is not written. Each text is TOML.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// It must be written, for example so.
    Required(&'static str),
    /// This value.
    Default(&'static str),
    /// What its text says; a value would look like this.
    Optional(&'static str),
}

impl Table {
    const fn one(name: &'static str, doc: &'static str, keys: &'static [Key]) -> Self {
        Self {
            name,
            repeats: false,
            doc,
            keys,
            example: "",
        }
    }

    const fn repeated(name: &'static str, doc: &'static str, keys: &'static [Key]) -> Self {
        Self {
            repeats: true,
            ..Self::one(name, doc, keys)
        }
    }
}

impl Key {
    /// The table it belongs to; empty above the first one.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// Its name within the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// A value that may be written: the default where there is one.
    #[must_use]
    pub fn example(&self) -> &'static str {
        match self.default {
            Given::Required(text) | Given::Default(text) | Given::Optional(text) => text,
        }
    }
}

/// Every table, in the order of the starter configuration.
pub const TABLES: &[Table] = &[
    gateway::TOP,
    listening::LISTENER,
    recipients::DOMAIN,
    gateway::PORTAL,
    recipients::RECIPIENT,
    recipients::DIRECTORY,
    recipients::ROUTE,
    senders::SENDER_GROUP,
    flow_policy::FLOW_POLICY,
    senders::REPUTATION,
    senders::SENDERS,
    senders::SENDER_EXCEPTION,
    listening::TLS,
    listening::DKIM,
    judging::ANTISPAM,
    judging::ANTIVIRUS,
    judging::SCAN,
    judging::QUARANTINE,
    gateway::DIGEST,
    gateway::DNS,
    gateway::LIMITS,
    listening::LOG,
];

/// Tables that are planned and not there yet: an entry in them would have no effect, so they are refused by name.
pub(crate) const NOT_SUPPORTED: [&str; 6] = [
    "authentication",
    "content_filter",
    "destination",
    "mail_policy",
    "message_filter",
    "report",
];

const fn required(path: &'static str, kind: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default: Given::Required(example),
        doc,
    }
}

const fn default(path: &'static str, kind: &'static str, value: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default: Given::Default(value),
        doc,
    }
}

const fn optional(path: &'static str, kind: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default: Given::Optional(example),
        doc,
    }
}

/// Every key, table by table.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    TABLES.iter().flat_map(|table| table.keys)
}

/// The keys of one table.
pub(crate) fn keys_of(table: &str) -> impl Iterator<Item = &'static Key> {
    TABLES
        .iter()
        .filter(move |one| one.name == table)
        .flat_map(|one| one.keys)
}

/// The key of this name in this table.
pub(crate) fn find(table: &str, name: &str) -> Option<&'static Key> {
    keys_of(table).find(|key| key.name() == name)
}

/// The candidate that a misspelt word most likely stands for.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    const LIKENESS_MIN: f64 = 0.8;
    let likeness = |candidate: &str| strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
    let scored = candidates.map(|candidate| (likeness(candidate), candidate));
    let best = scored
        .filter(|(score, _)| *score >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_belongs_to_a_table_and_is_there_once() {
        for table in TABLES {
            for key in table.keys {
                assert_eq!(key.table(), table.name, "{}", key.path);
                assert_eq!(
                    keys().filter(|other| other.path == key.path).count(),
                    1,
                    "{}",
                    key.path
                );
            }
            assert!(keys_of(table.name).next().is_some(), "[{}] has keys", table.name);
            assert!(
                !NOT_SUPPORTED.contains(&table.name),
                "[{}] is either supported or not",
                table.name
            );
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_finds_none() {
        let near = |word| nearest(word, keys().map(Key::name));
        let rows = [
            ("hostnme", Some("hostname")),
            ("Hostname", Some("hostname")),
            ("datadir", Some("data_dir")),
            ("data-dir", Some("data_dir")),
            ("message_size", Some("message_bytes")),
            ("zzz", None),
        ];
        for (word, expected) in rows {
            assert_eq!(near(word), expected, "{word}");
        }
    }
}
