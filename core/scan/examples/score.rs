//! Scores message files: `score [--quiet] FILE...` prints for each its score, name, findings and oddities. With a
//! first line `@FILE` it reads names from there. For tuning; it never sends, opens or renders anything.
#![allow(
    clippy::disallowed_methods,
    reason = "a tool for developers: reads files and a clock"
)]

use postern_scan::{EnvelopeView, Scanner};
use postern_vocab::{Address, Envelope, ReverseName, ReversePath};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

fn main() {
    let scanner = Scanner::new("mx.example.net");
    let mut micros = Vec::new();
    for argument in std::env::args().skip(1) {
        let list = argument
            .strip_prefix('@')
            .map(|list| std::fs::read_to_string(list).expect("a readable list"));
        for line in list.as_deref().unwrap_or(&argument).lines() {
            micros.push(score(&scanner, line));
        }
    }
    micros.sort_unstable();
    let sum: u128 = micros.iter().sum();
    let count = micros.len().max(1);
    let at = |part: usize| micros.get(count * part / 1000).copied().unwrap_or_default();
    eprintln!(
        "{count} messages: median {} us, mean {} us, p99 {} us, worst {} us",
        at(500),
        sum / count as u128,
        at(990),
        micros.last().copied().unwrap_or_default()
    );
}

/// `line` is a file name, or a file name with client, HELO, reverse name, sender and recipient after tabs.
fn score(scanner: &Scanner, line: &str) -> u128 {
    let mut columns = line.split('\t');
    let name = columns.next().unwrap_or_default();
    let mut known = || columns.next().filter(|value| *value != "-");
    let client = known()
        .and_then(|text| text.parse().ok())
        .unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let helo = known().unwrap_or("client.example.org").to_owned();
    let reverse = match known() {
        Some("unknown") => ReverseName::None,
        Some(name) => ReverseName::Verified(name.to_owned()),
        None => ReverseName::NotAsked,
    };
    let address = |text: Option<&str>| text.and_then(|text| text.parse::<Address>().ok());
    let sender = address(known()).map_or(ReversePath::Null, ReversePath::Mailbox);
    let recipients = address(known()).into_iter().collect();
    let envelope = Envelope {
        sender,
        recipients,
        ..Envelope::default()
    };
    let view = EnvelopeView {
        envelope: &envelope,
        helo: &helo,
        client,
        reverse: &reverse,
    };
    let message = std::fs::read(name).expect("a readable file");
    let begun = Instant::now();
    let scan = scanner.scan(&message, &view);
    let took = begun.elapsed().as_micros();
    let score: i32 = scan.findings.iter().map(|finding| finding.points).sum();
    let found: Vec<String> = scan
        .findings
        .iter()
        .map(|finding| format!("{}:{}[{}]", finding.rule, finding.points, finding.detail))
        .collect();
    println!(
        "{}\t{name}\t{took}\t{} parts, depth {}\t{}\t{}",
        score.clamp(0, 100),
        scan.mime.parts,
        scan.mime.depth,
        scan.mime.oddities.join(" "),
        found.join(" ")
    );
    took
}
