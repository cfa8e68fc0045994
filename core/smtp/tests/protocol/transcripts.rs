//! Every transcript in tests/transcripts, whole, octet by octet and in odd pieces: the split must not matter.
#![allow(clippy::disallowed_methods)] // The transcripts are fixtures on disk, shared with the engine's driver tests.
#![allow(clippy::panic)] // A transcript that cannot be read is a test that fails.

use crate::house::{House, settings};
use crate::transcript::{Turn, fits, parse};
use postern_smtp::{BareLineEnds, Offer, ServerSettings};
use std::path::{Path, PathBuf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts");

/// Plays one transcript and says what did not fit, if anything. A line `T.` is the TLS handshake, done well.
fn play(text: &str, split: usize) -> Result<(), String> {
    let mut house = house(text);
    for (at, part) in text.split("\nT.\n").enumerate() {
        match (at, house.handshake) {
            (0, _) => {}
            (_, true) => house.establish_tls(),
            (_, false) => return Err("did not wait for TLS".to_owned()),
        }
        play_part(&parse(part), &mut house, split)?;
    }
    Ok(())
}

fn play_part(turns: &[Turn], house: &mut House, split: usize) -> Result<(), String> {
    let mut said = String::new();
    for turn in turns {
        said.push_str(&house.said());
        match turn {
            Turn::ServerSays(expected) => {
                let (line, rest) = said
                    .split_once("\r\n")
                    .ok_or(format!("silence instead of: {expected}"))?;
                if !fits(expected, line) {
                    return Err(format!("expected: {expected}\n     got: {line}"));
                }
                said = rest.to_owned();
            }
            _ if !said.is_empty() => return Err(format!("said more than expected: {said}")),
            Turn::ClientSends(octets) => house.receive(octets, split),
            Turn::ClientCloses => house.hang_up(),
            Turn::ServerCloses if house.ending.is_none() => return Err("did not close".to_owned()),
            Turn::ServerCloses => {}
        }
    }
    said.push_str(&house.said());
    if said.is_empty() {
        Ok(())
    } else {
        Err(format!("said more than expected: {said}"))
    }
}

/// A house as the first line of the transcript asks for it: `# settings: tls auth`.
fn house(text: &str) -> House {
    let words = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# settings:"));
    let (mut settings, mut in_tls) = (settings(), false);
    for word in words.unwrap_or_default().split_whitespace() {
        match word {
            "tls" => settings.tls = Offer::Yes,
            "tls-required" => settings.tls = Offer::Required,
            "auth" => settings.auth = Offer::Yes,
            "auth-required" => settings.auth = Offer::Required,
            "in-tls" => in_tls = true,
            "xclient" => settings.xclient = true,
            "normalise" => settings.bare_line_ends = BareLineEnds::Normalise,
            "small" => small(&mut settings),
            _ => panic!("not a setting: {word}"),
        }
    }
    let mut house = House::new(settings);
    if in_tls {
        house.server.tls_established(house.now);
    }
    house.server.open(Ok(()));
    house.run();
    house
}

fn small(settings: &mut ServerSettings) {
    settings.message_bytes_max = 100;
    settings.recipients_max = 2;
    settings.messages_max = 2;
    settings.errors_max = 3;
}

fn texts_in(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_transcript_holds_in_every_split() {
    let (plain, with_settings) = (
        texts_in(Path::new(FOLDER)),
        texts_in(&Path::new(FOLDER).join("settings")),
    );
    assert!(
        plain.len() >= 70 && with_settings.len() >= 20,
        "transcripts have got lost: {} and {}",
        plain.len(),
        with_settings.len()
    );
    let mut wrong = Vec::new();
    for name in plain.iter().chain(&with_settings) {
        let text = std::fs::read_to_string(name).expect("readable");
        for split in [usize::MAX, 1, 2, 7] {
            if let Err(difference) = play(&text, split) {
                wrong.push(format!("{} in pieces of {split}:\n{difference}", name.display()));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
