//! The store from outside: fed by hand, asked through a real Unix socket.

// Helpers here stand outside #[test] functions, and a failed expectation is a panic there too.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used)]

mod clients;
mod digest;
mod feed;
mod harness;
mod held;
mod lists;
mod mail_logs;
mod people;
mod release;
mod track;
