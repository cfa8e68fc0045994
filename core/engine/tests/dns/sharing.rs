//! One resolver for all shards: its cache, and its limits.

use super::{Rig, ask, before_the_banner};
use postern_engine::dns::Dns;
use postern_vocab::{ReverseName, limits};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::task::Poll;
use std::thread;
use std::time::Instant;

#[test]
fn what_one_shard_asked_another_does_not_ask_again() {
    let rig = Rig::new(
        "1.2.0.192.in-addr.arpa PTR mx.example.net
         mx.example.net A 192.0.2.1
         7.0.0.127.in-addr.arpa PTR here.example.net",
    );
    let known = IpAddr::from([192, 0, 2, 1]);
    let here = IpAddr::from([127, 0, 0, 7]);
    let nameless = IpAddr::from([192, 0, 2, 2]);
    for shard in 0..2 {
        let dns = rig.dns.clone();
        let all = async move |dns: &Dns| {
            [
                dns.reverse(known).await,
                dns.reverse(nameless).await,
                dns.reverse(here).await,
            ]
        };
        let answers = thread::spawn(move || ask(&dns, all)).join().unwrap();
        let expected = [
            ReverseName::Verified("mx.example.net".to_owned()),
            ReverseName::None,
            ReverseName::Unverified("here.example.net".to_owned()),
        ];
        assert_eq!(answers, expected, "shard {shard}");
    }
    assert_eq!(rig.server.asked("7.0.0.127.in-addr.arpa", "PTR"), 1, "loopback");
    assert_eq!(rig.server.asked("1.2.0.192.in-addr.arpa", "PTR"), 1);
    assert_eq!(rig.server.asked("mx.example.net", "A"), 1);
    assert_eq!(
        rig.server.asked("2.2.0.192.in-addr.arpa", "PTR"),
        1,
        "that there is nothing, too"
    );
}

#[test]
fn a_failure_is_not_remembered() {
    let rig = Rig::new("* SERVFAIL");
    let reverse = || rig.ask(async |dns| dns.reverse([192, 0, 2, 1].into()).await);
    assert_eq!(reverse(), ReverseName::Unknown);
    rig.server
        .set("1.2.0.192.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1");
    assert_eq!(reverse(), ReverseName::Verified("mx.example.net".to_owned()));
}

#[test]
fn a_late_answer_is_there_for_the_next_connection() {
    let rig = Rig::new(
        "1.2.0.192.in-addr.arpa LATE 1300\n1.2.0.192.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1",
    );
    let reverse = || before_the_banner(|| rig.ask(async |dns| dns.reverse([192, 0, 2, 1].into()).await));
    assert_eq!(reverse(), ReverseName::Unknown);
    assert_eq!(reverse(), ReverseName::Verified("mx.example.net".to_owned()));
}

#[test]
fn dead_name_servers_cost_a_few_clients_a_second_and_the_others_nothing() {
    let known = "1.2.0.192.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1";
    let rig = Rig::new(known);
    let reverse = |host: u8| rig.ask(async |dns| dns.reverse([192, 0, 2, host].into()).await);
    let verified = ReverseName::Verified("mx.example.net".to_owned());
    assert_eq!(reverse(1), verified);
    rig.server.set("* SILENT");
    let mut host = 1;
    let mut took = limits::BANNER_DNS_TIMEOUT;
    while took > limits::BANNER_DNS_TIMEOUT / 2 {
        host += 1;
        assert!(host < 10, "nobody noticed that the name server is dead");
        let start = Instant::now();
        assert_eq!(before_the_banner(|| reverse(host)), ReverseName::Unknown);
        took = start.elapsed();
    }
    let deadline = Instant::now() + limits::DNS_LOOKUP_TIMEOUT;
    while reverse(1) != verified {
        assert!(Instant::now() < deadline, "the cache still knows");
    }
    rig.server.set("100.2.0.192.in-addr.arpa PTR back.example.net");
    let back = ReverseName::Unverified("back.example.net".to_owned());
    let deadline = Instant::now() + limits::DNS_LOOKUP_TIMEOUT;
    while reverse(100) != back {
        assert!(Instant::now() < deadline, "nobody noticed that it lives again");
    }
}

#[test]
fn a_slow_zone_of_someone_does_not_make_the_name_server_look_dead() {
    let rig = Rig::new(
        "*.198.in-addr.arpa SILENT\n1.2.0.192.in-addr.arpa LATE 300\n1.2.0.192.in-addr.arpa PTR mx.example.net",
    );
    for host in 1..4 {
        let reverse = rig.ask(async |dns| dns.reverse([198, 51, 100, host].into()).await);
        assert_eq!(reverse, ReverseName::Unknown);
    }
    let reverse = rig.ask(async |dns| dns.reverse([192, 0, 2, 1].into()).await);
    assert_eq!(reverse, ReverseName::Unverified("mx.example.net".to_owned()));
}

#[test]
fn a_crowd_that_comes_at_once_is_answered() {
    let rig = Rig::new("*.in-addr.arpa PTR mx.example.net\nmx.example.net A 192.0.2.1");
    let named = rig.ask(async |dns| {
        let mut asking = tokio::task::JoinSet::new();
        for host in 1..=200 {
            let dns = dns.clone();
            asking.spawn(async move { dns.reverse(Ipv4Addr::new(192, 0, 2, host).into()).await });
        }
        let answers = asking.join_all().await;
        answers.iter().filter(|answer| answer.name().is_some()).count()
    });
    assert_eq!(named, 200);
}

#[test]
fn over_the_limit_of_look_ups_the_answer_comes_at_once() {
    let rig = Rig::new("* SILENT");
    let (over, took) = rig.ask(async |dns| {
        let mut under_way = Vec::new();
        for number in 0..limits::DNS_LOOKUPS_MAX {
            let [.., high, low] = u32::try_from(number).unwrap().to_be_bytes();
            let mut asking = Box::pin(dns.reverse(Ipv4Addr::new(198, 18, high, low).into()));
            // As far as it gets without an answer.
            let begun = poll_fn(|shard| Poll::Ready(asking.as_mut().poll(shard).is_pending()));
            assert!(begun.await, "number {number}");
            under_way.push(asking);
        }
        let start = Instant::now();
        (dns.reverse([192, 0, 2, 1].into()).await, start.elapsed())
    });
    assert_eq!(over, ReverseName::Unknown);
    assert!(took < limits::BANNER_DNS_TIMEOUT / 2, "{took:?}");
    assert_eq!(rig.server.asked("1.2.0.192.in-addr.arpa", "PTR"), 0);
}
