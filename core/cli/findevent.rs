//! `postern findevent`: all lines of the messages that fit, as on the appliances administrators know: the log is read
//! once for the MIDs that fit and once for their lines.

use super::args::Findevent;
use super::grep::compiled;
use super::log::{self, Lines};
use super::output::Output;
use super::status_of;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_vocab::Mid;
use regex_automata::meta::Regex;
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a message is looked for by: the marks that stand before the value in a log line, and the value.
struct Wanted {
    marks: &'static [&'static str],
    value: Regex,
}

/// Searches.
pub fn findevent(config: &Config, wishes: &Findevent, output: &mut Output) -> Result<ExitCode, Trouble> {
    let path = log::path(config, &wishes.log)?;
    let mids = match wanted(wishes)? {
        None => wishes.mid.into_iter().collect(),
        Some(wanted) => {
            let mut mids = HashSet::new();
            each_line(&path, |line| {
                mids.extend(mid_of(line).filter(|_| wanted.fits(line)));
                Ok(())
            })?;
            mids
        }
    };
    let mut found = false;
    each_line(&path, |line| {
        if mid_of(line).is_some_and(|mid| mids.contains(&mid)) {
            found = true;
            output.line(line)?;
        }
        Ok(())
    })?;
    Ok(status_of(found))
}

/// `None` when the MID itself was given.
fn wanted(wishes: &Findevent) -> Result<Option<Wanted>, Trouble> {
    let given: [(&'static [&'static str], &Option<String>); 3] = [
        (&[" From: "], &wishes.from),
        // The second is what a refused recipient's line has.
        (&[" To: ", " Address: "], &wishes.to),
        (&[" Subject "], &wishes.subject),
    ];
    for (marks, value) in given {
        if let Some(value) = value {
            let value = compiled(value, wishes.any_case)?;
            return Ok(Some(Wanted { marks, value }));
        }
    }
    Ok(None)
}

impl Wanted {
    fn fits(&self, line: &str) -> bool {
        let values = self.marks.iter().filter_map(|mark| line.split_once(mark));
        values
            .map(|(_, value)| unwrapped(value))
            .any(|value| self.value.is_match(value))
    }
}

/// What stands between angle brackets, or between the quotes around all of it.
fn unwrapped(value: &str) -> &str {
    match value.strip_prefix('<') {
        Some(rest) => rest.split('>').next().unwrap_or_default(),
        None => value
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or(value),
    }
}

fn each_line(path: &PathBuf, mut seen: impl FnMut(&str) -> Result<(), Trouble>) -> Result<(), Trouble> {
    let mut lines = Lines::of(log::open(path)?);
    loop {
        let line = lines
            .next()
            .map_err(Trouble::io(format!("cannot read the log {}", path.display())))?;
        match line.or_else(|| lines.rest()) {
            Some(line) => seen(&line)?,
            None => return Ok(()),
        }
    }
}

/// The message a line is about: the number after the first `MID` or `Message`, before any text of a stranger's.
fn mid_of(line: &str) -> Option<Mid> {
    let mut words = line.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word == "MID" || word == "Message" {
            // `Message done DCID 3 MID 7` goes on to the MID; `Message 7 to RID [0] pending` does not.
            if let Some(mid) = words.clone().next().and_then(|next| next.parse().ok()) {
                return Some(mid);
            }
        }
        if word.starts_with(['<', '\'']) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_message_names_it() {
        let rows = [
            ("Sat Nov 21 21:00:00 2026 Info: Start MID 6 ICID 5", Some(6)),
            (
                "Sat Nov 21 21:00:00 2026 Info: MID 6 ICID 5 RID 0 To: <mary@example.com>",
                Some(6),
            ),
            ("Info: Delivery start DCID 2 MID 6 to RID [0]", Some(6)),
            ("Info: Message done DCID 2 MID 6 to RID [0]", Some(6)),
            ("Info: Message finished MID 6 done", Some(6)),
            (
                "Info: Message 6 to RID [0] pending till Mon Mar 31 20:01:23 2003",
                Some(6),
            ),
            ("Info: Bounced: DCID 3 MID 6 to RID 0 - 5.1.0 - Unknown", Some(6)),
            ("Info: New SMTP ICID 5 interface inbound", None),
            ("Info: ICID 5 said '<MID 6'", None),
        ];
        for (line, mid) in rows {
            assert_eq!(mid_of(line), mid.map(Mid), "{line}");
        }
    }

    #[test]
    fn values_fit_where_they_stand_and_nowhere_else() {
        let from = Wanted {
            marks: &[" From: "],
            value: compiled("^mary@", true).expect("valid"),
        };
        assert!(from.fits("Info: MID 6 ICID 5 From: <Mary@example.com>"));
        assert!(!from.fits("Info: MID 6 ICID 5 RID 0 To: <mary@example.com>"));
        let subject = Wanted {
            marks: &[" Subject "],
            value: compiled("^Hello$", false).expect("valid"),
        };
        assert!(subject.fits("Info: MID 6 Subject 'Hello'"));
        assert!(!subject.fits("Info: MID 6 Subject 'Hello again'"));
        let to = Wanted {
            marks: &[" To: ", " Address: "],
            value: compiled("^mary@example.com$", false).expect("valid"),
        };
        assert!(to.fits("Info: MID 6 ICID 5 Address: <mary@example.com> recipient rejected, 550 5.1.1 (x)"));
    }
}
