//! Promise: everything that a chosen peer says and hears can be written down, without a restart and without its secrets.

use crate::harness::{Gateway, NextHop, Options, Smtp, message, own_address, soon};
use std::fs;

/// The log, if there is one.
fn log(gateway: &Gateway) -> String {
    fs::read_to_string(gateway.data_dir.join("logs/injection_debug.partner")).unwrap_or_default()
}

#[test]
fn a_reload_switches_it_on_for_a_peer_and_for_so_many_connections() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).start();
    let (watched, other) = (own_address(), own_address());
    let send = |source, subject: &str| {
        let mut client = Smtp::raw_from(source, gateway.smtp());
        client.expect(220);
        client.ask("EHLO partner.example.com", 250);
        client.accepted(
            "carol@partner.example.com",
            &["alice@example.test"],
            &message(subject),
        );
        client.ask("QUIT", 221);
    };
    send(watched, "before");

    let configuration = fs::read_to_string(&gateway.config).expect("it is there");
    let table = format!(
        "\n[[log]]\nname = \"partner\"\nkind = \"injection_debug\"\npeers = [\"{watched}\"]\nconnections = 2\n"
    );
    fs::write(&gateway.config, configuration + &table).expect("it is ours");
    gateway.cli(&["reload"]).ended(0);
    soon("the configuration is in force", || {
        gateway.stderr().contains("is in force").then_some(())
    });
    for subject in ["first", "second", "third"] {
        send(watched, subject);
    }
    send(other, "of another");

    let written = log(&gateway);
    for expected in [
        " S: 220 mx.example.test",
        " C: EHLO partner.example.com",
        " C: MAIL FROM:<carol@partner.example.com>",
        " D: Subject: first",
        " D: Subject: second",
        " S: 250 2.0.0 Ok: queued as",
        " C: QUIT",
    ] {
        assert!(
            written.contains(expected),
            "{expected:?} is missing in\n{written}"
        );
    }
    for absent in ["before", "third", "of another"] {
        assert!(!written.contains(absent), "{absent:?} is in\n{written}");
    }
}
