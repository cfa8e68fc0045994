//! What one call of the shared counters costs, from one thread and from several at once:
//! `cargo run --release -p postern-engine --example traffic_cost`.

use ipnet::IpNet;
use postern_engine::policy::{Greylist, Rate};
use postern_engine::traffic::{Conduct, ConnectionLimits, RateKey, Traffic, Triple};
use postern_vocab::Timestamp;
use std::hash::RandomState;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

const CALLS: u32 = 1_000_000;
const THREADS: u32 = 4;
/// Clients in turn.
const CLIENTS: u32 = 100_000;
const START: Timestamp = Timestamp(20_000 * 24 * 3_600_000);

fn main() {
    let traffic = Traffic::new(RandomState::new());
    println!("nanoseconds a call      1 thread, {THREADS} threads (of one call, from its thread's view)");
    measure("connections.enter, drop", |client, _| {
        let entered = traffic
            .connections
            .enter(client, network(client), ConnectionLimits::default());
        drop(entered);
    });
    let rate = Rate {
        count: 100,
        interval: Duration::from_secs(3_600),
    };
    measure("rates.take, client", |client, now| {
        let key = RateKey::RecipientsOfClient(network(client));
        let _ = traffic.rates.take(key, 1, rate, now);
    });
    measure("rates.take, one sender", |_, now| {
        let key = RateKey::RecipientsOfSender("bulk@example.com".to_owned());
        let _ = traffic.rates.take(key, 1, rate, now);
    });
    measure("reputation.note", |client, now| {
        traffic.reputation.note(client, Conduct::Accepted, now);
    });
    measure("reputation.score", |client, now| {
        let _ = traffic.reputation.score(client, now);
    });
    measure("greylist.check", |client, now| {
        let triple = Triple {
            network: network(client),
            sender: "eve@example.net",
            recipient: "joe@example.com",
        };
        traffic.greylist.check(triple, &Greylist::default(), now);
    });
    let begun = Instant::now();
    let (reputation, greylist) = (traffic.reputation.save(START), traffic.greylist.save(START));
    let (reputation, greylist, took) = (reputation.len(), greylist.len(), begun.elapsed());
    println!("saved in {took:?}: reputation {reputation} octets, greylist {greylist} octets");
}

fn network(client: IpAddr) -> IpNet {
    client.into()
}

fn measure(name: &str, call: impl Fn(IpAddr, Timestamp) + Sync) {
    let run = || {
        let begun = Instant::now();
        for number in 0..CALLS {
            let client = IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + number % CLIENTS));
            call(client, START.plus(Duration::from_millis(u64::from(number / 10))));
        }
        begun.elapsed() / CALLS
    };
    let alone = run();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(run);
        }
    });
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let together = begun.elapsed() * THREADS.min(cores) / (CALLS * THREADS);
    println!("{name:24} {:6}, {:6}", alone.as_nanos(), together.as_nanos());
}
