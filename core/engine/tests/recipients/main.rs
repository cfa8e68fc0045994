//! Whether a recipient exists: a real directory is asked, and a next hop over the network in memory.

#![allow(clippy::panic)] // What goes wrong here is a test that fails.

mod call_ahead;
mod directory;
#[path = "../../../../tests/blackbox/harness/directory.rs"]
#[allow(dead_code, reason = "the black-box tests use the rest")]
mod slapd;
