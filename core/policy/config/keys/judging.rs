//! How messages are judged, and what is done with those that something was found in.

use super::{Table, default, required};

const ACTION: &str = "\"deliver\", \"quarantine\", \"drop\" or \"refuse\"";

pub(super) const ANTISPAM: Table = Table::one(
    "antispam",
    "The spam score runs from 0 to 100.",
    &[
        default(
            "antispam.suspect",
            "a whole number from 25 to antispam.positive",
            "50",
            "From this score on, a message is suspected spam.",
        ),
        default(
            "antispam.positive",
            "a whole number from 50 to 99",
            "90",
            "From this score on, a message is spam.",
        ),
        default(
            "antispam.suspect_action",
            ACTION,
            "\"deliver\"",
            "deliver (marked in the header), quarantine, drop or refuse.",
        ),
        default(
            "antispam.positive_action",
            ACTION,
            "\"quarantine\"",
            "The same, for spam.",
        ),
    ],
);

pub(super) const ANTIVIRUS: Table = Table::one(
    "antivirus",
    "What follows when a virus is found. No safelist changes it.",
    &[default(
        "antivirus.action",
        "\"quarantine\", \"drop\" or \"refuse\"",
        "\"quarantine\"",
        "quarantine, drop or refuse.",
    )],
);

pub(super) const SCAN: Table = Table::one(
    "scan",
    "What follows when a message cannot be looked into: nested too deep, too many parts, broken.",
    &[default(
        "scan.unscannable_action",
        ACTION,
        "\"quarantine\"",
        "deliver, quarantine, drop or refuse.",
    )],
);

pub(super) const QUARANTINE: Table = Table::repeated(
    "quarantine",
    "How long held mail is kept, by quarantine: \"spam\", \"virus\", \"unscannable\".",
    &[
        required(
            "quarantine.name",
            "\"spam\", \"virus\" or \"unscannable\"",
            "\"spam\"",
            "Which one.",
        ),
        default(
            "quarantine.retention",
            "a time from 1h to 3650d",
            "\"30d\"",
            "How long mail stays before it is deleted.",
        ),
    ],
);
