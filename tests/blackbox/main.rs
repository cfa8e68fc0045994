//! Black-box tests: the built `postern` driven from outside, by SMTP, by its command line, by HTTP and by a browser. One
//! file a promise; what they share is in `harness`. They may not know the product's crates.
#![allow(clippy::unwrap_used, clippy::panic)] // Whatever goes wrong here is a test that fails.

mod harness;

mod bad_input;
mod bad_surroundings;
mod browser;
mod clients;
mod commands;
mod corpus;
mod crash;
mod delivery;
mod demo;
mod directory;
mod drivers;
mod injection_debug;
mod login;
mod names;
mod outbound;
mod portal;
mod proxies;
mod quarantine;
mod rates;
mod recipients;
mod refusals;
mod reputation;
mod scale;
mod sender_groups;
mod sender_verification;
mod tls;
mod tracking;

/// The transcripts' reader; the protocol's own tests use the same file.
#[path = "../../core/smtp/tests/protocol/transcript.rs"]
mod transcript;
