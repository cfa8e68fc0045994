//! Accept and relay: the same load for the gateway, for a bare sink and for Postfix, one after another. The gateway and
//! Postfix relay to a sink in this process.

use super::figures::{Figures, Ratios, Run};
use super::floor::Floor;
use super::gateway::Gateway;
use super::machine::Machine;
use super::peer::Peer;
use super::place;
use crate::args::{Accept, Load};
use crate::process::{self, Spent, of_process, of_tree};
use crate::sink::{self, Count};
use crate::source::{self, Plan};
use crate::tally::us_per_message;
use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Messages before those that count: processes start, files grow, caches fill.
const WARM_UP_MESSAGES: u64 = 500;
/// How long the sink may take to get everything.
const DELIVERY_MAX: Duration = Duration::from_secs(300);
/// How long a subject may take to be quiet, and to be delivered without a word from the sink.
const QUIET_MAX: Duration = Duration::from_secs(120);
/// A subject is quiet when it spends less than a hundredth of this in it.
const QUIET_LOOK: Duration = Duration::from_secs(1);
/// How often the sink is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How the CPU time of a subject is read.
type Reading = fn(u32) -> io::Result<Spent>;

/// A server under the load.
struct Subject {
    address: SocketAddr,
    pid: u32,
    reading: Reading,
    /// Where it relays to.
    sink: Option<Arc<Count>>,
}

/// `postern-bench run accept`. Fails when a message did.
pub fn accept(wishes: &Accept, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let machine = Machine::here();
    let dir = place::fresh(&wishes.dir)?;
    let disk_flush_us = place::flush_us(dir.path())?;
    let (gateway, portal_cpu_us_per_message) = gateway(wishes, &dir.path().join("postern"))?;
    let floor = floor(&wishes.load)?;
    let peer = match !wishes.no_peer && Peer::is_installed() {
        true => Some((
            Peer::version().unwrap_or_default(),
            peer(wishes, &dir.path().join("postfix"))?,
        )),
        false => None,
    };
    let ratios = Ratios::new(
        &gateway,
        &floor,
        peer.as_ref().map(|(_, figures)| figures),
        disk_flush_us,
    );
    let scenario = "accept".to_owned();
    let run = Run {
        scenario,
        machine,
        disk_flush_us,
        gateway,
        portal_cpu_us_per_message,
        floor,
        peer,
        ratios,
    };
    let text = serde_json::to_string_pretty(&run)?;
    if let Some(name) = &wishes.save {
        let runs = Path::new("bench/runs");
        fs::create_dir_all(runs)?;
        fs::write(runs.join(format!("{name}.json")), format!("{text}\n"))?;
    }
    match json {
        true => crate::print(&text)?,
        false => crate::print(&run)?,
    }
    Ok(if run.gateway.load.failures() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn gateway(wishes: &Accept, dir: &Path) -> io::Result<(Figures, f64)> {
    eprintln!("postern-bench: the gateway ...");
    fs::create_dir_all(dir)?;
    let (hop, count) = sink::start()?;
    let gateway = Gateway::start(wishes, dir, hop)?;
    let portal = gateway.portal()?;
    let subject = Subject {
        address: gateway.address,
        pid: gateway.pid(),
        reading: of_process,
        sink: Some(count),
    };
    subject.warm_up(&wishes.load)?;
    let before = process::cpu(portal)?;
    let figures = subject.measure(&wishes.load)?;
    let spent = process::cpu(portal)?.saturating_sub(before);
    let portal_share = us_per_message(spent, figures.load.messages);
    Ok((figures, portal_share))
}

fn floor(load: &Load) -> io::Result<Figures> {
    eprintln!("postern-bench: the floor ...");
    let floor = Floor::start()?;
    let subject = Subject {
        address: floor.address,
        pid: floor.pid(),
        reading: of_process,
        sink: None,
    };
    subject.warm_up(load)?;
    subject.measure(load)
}

fn peer(wishes: &Accept, dir: &Path) -> io::Result<Figures> {
    eprintln!("postern-bench: Postfix ...");
    let (hop, count) = sink::start()?;
    let peer = Peer::start(dir, wishes.load.sessions, hop)?;
    let subject = Subject {
        address: peer.address,
        pid: peer.pid(),
        reading: of_tree,
        sink: Some(count),
    };
    subject.warm_up(&wishes.load)?;
    subject.measure(&wishes.load)
}

impl Subject {
    fn plan(&self, load: Load) -> Plan {
        Plan {
            to: self.address,
            load,
            from: "load@example.com".parse().expect("a valid address"),
            rcpt: "alice@example.test".parse().expect("a valid address"),
        }
    }

    fn warm_up(&self, load: &Load) -> io::Result<()> {
        let load = Load {
            messages: Some(WARM_UP_MESSAGES),
            seconds: None,
            ..load.clone()
        };
        source::run(&self.plan(load))?;
        self.settle()
    }

    fn measure(&self, load: &Load) -> io::Result<Figures> {
        let (delivered_before, connections_before) = (self.delivered(), self.connections());
        let before = (self.reading)(self.pid)?;
        let began = Instant::now();
        let report = source::run(&self.plan(load.clone()))?;
        let at_last_250 = (self.reading)(self.pid)?.since(&before);
        let took = self.wait_for_sink(delivered_before + report.messages, began)?;
        self.settle()?;
        let settled = (self.reading)(self.pid)?.since(&before);
        let mut figures = Figures::new(report, &at_last_250, &settled);
        figures.seconds_until_delivered = took.map_or(figures.load.seconds, |took| took.as_secs_f64());
        figures.relay_connections = self
            .connections()
            .zip(connections_before)
            .map(|(now, before)| now - before);
        figures.peak_memory_kib = process::peak_memory_kib(self.pid);
        Ok(figures)
    }

    fn delivered(&self) -> u64 {
        self.sink.as_ref().map_or(0, |count| count.messages())
    }

    fn connections(&self) -> Option<u64> {
        self.sink.as_ref().map(|count| count.connections())
    }

    /// When the sink had them all; nothing where there is no sink.
    fn wait_for_sink(&self, messages: u64, began: Instant) -> io::Result<Option<Duration>> {
        let waiting = Instant::now();
        while self.sink.is_some() && self.delivered() < messages {
            if waiting.elapsed() > DELIVERY_MAX {
                let missing = messages - self.delivered();
                return Err(io::Error::other(format!(
                    "{missing} messages were accepted and not delivered"
                )));
            }
            sleep(LOOK_EVERY);
        }
        Ok(self.sink.as_ref().map(|_| began.elapsed()))
    }

    /// Waits until the subject has nothing to do any more.
    fn settle(&self) -> io::Result<()> {
        let waiting = Instant::now();
        let mut last = ((self.reading)(self.pid)?.total, self.delivered());
        loop {
            sleep(QUIET_LOOK);
            let now = ((self.reading)(self.pid)?.total, self.delivered());
            let is_quiet = now.0.saturating_sub(last.0) <= QUIET_LOOK / 100 && now.1 == last.1;
            if is_quiet || waiting.elapsed() > QUIET_MAX {
                return Ok(());
            }
            last = now;
        }
    }
}
