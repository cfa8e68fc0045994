//! Promise: one protocol over every driver. The transcripts that the protocol's own tests play without a network, and the
//! engine's over a simulated one, are played here against the running program.

use crate::harness::{Gateway, NextHop, Options, Smtp, message, postern, repository, run_to_end, skip};
use crate::transcript::{Turn, fits, parse};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Transcripts that are played at once: some of them wait for the delays that clients who err get.
const PLAYERS: usize = 12;

#[test]
fn transcripts_hold_over_io_uring() {
    let hop = NextHop::start();
    let options = Options::new(&hop)
        .top("driver = \"io_uring\"")
        .listener("tls = \"off\"");
    let mut gateway = options.prepare();
    gateway.launch();
    let ready = gateway.try_until_ready();
    if let Err(said) = ready {
        assert!(said.contains("a ring cannot be made"), "{said}");
        return skip("io_uring", &format!("this kernel or sandbox forbids it: {said}"));
    }
    all_transcripts_hold(&gateway, &hop, "io_uring");
}

#[test]
fn transcripts_hold_over_epoll() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop)
        .top("driver = \"epoll\"")
        .listener("tls = \"off\"")
        .start();
    all_transcripts_hold(&gateway, &hop, "epoll");
}

#[test]
fn a_driver_that_does_not_exist_is_a_mistake_in_the_configuration() {
    let hop = NextHop::absent();
    let gateway = Options::new(&hop).top("driver = \"carrier-pigeon\"").prepare();
    let ran = run_to_end(
        postern(&["run", "--config"]).arg(&gateway.config),
        "",
        Duration::from_secs(30),
    )
    .ended(1);
    assert!(
        ran.err.contains("driver") && ran.err.contains("io_uring"),
        "{}",
        ran.err
    );
}

fn all_transcripts_hold(gateway: &Gateway, hop: &NextHop, driver: &str) {
    let said = gateway.stderr();
    assert!(
        said.contains(&format!("shards on {driver}")),
        "the log tells the driver:\n{said}"
    );
    let mut names: Vec<PathBuf> = fs::read_dir(repository().join("tests/transcripts"))
        .expect("the transcripts are in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    assert!(names.len() >= 40, "transcripts have got lost: {}", names.len());
    let (address, left, wrong) = (gateway.smtp(), Mutex::new(names), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                while let Some(name) = { left.lock().unwrap().pop() } {
                    if let Err(why) = play(address, &parse(&fs::read_to_string(&name).unwrap())) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{} over {driver}: {why}", name.display()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("after all of them"),
    );
    hop.wait_for_text("Subject: after all of them");
}

/// Plays one transcript, and says what did not fit.
fn play(address: SocketAddr, turns: &[Turn]) -> Result<(), String> {
    let mut smtp = Smtp::raw(address);
    let mut closed = false;
    for turn in turns {
        let played = match turn {
            Turn::ClientSends(octets) => smtp.try_send(octets).map_err(|why| why.to_string()),
            Turn::ClientCloses => {
                smtp.close();
                Ok(())
            }
            Turn::ServerSays(expected) => smtp.try_line().and_then(|line| match fits(expected, &line) {
                true => Ok(()),
                false => Err(format!("expected: {expected}")),
            }),
            Turn::ServerCloses => {
                closed = true;
                nothing_more(&mut smtp)
            }
        };
        played.map_err(|why| format!("{why}\n{}", smtp.said()))?;
    }
    if !closed {
        smtp.close();
        nothing_more(&mut smtp).map_err(|why| format!("{why}\n{}", smtp.said()))?;
    }
    Ok(())
}

fn nothing_more(smtp: &mut Smtp) -> Result<(), String> {
    let rest = smtp.rest()?;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("said more than expected: {}", rest.escape_ascii()))
    }
}
