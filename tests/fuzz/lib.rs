//! What the fuzz targets run. The rooms' own tests include the same bodies and run them over the seeds and over seeds with
//! pseudo-random changes, so that what is fuzzed is also what every test run holds.

#[path = "bodies/address.rs"]
pub mod address;
#[path = "bodies/configuration.rs"]
pub mod configuration;
#[path = "bodies/protocol/mod.rs"]
pub mod protocol;
#[path = "../../core/smtp/tests/protocol/reference.rs"]
pub mod reference;
#[path = "../../core/smtp/tests/protocol/transcript.rs"]
pub mod transcript;
