//! What the fuzz targets hold (`tests/fuzz`), over their seeds and over seeds
//! with pseudo-random changes.

#[path = "../../../../tests/fuzz/bodies/protocol/mod.rs"]
mod bodies;

#[path = "../../../../tests/fuzz/bodies/replay.rs"]
mod replay;

use bodies::{body, client_replies, commands, proxy};
use replay::replay;

#[test]
fn commands_hold() {
    replay(&commands::seeds(), commands::run);
}

#[test]
fn the_scanner_holds() {
    replay(&body::seeds(), body::run);
}

#[test]
fn proxy_headers_hold() {
    replay(&proxy::seeds(), proxy::run);
}

#[test]
fn replies_of_next_hops_hold() {
    replay(&client_replies::seeds(), client_replies::run);
}
