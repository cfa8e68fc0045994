//! The configuration: see `bodies/configuration.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::configuration::run(octets));
