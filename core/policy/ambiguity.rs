//! What can be read two ways: one program checks one reading, a mail client shows the other. RFC 7103 §7, RFC 9989.
//!
//! Which ambiguities hold a message, with the rates that were measured, is in the README of this room.

use postern_vocab::{Facts, ReversePath};

/// An oddity that makes a message ambiguous, in plain words, and whether it does so in a bounce too. Bounces of real
/// mail servers come with `From: MAILER-DAEMON <>` (RFC 5321 §4.5.5): they name nobody, so they pose as nobody.
const AMBIGUITIES: [(&str, &str, bool); 8] = [
    ("header.empty=from", "nobody in the From field", false),
    ("header.malformed=from", "no address in the From field", true),
    ("header.duplicate=from", "two From fields", true),
    ("header.duplicate=sender", "two Sender fields", true),
    ("header.duplicate=reply-to", "two Reply-To fields", true),
    ("header.duplicate=subject", "two Subject fields", true),
    ("header.duplicate=date", "two Date fields", true),
    ("mime.ambiguous", "its parts can be taken apart in two ways", true),
];

/// What is ambiguous about a message, in plain words.
pub(crate) fn ambiguities(facts: &Facts) -> Vec<&'static str> {
    let bounce = facts.envelope.sender == ReversePath::Null;
    let oddities = &facts.mime.oddities;
    AMBIGUITIES
        .iter()
        .filter(|(_, _, in_bounces)| *in_bounces || !bounce)
        .filter(|(oddity, ..)| oddities.iter().any(|one| one == oddity))
        .map(|(_, words, _)| *words)
        .collect()
}
