//! What the tests drive the gateway with. Everything lives on loopback addresses of its own, so no two tests can meet,
//! and everything ends with its value.

mod canary;
mod clients;
mod directory;
mod driver;
mod gateway;
mod http;
mod lines;
mod mail;
mod name_server;
mod next_hop;
mod openssl;
mod options;
mod postfix;
mod program;
mod rules;
mod smtp;
mod wait;

pub use canary::Canary;
pub use clients::{python, swaks, swaks_missing};
pub use directory::Slapd;
pub use driver::{Browser, browser_is_here, free_port};
pub use gateway::Gateway;
pub use http::{Answer as HttpAnswer, Http};
pub use mail::{GTUBE, Mail, eicar, gtube, message, trace_and_rest};
pub use name_server::{NameServer, reverse_of};
pub use next_hop::{Answer, Delivered, NextHop};
pub use openssl::{ECDSA, RSA, SClient, certificate, openssl, openssl_missing, signed_certificate};
pub use options::Options;
pub use postfix::Postfix;
pub use program::{postern, run_to_end};
pub use rules::client;
pub use smtp::{Smtp, stuffed};
pub use wait::{SOON, soon, try_until, until};

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// A loopback address that nothing else in this run of the tests has: every program under test listens on its usual
/// ports there, and no port has to be guessed free.
pub fn own_address() -> Ipv4Addr {
    /// Of the 24 bits that all of 127.0.0.0/8 has, the lowest tell the programs of one run apart, the others the runs.
    const NUMBER_BITS: u32 = 10;
    /// 127.0.x.y is the machine's own, and from 127.251.0.0 on clients are.
    const RUNS: u32 = (250 << 16) >> NUMBER_BITS;
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(
        number < 1 << NUMBER_BITS,
        "one address a program; give the number more bits"
    );
    let run = std::process::id() % RUNS + (1 << (16 - NUMBER_BITS));
    Ipv4Addr::from_bits(127 << 24 | run << NUMBER_BITS | number)
}

/// Says on the terminal, past the capture of the test's output, that something was not tested and why.
pub fn skip(what: &str, why: &str) {
    let line = format!("\nSKIPPED: {what}: {why}\n");
    // Whoever closed the terminal does not want to know.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The same, unless everything is required to run (`POSTERN_REQUIRE_ALL=1`).
pub fn skip_or_fail(what: &str, why: &str) {
    let required = std::env::var_os("POSTERN_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(
        !required,
        "{what} is required by POSTERN_REQUIRE_ALL=1, but {why}"
    );
    skip(what, why);
}

/// A directory that goes away with its value.
pub fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("postern-test-")
        .tempdir()
        .expect("a temporary directory")
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
