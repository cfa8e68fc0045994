//! What the kernel says of a process: CPU time, threads, children, memory. proc(5).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

/// The fields of /proc/PID/stat that matter here, times in ticks of the clock.
#[derive(PartialEq, Eq, Debug)]
struct Stat {
    name: String,
    parent: u32,
    own: u64,
    ended_children: u64,
}

/// CPU time that was spent, in all and by part.
#[derive(Clone, Default, Debug)]
pub struct Spent {
    /// In all.
    pub total: Duration,
    /// By name of thread or program.
    pub parts: BTreeMap<String, Duration>,
}

impl Spent {
    /// What was spent since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let less = |name: &String, now: &Duration| {
            now.saturating_sub(before.parts.get(name).copied().unwrap_or_default())
        };
        Self {
            total: self.total.saturating_sub(before.total),
            parts: self
                .parts
                .iter()
                .map(|(name, now)| (name.clone(), less(name, now)))
                .collect(),
        }
    }
}

/// User and system time of a whole process.
pub fn cpu(pid: u32) -> io::Result<Duration> {
    stat(&format!("/proc/{pid}/stat")).map(|stat| duration(stat.own))
}

/// A process, thread by thread.
pub fn of_process(pid: u32) -> io::Result<Spent> {
    let mut spent = Spent {
        total: cpu(pid)?,
        parts: BTreeMap::new(),
    };
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        if let Ok(stat) = stat(&format!("{}/stat", task?.path().display())) {
            *spent.parts.entry(without_number(&stat.name)).or_default() += duration(stat.own);
        }
    }
    Ok(spent)
}

/// A process and everything below it, program by program; children that have ended are the part `ended`.
pub fn of_tree(root: u32) -> io::Result<Spent> {
    let mut spent = Spent::default();
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        let Ok(stat) = stat(&format!("/proc/{pid}/stat")) else {
            continue;
        };
        left.extend(children(pid)?);
        spent.total += duration(stat.own + stat.ended_children);
        *spent.parts.entry(stat.name).or_default() += duration(stat.own);
        *spent.parts.entry("ended".to_owned()).or_default() += duration(stat.ended_children);
    }
    Ok(spent)
}

/// The processes that this one has started and that still run.
pub fn children(pid: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(other) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if stat(&format!("/proc/{other}/stat")).is_ok_and(|stat| stat.parent == pid) {
            found.push(other);
        }
    }
    Ok(found)
}

/// The most memory that the process had at once, in KiB.
pub fn peak_memory_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn stat(path: &str) -> io::Result<Stat> {
    let text = fs::read_to_string(path)?;
    parse(&text).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{path} is not as proc(5) has it"),
        )
    })
}

/// The name may hold spaces and parentheses: the last one ends it.
fn parse(text: &str) -> Option<Stat> {
    let (before, after) = text.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<_> = after.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

fn duration(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Threads that differ in their number only are one part.
fn without_number(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || "-: /".contains(c));
    if stem.is_empty() {
        name.to_owned()
    } else {
        stem.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name() {
        let rest = "S 7 1 1 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 100 1 1";
        for name in ["postern", "a b", "x) S 9 (y", ")"] {
            let stat = parse(&format!("42 ({name}) {rest}")).expect("good");
            assert_eq!(
                stat,
                Stat {
                    name: name.to_owned(),
                    parent: 7,
                    own: 200,
                    ended_children: 50
                }
            );
        }
        for broken in ["", "42 (x)", "42 (x) S 7 1", "42 x S"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_was_spent_is_the_difference() {
        let spent = |total, parts: &[(&str, u64)]| Spent {
            total: Duration::from_millis(total),
            parts: parts
                .iter()
                .map(|(name, ms)| ((*name).to_owned(), Duration::from_millis(*ms)))
                .collect(),
        };
        let before = spent(100, &[("shard", 80), ("gone", 20)]);
        let after = spent(350, &[("shard", 180), ("new", 50)]);
        let since = after.since(&before);
        assert_eq!(since.total, Duration::from_millis(250));
        let parts: Vec<_> = since
            .parts
            .iter()
            .map(|(name, time)| (name.as_str(), time.as_millis()))
            .collect();
        assert_eq!(parts, [("new", 50), ("shard", 100)]);
    }

    #[test]
    fn threads_are_parts_without_their_number() {
        for (name, part) in [
            ("shard-0", "shard"),
            ("rocksdb:low1", "rocksdb:low"),
            ("feed", "feed"),
            ("17", "17"),
        ] {
            assert_eq!(without_number(name), part);
        }
    }

    #[test]
    fn we_are_a_process() {
        let own = std::process::id();
        assert!(
            of_process(own).expect("we run").parts.values().sum::<Duration>()
                <= of_tree(own).expect("we run").total
        );
        assert!(peak_memory_kib(own).is_some_and(|kib| kib > 0));
    }
}
