//! Addresses and domains: see `bodies/address.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| postern_fuzz::address::run(octets));
