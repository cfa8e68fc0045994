//! The receiving machine, with everything the input can choose: settings, early octets, splits, answers, TLS, time.
#![allow(clippy::disallowed_methods)] // The seeds are the transcripts, fixtures on disk.

use super::conversation::{CHOICE_OCTETS, Choices, FLIGHT_END, play};
use crate::transcript::{Turn, parse};
use std::path::Path;

const TRANSCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts");

/// No panic, no promise broken, and the same conversation for every split of the same octets.
pub fn run(octets: &[u8]) {
    let Some((choices, wire)) = octets.split_first_chunk::<CHOICE_OCTETS>() else {
        return;
    };
    let choices = Choices::read(choices);
    let seen = play(&choices, wire, choices.split);
    // How long a pause was shows at the next read, and that one depends on the split.
    let waits = [FLIGHT_END, b"W"].concat();
    if !wire.windows(waits.len()).any(|window| window == waits) {
        assert_eq!(seen, play(&choices, wire, usize::MAX));
    }
}

/// Every transcript with what its settings ask for: answered yes, and with a no somewhere, in small reads.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for folder in [Path::new(TRANSCRIPTS), &Path::new(TRANSCRIPTS).join("settings")] {
        let entries = std::fs::read_dir(folder).expect("the folder is in the repository");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
        names.retain(|name| name.extension().is_some_and(|extension| extension == "txt"));
        names.sort();
        texts.extend(
            names
                .iter()
                .map(|name| std::fs::read_to_string(name).expect("readable")),
        );
    }
    let all_yes = texts.iter().map(|text| seed(text, 255, u32::MAX));
    let one_no = texts.iter().zip((0..32_u32).cycle()).map(|(text, at)| {
        let (question, no) = (at % 8, at / 8);
        let answers = !(0xf << (4 * question)) | (no << (4 * question));
        seed(text, 6, answers)
    });
    all_yes.chain(one_no).collect()
}

fn seed(text: &str, split: u8, answers: u32) -> Vec<u8> {
    let words = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# settings:"));
    let (mut offers, mut flags) = (0, 3);
    for word in words.unwrap_or_default().split_whitespace() {
        match word {
            "tls" => offers |= 2,
            "tls-required" => offers |= 1,
            "auth" => offers |= 8,
            "auth-required" => offers |= 4,
            "xclient" => offers |= 16,
            "normalise" => offers |= 32,
            "in-tls" => flags |= 4,
            "small" => flags &= 4,
            _ => {}
        }
    }
    let mut octets = [&[offers, flags, split, 0][..], &answers.to_le_bytes()].concat();
    for (at, part) in text.split("\nT.\n").enumerate() {
        if at > 0 {
            octets.extend_from_slice(&[FLIGHT_END, b"T"].concat());
        }
        for turn in parse(part) {
            if let Turn::ClientSends(sent) = turn {
                octets.extend_from_slice(&sent);
            }
        }
    }
    octets
}
