//! Promise: a name server that is slow, wrong or dead delays nobody beyond a second, and a reverse name is believed only
//! when it leads back to its address.

use crate::harness::{Gateway, NameServer, NextHop, Options, Smtp, message, own_address, reverse_of, soon};
use std::fs;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// The banner's second, and what a busy machine may add.
const BANNER: Duration = Duration::from_millis(1500);

fn gateway(server: &NameServer) -> (Gateway, NextHop) {
    let hop = NextHop::start();
    (Options::new(&hop).name_server(server).start(), hop)
}

/// One message from this address; its MID.
#[track_caller]
fn mail_from(gateway: &Gateway, client: Ipv4Addr) -> u64 {
    let mut smtp = Smtp::raw_from(client, gateway.smtp());
    smtp.expect(220);
    smtp.ask("EHLO client.example.com", 250);
    let mid = smtp.accepted("alice@example.net", &["bob@example.test"], &message("a name"));
    smtp.ask("QUIT", 221);
    mid
}

/// The line of mail_logs that tells who connected from there.
#[track_caller]
fn logged(gateway: &Gateway, client: Ipv4Addr) -> String {
    let client = format!(" address {client} ");
    soon("the connection is in mail_logs", || {
        let log = fs::read_to_string(gateway.data_dir.join("logs/mail_logs")).ok()?;
        log.lines().find(|line| line.contains(&client)).map(str::to_owned)
    })
}

#[test]
fn no_banner_is_later_than_a_second_because_of_a_name_server_that_never_answers() {
    let server = NameServer::start(own_address(), "* SILENT");
    let (gateway, _hop) = gateway(&server);
    for _ in 0..3 {
        let start = Instant::now();
        let client = own_address();
        let mut smtp = Smtp::raw_from(client, gateway.smtp());
        smtp.expect(220);
        let took = start.elapsed();
        assert!(took < BANNER, "the banner took {took:?}");
        assert!(server.asked(&reverse_of(client), "PTR") > 0, "it was asked");
        smtp.ask("QUIT", 221);
    }
}

#[test]
fn a_reverse_name_that_leads_back_is_verified_and_one_that_does_not_is_a_claim() {
    let (honest, liar) = (own_address(), own_address());
    let table = format!(
        "{} PTR mail.example.net\nmail.example.net A {honest}\n{} PTR mail.example.net",
        reverse_of(honest),
        reverse_of(liar)
    );
    let server = NameServer::start(own_address(), &table);
    let (gateway, _hop) = gateway(&server);
    for (client, shown, verified) in [
        (honest, format!("{honest} (mail.example.net)"), "yes"),
        (liar, format!("{liar} (claims to be mail.example.net)"), "no"),
    ] {
        let mid = mail_from(&gateway, client).to_string();
        let page = gateway.cli(&["show", "MID", &mid]).out;
        assert!(page.contains(&shown), "{page}");
        let line = logged(&gateway, client);
        let expected = format!("reverse dns host mail.example.net verified {verified}");
        assert!(line.contains(&expected), "{line}");
    }
}

#[test]
fn a_name_server_that_fails_or_answers_something_else_is_no_absence() {
    let rows = [
        ("* SERVFAIL", "(reverse name: no answer)"),
        ("* WRONG-ID", "(reverse name: no answer)"),
        ("", "(no reverse name)"),
    ];
    for (table, shown) in rows {
        let server = NameServer::start(own_address(), table);
        let (gateway, _hop) = gateway(&server);
        let mid = mail_from(&gateway, own_address()).to_string();
        let page = gateway.cli(&["show", "MID", &mid]).out;
        assert!(page.contains(shown), "{table}: {page}");
        assert!(server.asked_in_all() > 0, "{table}");
    }
}
