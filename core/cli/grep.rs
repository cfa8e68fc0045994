//! `postern grep`: the lines of a log that a regular expression fits.

use super::args::Grep;
use super::log::{self, Lines};
use super::output::Output;
use super::status_of;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use std::process::ExitCode;

/// Searches.
pub fn grep(config: &Config, wishes: Grep, output: &mut Output) -> Result<ExitCode, Trouble> {
    let mut rest = wishes.rest.into_iter();
    let pattern = wishes.pattern.or_else(|| rest.next());
    let pattern = pattern.ok_or_else(|| Trouble::Usage("grep needs a pattern".to_owned()))?;
    let log = rest.next().unwrap_or_else(|| "mail_logs".to_owned());
    if rest.next().is_some() {
        return Err(Trouble::Usage("grep searches one log at a time".to_owned()));
    }
    let regex = compiled(&pattern, wishes.any_case)?;
    let path = log::path(config, &log)?;
    let mut lines = Lines::of(log::open(&path)?);
    let mut found = false;
    loop {
        let line = lines
            .next()
            .map_err(Trouble::io(format!("cannot read the log {}", path.display())))?;
        let Some(line) = line.or_else(|| lines.rest()) else {
            return Ok(status_of(found));
        };
        if regex.is_match(&line) {
            found = true;
            output.line(line)?;
        }
    }
}

/// The regular expression, bounded in what it may take of memory and time by the library.
pub fn compiled(pattern: &str, any_case: bool) -> Result<Regex, Trouble> {
    let syntax = syntax::Config::new().case_insensitive(any_case);
    Regex::builder().syntax(syntax).build(pattern).map_err(|error| {
        Trouble::Usage(format!(
            "\"{pattern}\" is not a regular expression: {}",
            cause(&error)
        ))
    })
}

fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_unless_told_otherwise_and_a_bad_pattern_is_wrong_usage() {
        assert!(!compiled("mid 7", false).expect("valid").is_match("MID 7"));
        assert!(compiled("mid 7", true).expect("valid").is_match("MID 7"));
        assert!(matches!(compiled("(", false), Err(Trouble::Usage(_))));
    }
}
