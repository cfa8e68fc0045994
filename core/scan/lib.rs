//! The judgement, pure: a message's octets go in; header facts, MIME facts, findings and the octets to leave out come
//! back.
//!
//! What this room may not know: sockets, files, clocks, threads, configuration beyond our own host name, and what is
//! done about a finding (policy decides). Everything is bounded by `postern_vocab::limits`; what is over a limit, or
//! could not be read, is an oddity in the facts, so a message that was not looked into is never silently clean.

mod content;
mod fields;
mod header;
mod html;
mod links;
mod mime;
mod oddities;
mod parser;
mod part;
mod rules;
mod scanner;
mod second_view;
mod text;
mod transfer;
mod virus;
mod walk;

pub use rules::{RuleInfo, rule_list};
pub use scanner::{EnvelopeView, Scan, Scanner};
