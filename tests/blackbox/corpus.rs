//! Promise: real mail is taken as it is. Three hundred messages of the development corpus, ham, spam and phish, through the
//! demo: every one accounted for, none refused, each delivered one octet by octet.

use crate::harness::{free_port, postern, repository, run_to_end, scratch, skip, trace_and_rest};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const OF_EACH: usize = 100;

#[test]
fn three_hundred_real_messages_are_all_accounted_for() {
    let corpus = std::env::var_os("POSTERN_CORPUS")
        .map_or_else(|| repository().join("../shared/corpus"), PathBuf::from);
    if !corpus.join("unpack.py").is_file() {
        return skip(
            "real mail",
            &format!("there is no corpus at {} (POSTERN_CORPUS)", corpus.display()),
        );
    }
    let home = scratch();
    let unpacked = home.path().join("unpacked");
    let mut unpack = Command::new("python3");
    unpack
        .arg(corpus.join("unpack.py"))
        .arg(&unpacked)
        .arg("--by-label");
    run_to_end(&mut unpack, "", Duration::from_secs(120)).ended(0);
    let mail = home.path().join("mail");
    fs::create_dir(&mail).unwrap();
    let mut sent: HashMap<Vec<u8>, usize> = HashMap::new();
    for label in ["ham", "spam", "phish"] {
        for file in spread(&unpacked.join(label), OF_EACH) {
            let octets = fs::read(&file).unwrap();
            fs::write(mail.join(file.file_name().unwrap()), &octets).unwrap();
            *sent.entry(on_the_wire(&octets)).or_default() += 1;
        }
    }

    let dir = home.path().join("demo");
    let ports = [free_port(), free_port(), free_port()].map(|port| port.to_string());
    let mut demo = postern(&["demo", "--for", "0", "--dir"]);
    demo.arg(&dir).arg("--mail").arg(&mail);
    demo.args([
        "--smtp-port",
        &ports[0],
        "--next-hop-port",
        &ports[1],
        "--portal-port",
        &ports[2],
    ]);
    let ran = run_to_end(&mut demo, "", Duration::from_secs(120)).ended(0);

    let account = ran
        .out
        .lines()
        .find(|line| line.starts_with("sent 300, accepted 300, "))
        .unwrap_or_else(|| panic!("{}", ran.out));
    let count = |word: &str| -> usize {
        let after = account.split_once(&format!("{word} ")).expect("a column").1;
        after.split(',').next().unwrap().parse().unwrap()
    };
    assert_eq!(
        count("delivered") + count("quarantined") + count("dropped"),
        3 * OF_EACH,
        "{account}"
    );
    assert_eq!(count("refused"), 0, "{account}");
    let delivered = files(&dir.join("delivered"));
    assert_eq!(
        delivered.len(),
        count("delivered"),
        "one file a delivered message"
    );
    for file in delivered {
        let octets = fs::read(&file).unwrap();
        let (_, rest) = trace_and_rest(&octets);
        let left = sent.get_mut(rest);
        let left = left
            .filter(|left| **left > 0)
            .unwrap_or_else(|| panic!("{} is none of those sent", file.display()));
        *left -= 1;
    }
    // Hostile or not, a good part of each kind gets through or is held; all or nothing would be a broken judgement.
    assert!(count("delivered") >= OF_EACH, "ham is delivered: {account}");
}

/// Some of the files of a directory, spread over all of it.
fn spread(directory: &Path, wanted: usize) -> Vec<PathBuf> {
    let all = files(directory);
    let step = all.len() / wanted;
    assert!(step > 0, "{} is too small", directory.display());
    all.into_iter().step_by(step).take(wanted).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}

/// LF to CRLF, and a line end behind the last line.
fn on_the_wire(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(octets.len() + octets.len() / 30);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        wire.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    wire
}
