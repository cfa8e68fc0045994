//! The PROXY header: see `bodies/protocol/proxy.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::protocol::proxy::run(octets));
