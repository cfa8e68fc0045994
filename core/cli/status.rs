//! `postern status`.

use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::times;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_quarantine::api::{DoorError, Health, Reply, Request};
use postern_vocab::Timestamp;
use std::process::ExitCode;
use std::time::Duration;

/// Asks the daemon how it is. No answer is a failure, and says so.
pub fn status(config: &Config, detail: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let health = match Door::of(config).ask(Request::Health)? {
        Reply::Health(health) => health,
        _ => return Err(DoorError::Unexpected.into()),
    };
    if output.json {
        output.value(&health)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in summary(&health, times::now()) {
        output.line(format_args!("{name:<14}{value}"))?;
    }
    for service in health.services.iter().filter(|one| !one.healthy) {
        output.line(format_args!(
            "{:<14}{}: {}",
            "not well", service.name, service.detail
        ))?;
    }
    if detail {
        for service in health.services.iter().filter(|one| one.healthy) {
            output.line(format_args!("{:<14}{}", "well", service.name))?;
        }
        let mut table = Table::new(&["COUNTER", "SINCE THE INDEX BEGAN"]);
        for (name, count) in &health.counts {
            table.row([name.clone(), count.to_string()]);
        }
        output.line("")?;
        output.table(&table, "nothing has been counted yet")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(health: &Health, now: Timestamp) -> Vec<(&'static str, String)> {
    let up = now.since(health.started_at);
    let behind = match health.index_behind {
        0 => "up to date".to_owned(),
        records => format!("{records} records behind; searches will soon show them"),
    };
    vec![
        (
            "postern",
            format!(
                "{}, running since {} ({})",
                health.version,
                times::shown(health.started_at),
                long(up)
            ),
        ),
        ("connections", connections(&health.connections)),
        ("queue", format!("{} messages on their way", health.queued)),
        ("quarantine", format!("{} messages held", health.held)),
        ("index", behind),
    ]
}

/// `7: 3 + 4 by shard`.
fn connections(shards: &[u64]) -> String {
    let each: Vec<String> = shards.iter().map(u64::to_string).collect();
    match shards.len() {
        0 | 1 => each.concat(),
        _ => format!("{}: {} by shard", shards.iter().sum::<u64>(), each.join(" + ")),
    }
}

/// `3 d 4 h`, `4 h 5 min`, `5 min`, `7 s`.
fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_units_that_matter() {
        for (seconds, expected) in [
            (7, "7 s"),
            (305, "5 min"),
            (14_700, "4 h 5 min"),
            (273_900, "3 d 4 h"),
        ] {
            assert_eq!(long(Duration::from_secs(seconds)), expected);
        }
    }
}
