//! What the fuzz targets hold (`tests/fuzz`) of the configuration and of addresses, over their seeds and over seeds with
//! pseudo-random changes.

#[path = "../../../tests/fuzz/bodies/address.rs"]
mod address;
#[path = "../../../tests/fuzz/bodies/configuration.rs"]
mod configuration;
#[path = "../../../tests/fuzz/bodies/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn addresses_hold() {
    replay(&address::seeds(), address::run);
}

#[test]
fn configurations_hold() {
    replay(&configuration::seeds(), configuration::run);
}
