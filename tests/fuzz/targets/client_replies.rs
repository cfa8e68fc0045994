//! The sending machine: see `bodies/protocol/client_replies.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::protocol::client_replies::run(octets));
