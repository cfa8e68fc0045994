//! Every transcript in tests/transcripts, whole, octet by octet and in odd pieces: the split must not matter.
#![allow(clippy::disallowed_methods)] // The transcripts are fixtures on disk, shared with the engine's driver tests.

use crate::house::{House, settings};
use crate::transcript::{Turn, fits, parse};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts");

/// Plays one transcript and says what did not fit, if anything.
fn play(turns: &[Turn], split: usize) -> Result<(), String> {
    let mut house = House::opened(settings());
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

#[test]
fn every_transcript_holds_in_every_split() {
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .expect("the folder is in the repository")
        .map(|entry| entry.expect("readable").path())
        .collect();
    names.sort();
    assert!(names.len() >= 40, "transcripts have got lost: {}", names.len());
    let mut wrong = Vec::new();
    for name in names {
        let turns = parse(&std::fs::read_to_string(&name).expect("readable"));
        for split in [usize::MAX, 1, 2, 7] {
            if let Err(difference) = play(&turns, split) {
                wrong.push(format!("{} in pieces of {split}:\n{difference}", name.display()));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
