//! The page of refusals is the table of refusals.
#![allow(clippy::disallowed_methods)] // The page is a file in the repository, and this test compares or writes it.

use postern_vocab::events::IncidentKind;
use postern_vocab::refusals;
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/BAD-INPUT.md");

const PREFACE: &str = "\
# What bad input gets

Every refusal there is, made from the table in `core/vocab/refusals.rs`; do not edit this page. An event is recorded with the
connection's number, its peer and the octets at fault; where there is none, the conversation tells. A configured text may take
the place of one given here. Where a reply is 421, and where it says so, the connection is closed.

| what the client does | reply | event | rule |
|---|---|---|---|
";

const WITHOUT_REPLY: &str = "
What is recorded and gets no reply of its own:

| what the client does | what we do | event | rule |
|---|---|---|---|
";

fn page() -> String {
    let mut page = PREFACE.to_owned();
    for (_, row) in refusals::ALL {
        let event = row.event.map(event_word).unwrap_or_default();
        let cells = [row.input, &row.reply.to_string(), &event, row.section].map(cell);
        writeln!(page, "| {} |", cells.join(" | ")).expect("a string grows");
    }
    page.push_str(WITHOUT_REPLY);
    for row in refusals::NOTICED {
        let cells = [row.input, row.done, &event_word(row.event), row.section].map(cell);
        writeln!(page, "| {} |", cells.join(" | ")).expect("a string grows");
    }
    page
}

/// The word in the journal: `bare-line-end`.
fn event_word(kind: IncidentKind) -> String {
    let mut word = String::new();
    for c in format!("{kind:?}").chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// Nothing in a cell is markup, or ends it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace('*', "\\*")
}

#[test]
fn the_page_of_refusals_is_up_to_date() {
    if std::env::var_os("POSTERN_WRITE_PAGES").is_some() {
        std::fs::write(PAGE, page()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        written == page(),
        "core/smtp/BAD-INPUT.md is stale: POSTERN_WRITE_PAGES=1 cargo test -p postern-smtp page_of_refusals"
    );
}
