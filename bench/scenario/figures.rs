//! What was measured of each subject, and how the subjects compare.

use super::machine::Machine;
use crate::process::Spent;
use crate::quantiles::Quantiles;
use crate::tally::{Report, us_per_message};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One subject under the load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// What the source saw.
    pub load: Report,
    /// CPU time until the last 250, in microseconds a message; what was relayed by then is in it.
    pub cpu_us_per_message_at_last_250: f64,
    /// CPU time until all is delivered and the subject is quiet: accept, relay and, for the gateway, index.
    pub cpu_us_per_message: f64,
    /// The same by thread or program, where it is not nothing.
    pub cpu_us_per_message_by_part: BTreeMap<String, f64>,
    /// From the first connection until the sink had all of it.
    pub seconds_until_delivered: f64,
    /// Connections over which it was relayed.
    pub relay_connections: Option<u64>,
    /// The most memory at once, in KiB; of a peer the first process's only.
    pub peak_memory_kib: Option<u64>,
}

/// What is written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Which scenario.
    pub scenario: String,
    /// Where and when.
    pub machine: Machine,
    /// Write 10 KiB and flush, alone, in microseconds.
    pub disk_flush_us: Quantiles,
    /// The gateway.
    pub gateway: Figures,
    /// CPU time of its portal process, the same way as the gateway's.
    pub portal_cpu_us_per_message: f64,
    /// The bare sink.
    pub floor: Figures,
    /// The peer and its version, if it is there.
    pub peer: Option<(String, Figures)>,
    /// How they compare.
    pub ratios: Ratios,
}

/// How they compare; above 1 is more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ratios {
    /// CPU of a message, gateway to floor.
    pub cpu_of_floor: f64,
    /// CPU of a message, peer to gateway.
    pub cpu_of_peer_to_gateway: Option<f64>,
    /// Messages a second, gateway to peer.
    pub rate_to_peer: Option<f64>,
    /// p99 of end of data to 250, in median flushes of this disk.
    pub p99_in_flushes: f64,
}

impl Figures {
    /// Puts together what was counted.
    pub fn new(load: Report, at_last_250: &Spent, settled: &Spent) -> Self {
        let messages = load.messages;
        let parts = settled
            .parts
            .iter()
            .map(|(name, cpu)| (name.clone(), us_per_message(*cpu, messages)));
        Self {
            cpu_us_per_message_at_last_250: us_per_message(at_last_250.total, messages),
            cpu_us_per_message: us_per_message(settled.total, messages),
            cpu_us_per_message_by_part: parts.filter(|(_, us)| *us > 0.0).collect(),
            seconds_until_delivered: load.seconds,
            relay_connections: None,
            peak_memory_kib: None,
            load,
        }
    }
}

impl Ratios {
    /// Compares.
    pub fn new(gateway: &Figures, floor: &Figures, peer: Option<&Figures>, flush: Quantiles) -> Self {
        Self {
            cpu_of_floor: ratio(gateway.cpu_us_per_message, floor.cpu_us_per_message),
            cpu_of_peer_to_gateway: peer
                .map(|peer| ratio(peer.cpu_us_per_message, gateway.cpu_us_per_message)),
            rate_to_peer: peer
                .map(|peer| ratio(gateway.load.messages_per_second, peer.load.messages_per_second)),
            p99_in_flushes: ratio(gateway.load.end_of_data_to_250_us.p99 as f64, flush.p50 as f64),
        }
    }
}

fn ratio(one: f64, other: f64) -> f64 {
    if other > 0.0 { one / other } else { 0.0 }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.load)?;
        write!(
            f,
            "  CPU: {:.0} us a message at the last 250, {:.0} us when all was delivered ({:.1} s) and quiet",
            self.cpu_us_per_message_at_last_250, self.cpu_us_per_message, self.seconds_until_delivered
        )?;
        if let Some(connections) = self.relay_connections {
            write!(f, "\n  relayed over {connections} connections")?;
        }
        for (name, us) in &self.cpu_us_per_message_by_part {
            write!(f, "\n    {us:>8.1} us {name}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            cpu,
            cores,
            kernel,
            rustc,
            date,
            commit,
            ..
        } = &self.machine;
        writeln!(
            f,
            "{cpu}, {cores} cores, Linux {kernel}, {rustc}, commit {commit}, {date}"
        )?;
        writeln!(f, "load average before: {:.2}", self.machine.load_before)?;
        writeln!(f, "flush of this disk: {}\n", self.disk_flush_us)?;
        writeln!(f, "gateway: {}", self.gateway)?;
        writeln!(f, "portal: {:.1} us a message\n", self.portal_cpu_us_per_message)?;
        writeln!(f, "floor (bare sink): {}\n", self.floor)?;
        if let Some((version, figures)) = &self.peer {
            writeln!(f, "Postfix {version}: {figures}\n")?;
        }
        let ratios = &self.ratios;
        write!(
            f,
            "gateway's CPU a message: {:.1} times the floor's",
            ratios.cpu_of_floor
        )?;
        if let (Some(cpu), Some(rate)) = (ratios.cpu_of_peer_to_gateway, ratios.rate_to_peer) {
            write!(
                f,
                "; Postfix's is {cpu:.1} times the gateway's\nmessages a second: {rate:.1} times Postfix's"
            )?;
        }
        write!(
            f,
            "\np99 of end of data to 250: {:.1} flushes",
            ratios.p99_in_flushes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;
    use postern_vocab::Reply;
    use std::time::Duration;

    fn figures(cpu_ms: u64, messages: u32, took: Duration) -> Figures {
        let mut tally = Tally::new();
        for _ in 0..messages {
            tally.answered(&Reply::fixed(250, "2.0.0", "Ok"), 1000, Duration::from_millis(6));
        }
        let part = |ms| Spent {
            total: Duration::from_millis(ms),
            parts: BTreeMap::from([
                ("shard".to_owned(), Duration::from_millis(ms)),
                ("idle".to_owned(), Duration::ZERO),
            ]),
        };
        Figures::new(tally.report(took), &part(cpu_ms / 2), &part(cpu_ms))
    }

    #[test]
    fn figures_are_shares_of_a_message() {
        let figures = figures(200, 1000, Duration::from_secs(1));
        assert!((figures.cpu_us_per_message - 200.0).abs() < 1e-9);
        assert!((figures.cpu_us_per_message_at_last_250 - 100.0).abs() < 1e-9);
        let parts: Vec<_> = figures.cpu_us_per_message_by_part.keys().collect();
        assert_eq!(parts, ["shard"], "what cost nothing is left out");
    }

    #[test]
    fn ratios_say_who_costs_more() {
        let flush = Quantiles {
            count: 1,
            p50: 2000,
            p90: 0,
            p99: 0,
            p999: 0,
            max: 0,
        };
        let (gateway, floor) = (
            figures(200, 1000, Duration::from_secs(1)),
            figures(50, 1000, Duration::from_secs(1)),
        );
        let peer = figures(2000, 1000, Duration::from_secs(4));
        let ratios = Ratios::new(&gateway, &floor, Some(&peer), flush);
        let near = |one: f64, other: f64| (one - other).abs() < 0.01;
        assert!(near(ratios.cpu_of_floor, 4.0) && near(ratios.p99_in_flushes, 3.0));
        assert!(
            ratios
                .cpu_of_peer_to_gateway
                .is_some_and(|ratio| near(ratio, 10.0))
        );
        assert!(ratios.rate_to_peer.is_some_and(|ratio| near(ratio, 4.0)));
        assert!(near(ratio(1.0, 0.0), 0.0));
    }
}
