//! The configuration from arbitrary text, and from the starter text with lines changed. `core/policy/tests/replays.rs`
//! includes this file.

use postern_policy::{Config, ConfigError, load_with, starter};
use std::path::Path;

/// An input that begins so is edits of the starter text; any other is the text itself.
const EDITS: u8 = b'\x01';

/// No panic, every mistake at a place within the text, and the same configuration from the same words.
pub fn run(octets: &[u8]) {
    let text = match octets {
        [EDITS, edits @ ..] => edited(&String::from_utf8_lossy(edits)),
        _ => String::from_utf8_lossy(octets).into_owned(),
    };
    match loaded(&text) {
        Ok(config) => {
            for (same, why) in [
                (text.clone(), "again"),
                (format!("\u{feff}{text}"), "with a byte order mark"),
                (format!("# a comment\n{text}\n# another"), "with comments"),
            ] {
                let mut again = loaded(&same).expect(why);
                // The version names the text.
                again.policy.version = config.policy.version.clone();
                assert!(again == config, "not the same {why}");
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            errors.iter().for_each(|error| check_place(error, &text));
            assert_eq!(loaded(&text), Err(errors), "again");
        }
    }
}

/// The files that a configuration names hold one good and one bad line, or are not there.
fn loaded(text: &str) -> Result<Config, Vec<ConfigError>> {
    load_with(
        text,
        "postern.toml",
        &|path: &Path| match path.to_string_lossy().len() % 2 {
            0 => Ok("zoe\nbob@example.org\n".to_owned()),
            _ => Err("not there".to_owned()),
        },
    )
}

/// A mistake in another file has its place there.
fn check_place(error: &ConfigError, text: &str) {
    assert!(
        !error.message.is_empty() && !error.to_string().contains('\n'),
        "{error:?}"
    );
    if error.file == "postern.toml" {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = text.split('\n').nth(error.line.saturating_sub(1));
        let columns = line.map_or(0, |line| line.chars().count() + 1);
        assert!(
            (1..=columns).contains(&error.column),
            "{error} is not within {text:?}"
        );
    }
}

/// The starter text with edits, one a line: a character that stands for the line (counted in steps of three, so that it
/// reaches every line), then what replaces it. An edit of the character alone takes the comment sign off the line.
fn edited(edits: &str) -> String {
    let text = starter("mx.example.test", "example.test", "192.0.2.5:25", None);
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for edit in edits.lines() {
        let Some(place) = edit.chars().next() else {
            continue;
        };
        let at = usize::try_from(u32::from(place)).expect("small").wrapping_mul(3) % lines.len();
        lines[at] = match &edit[place.len_utf8()..] {
            "" => lines[at].trim_start_matches('#').to_owned(),
            replacement => replacement.to_owned(),
        };
    }
    lines.join("\n")
}

/// The starter text, as it is and with everything in it active, and each of its tables alone with what must be there.
pub fn seeds() -> Vec<Vec<u8>> {
    let text = starter(
        "mx.example.test",
        "example.test",
        "192.0.2.5:25",
        Some("/var/lib/postern"),
    );
    let settings = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .map(|line| line.trim_start_matches('#'));
    let everything = settings.collect::<Vec<_>>().join("\n");
    let smallest = "hostname = \"mx.example.test\"\n[[listener]]\nname = \"in\"\naddress = \"127.0.0.1:25\"\n\
        [[domain]]\nname = \"example.test\"\nroute = \"192.0.2.5:25\"\n";
    let tables = everything
        .split("\n[")
        .skip(1)
        .map(|table| format!("{smallest}[{table}\n"));
    let whole = [text.clone(), everything.clone(), smallest.to_owned()];
    let edits = (0..40_u8).map(|at| vec![EDITS, b' ' + at * 2, b'\n', b'!' + at * 2]);
    whole
        .into_iter()
        .chain(tables)
        .map(String::into_bytes)
        .chain(edits)
        .collect()
}
