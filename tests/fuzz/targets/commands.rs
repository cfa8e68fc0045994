//! The receiving machine: see `bodies/protocol/commands.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::protocol::commands::run(octets));
