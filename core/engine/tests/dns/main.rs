//! Names against a name server that is slow, wrong or dead. Real sockets on loopback and real time: the promise is in
//! seconds.
#![allow(clippy::unwrap_used, clippy::panic)] // Whatever goes wrong here is a test that fails.

mod lists;
mod mail;
mod reverse;
mod sharing;

/// The name server of the black-box tests.
#[path = "../../../../tests/blackbox/harness/name_server.rs"]
mod name_server;

use name_server::NameServer;
use postern_engine::Services;
use postern_engine::dns::Dns;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// The banner's second, and what a busy machine may add.
const BANNER: Duration = Duration::from_millis(1500);

/// A name server, and our side of it.
struct Rig {
    server: NameServer,
    dns: Dns,
    services: Services,
}

impl Rig {
    fn new(table: &str) -> Self {
        let server = NameServer::start(Ipv4Addr::LOCALHOST, table);
        let services = Services::start().unwrap();
        let dns = Dns::new(&[server.address], services.handle());
        Self {
            server,
            dns,
            services,
        }
    }

    /// Asks from a runtime of its own, as a shard does.
    fn ask<T>(&self, question: impl AsyncFnOnce(&Dns) -> T) -> T {
        ask(&self.dns, question)
    }
}

fn ask<T>(dns: &Dns, question: impl AsyncFnOnce(&Dns) -> T) -> T {
    let mut shard = tokio::runtime::Builder::new_current_thread();
    shard.enable_all().build().unwrap().block_on(question(dns))
}

/// What it came to, within the banner's second.
#[track_caller]
fn before_the_banner<T>(question: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let answer = question();
    let took = start.elapsed();
    assert!(took < BANNER, "it took {took:?}");
    answer
}

#[test]
fn stopped_services_leave_no_one_waiting() {
    let rig = Rig::new("* SILENT");
    let dns = rig.dns.clone();
    rig.services.stop();
    let reverse = before_the_banner(|| ask(&dns, async |dns| dns.reverse([192, 0, 2, 1].into()).await));
    assert_eq!(reverse, postern_vocab::ReverseName::Unknown);
}
