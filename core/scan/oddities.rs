//! The oddities of one message while they are gathered: stable words, each once, sorted.

use std::collections::BTreeMap;

/// Words such as `mime.nul` or `limit.parts=1001`. A word keeps its first value, so the set cannot grow with the
/// message; words with a name from a closed list (`header.duplicate=from`) are told apart by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oddities {
    words: BTreeMap<String, Option<u64>>,
}

impl Oddities {
    /// Notes a word.
    pub(crate) fn note(&mut self, word: &str) {
        if !self.words.contains_key(word) {
            self.words.insert(word.to_owned(), None);
        }
    }

    /// Notes a word with the value seen.
    pub(crate) fn note_value(&mut self, word: &str, value: usize) {
        if !self.words.contains_key(word) {
            self.words.insert(word.to_owned(), Some(value as u64));
        }
    }

    /// Whether any word begins with `prefix`.
    pub(crate) fn any(&self, prefix: &str) -> bool {
        self.words.keys().any(|word| word.starts_with(prefix))
    }

    /// The words as the facts carry them.
    pub(crate) fn into_words(self) -> Vec<String> {
        let told = |(word, value): (String, Option<u64>)| match value {
            Some(value) => format!("{word}={value}"),
            None => word,
        };
        self.words.into_iter().map(told).collect()
    }
}
