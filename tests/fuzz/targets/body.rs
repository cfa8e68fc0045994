//! The body scanner: see `bodies/protocol/body.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::protocol::body::run(octets));
