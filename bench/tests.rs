//! Source and sink, one against the other.

use crate::args::Load;
use crate::sink;
use crate::source::{Plan, run};
use crate::tally::NO_CONNECTION;
use std::net::TcpListener;

fn load() -> Load {
    Load {
        sessions: 4,
        messages: Some(50),
        seconds: None,
        size: 2_000,
        per_connection: 3,
    }
}

fn plan(to: std::net::SocketAddr, load: Load) -> Plan {
    let from = "load@example.com".parse().expect("valid");
    Plan {
        to,
        load,
        from,
        rcpt: "alice@example.test".parse().expect("valid"),
    }
}

#[test]
fn every_message_that_the_source_counts_is_in_the_sink() {
    let (address, count) = sink::start().expect("a sink");
    let report = run(&plan(address, load())).expect("a run");
    assert_eq!(
        (report.messages, report.octets, report.failures()),
        (50, 100_000, 0)
    );
    assert_eq!(count.messages(), 50);
    assert_eq!(report.end_of_data_to_250_us.count, 50);
    assert!(
        report.connect_to_banner_us.count >= 17,
        "three messages a connection"
    );
}

#[test]
fn a_load_for_nobody_ends_and_says_so() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    drop(socket);
    let report = run(&plan(address, load())).expect("a run");
    assert_eq!(report.messages, 0);
    assert_eq!(report.errors.get(NO_CONNECTION), Some(&50));
}

#[test]
fn a_load_of_no_seconds_sends_nothing() {
    let (address, count) = sink::start().expect("a sink");
    let load = Load {
        messages: None,
        seconds: Some(0),
        ..load()
    };
    assert_eq!(run(&plan(address, load)).expect("a run").messages, 0);
    assert_eq!(count.messages(), 0);
}
