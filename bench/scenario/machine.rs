//! What a figure is worthless without: machine, date and command.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many of them there are for us.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// The compiler on this machine.
    pub rustc: String,
    /// The commit that is checked out, with `+` where files were changed since.
    pub commit: String,
    /// Processes that wanted a core, one minute's average before the run; above 0 somebody else worked here.
    pub load_before: f64,
    /// When, RFC 3339.
    pub date: String,
    /// What was typed; of absolute paths only the last part.
    pub command: String,
}

impl Machine {
    /// This one, now.
    pub fn here() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpus
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cpu: cpu.map_or_else(unknown, |(_, name)| name.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |text| text.trim().to_owned()),
            rustc: said(&["rustc", "--version"]).unwrap_or_else(unknown),
            commit: commit().unwrap_or_else(unknown),
            load_before: load
                .split(' ')
                .next()
                .and_then(|number| number.parse().ok())
                .unwrap_or_default(),
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            command: shown(std::env::args()),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn commit() -> Option<String> {
    let commit = said(&["git", "rev-parse", "--short", "HEAD"])?;
    let changed =
        said(&["git", "status", "--porcelain", "--untracked-files=no"]).is_none_or(|text| !text.is_empty());
    Some(if changed { commit + "+" } else { commit })
}

fn said(words: &[&str]) -> Option<String> {
    let output = Command::new(words.first()?).args(&words[1..]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A run is committed: where somebody keeps their files is nobody's business.
fn shown(words: impl Iterator<Item = String>) -> String {
    let short = |word: String| match Path::new(&word).is_absolute() {
        true => Path::new(&word)
            .file_name()
            .map_or_else(unknown, |name| name.to_string_lossy().into_owned()),
        false => word,
    };
    words.map(short).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_places() {
        let words = [
            "/usr/local/bin/postern-bench",
            "run",
            "accept",
            "--postern",
            "/home/me/postern",
            "--dir",
            "target",
        ];
        let line = shown(words.into_iter().map(str::to_owned));
        assert_eq!(line, "postern-bench run accept --postern postern --dir target");
    }

    #[test]
    fn this_machine_is_described() {
        let machine = Machine::here();
        assert!(machine.cores > 0);
        assert!(machine.date.ends_with('Z') && !machine.kernel.is_empty());
    }
}
