//! `postern scan`: the judgement of message files, without a daemon and without an envelope.

use super::args::{CONFIG_FILE, Scan};
use super::output::Output;
use super::trouble::Trouble;
use super::{configuration, message_file, status_of};
use postern_engine::policy::{self, AntiSpam};
use postern_engine::scan::{EnvelopeView, Scanner};
use postern_vocab::{Envelope, ReverseName, text::one_line};
use serde_json::json;
use std::io::{self, BufRead as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints one line a file. A file that cannot be read is told on standard error, and the exit status tells of it.
pub fn scan(config: &Path, wishes: &Scan, output: &mut Output) -> Result<ExitCode, Trouble> {
    let (hostname, antispam) = rules(config)?;
    let scanner = Scanner::new(&hostname);
    let mut all_read = true;
    let mut one = |file: &Path, output: &mut Output| -> Result<(), Trouble> {
        match message_file::read(file) {
            Ok(message) => output
                .value(&judged(file, &message, &scanner, &antispam))
                .map_err(Trouble::from),
            Err(error) => {
                all_read = false;
                eprintln!(
                    "postern: cannot read {}: {error}",
                    one_line(&file.display().to_string(), 4_096)
                );
                Ok(())
            }
        }
    };
    for file in &wishes.files {
        if file.as_os_str() != "-" {
            one(file, output)?;
            continue;
        }
        for name in io::stdin().lock().lines() {
            let name = name.map_err(Trouble::io("cannot read the names on standard input"))?;
            one(&PathBuf::from(name), output)?;
        }
    }
    Ok(status_of(all_read))
}

/// Our name and the thresholds: the configuration's, or the defaults on a machine that has none.
fn rules(config: &Path) -> Result<(String, AntiSpam), Trouble> {
    if config == Path::new(CONFIG_FILE) && !config.exists() {
        return Ok(("localhost".to_owned(), AntiSpam::default()));
    }
    let config = configuration::read(config)?;
    Ok((config.hostname.to_string(), config.policy.antispam))
}

fn judged(file: &Path, message: &[u8], scanner: &Scanner, antispam: &AntiSpam) -> serde_json::Value {
    // A file has no envelope and came from nowhere: nothing here may speak for or against it.
    let view = EnvelopeView {
        envelope: &Envelope::default(),
        helo: "sender.example",
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        reverse: &ReverseName::NotAsked,
    };
    let scan = scanner.scan(message, &view);
    let judgement = policy::judge(&scan.findings, &scan.mime, antispam);
    json!({
        "file": file.display().to_string(),
        "score": judgement.score,
        "verdict": judgement.verdict,
        "findings": scan.findings,
        "unscannable": judgement.unscannable,
    })
}
