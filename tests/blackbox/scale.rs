//! Promise: connections that do nothing cost next to nothing, and those that do something do not notice them.

use crate::harness::{Gateway, NextHop, Options, Smtp, message, own_address, skip, until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

const CONNECTIONS_WANTED: usize = 20_000;
/// Of the whole process's memory, with what the index keeps of each connection (about 700) and the allocator's losses. What
/// a shard itself allocates for one is under 4 KiB.
const BYTES_EACH_MAX: u64 = 6 * 1024;
/// Files that the test and the daemon have open beside the connections.
const OTHER_FILES: u64 = 1_000;
const CLIENTS: usize = 8;

/// As many connections as this machine lets us open, up to those wanted.
fn connections_allowed() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: Some(CONNECTIONS_WANTED as u64 + OTHER_FILES),
        maximum: limit
            .maximum
            .map(|most| most.max(CONNECTIONS_WANTED as u64 + OTHER_FILES)),
    };
    let open = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => CONNECTIONS_WANTED as u64 + OTHER_FILES,
        Err(_) => limit.current.unwrap_or(u64::MAX),
    };
    usize::try_from(open.saturating_sub(OTHER_FILES))
        .map_or(CONNECTIONS_WANTED, |one| one.min(CONNECTIONS_WANTED))
}

/// Connections that have said EHLO and nothing since, from several addresses: one has too few ports.
fn idle(gateway: &Gateway, count: usize) -> Vec<Smtp> {
    let sources: Vec<Ipv4Addr> = (0..CLIENTS).map(|_| own_address()).collect();
    let smtp = gateway.smtp();
    thread::scope(|scope| {
        let open = |source: Ipv4Addr| {
            scope.spawn(move || {
                let greet = |_| {
                    let mut client = Smtp::raw_from(source, smtp);
                    client.expect(220);
                    client.ask("EHLO idle.example.com", 250);
                    client
                };
                (0..count / CLIENTS).map(greet).collect::<Vec<_>>()
            })
        };
        let opened: Vec<_> = sources.into_iter().map(open).collect();
        opened
            .into_iter()
            .flat_map(|one| one.join().expect("all connect"))
            .collect()
    })
}

#[test]
fn twenty_thousand_idle_connections_cost_next_to_nothing_and_mail_flows() {
    let count = connections_allowed() / CLIENTS * CLIENTS;
    if count < CONNECTIONS_WANTED {
        skip(
            "some of 20,000 connections",
            &format!("only {count} files may be open"),
        );
    }
    let hop = NextHop::start();
    let gateway = Options::new(&hop).start();
    // What the first connections bring with them is not what each costs.
    let first = idle(&gateway, CLIENTS * 8);
    let before = gateway.memory_now_kib();
    let clients = idle(&gateway, count);
    let after = gateway.memory_now_kib();
    let each = after.saturating_sub(before) * 1024 / count as u64;
    eprintln!("{count} idle connections: {each} octets of memory each");
    assert!(
        each < BYTES_EACH_MAX,
        "{each} octets each, from {before} KiB to {after} KiB"
    );

    for number in 0..50 {
        gateway.accepts(
            "carol@partner.example.com",
            &["alice@example.test"],
            &message(&format!("amid {number}")),
        );
    }
    until("all are delivered", Duration::from_secs(30), || {
        (hop.delivered().len() == 50).then_some(())
    });
    drop((first, clients));
}

#[test]
fn every_shard_takes_its_share_of_the_connections() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).top("shards = 2").start();
    let clients = idle(&gateway, 400);
    let status = gateway.cli(&["status", "--json"]).ended(0).json();
    let shards: Vec<u64> = status["connections"]
        .as_array()
        .expect("one number a shard")
        .iter()
        .filter_map(serde_json::Value::as_u64)
        .collect();
    assert_eq!(shards.len(), 2, "{status}");
    assert_eq!(shards.iter().sum::<u64>(), 400, "{status}");
    // By chance alone, fewer than 120 of 400 on one of two happens once in 10^15 runs.
    assert!(shards.iter().all(|one| *one >= 120), "{status}");
    drop(clients);
}
