use crate::harness::*;
use postern_vocab::{Disposition,Mid};
use postern_vocab::events::*;
#[test]
fn perf() {
    let house = House::new();
    let n = 40_000u64;
    let mut recs = vec![];
    for i in 1..=n {
        recs.push(at(i/1000, connected(i)));
        let mut m = message(i, &[("ann@example.com", Disposition::Deliver)]);
        m.facts.as_mut().unwrap().icid = postern_vocab::Icid(i);
        recs.push(accepted(i/1000, m));
        recs.push(at(i/1000, disconnected(i, &["EHLO a","MAIL FROM:<bounce@example.net>","RCPT TO:<ann@example.com>","DATA","QUIT"])));
        recs.push(at(i/1000, attempted(i, &[0], Outcome::Delivered)));
        recs.push(at(i/1000, Event::Finished{mid: Mid(i)}));
    }
    let feds = numbered(1, recs);
    let t = std::time::Instant::now();
    for b in feds.chunks(1024) { house.feed(b); }
    let e = t.elapsed();
    eprintln!("fed {n} messages, {} records in {e:?}: {:.0} msg/s", feds.len(), n as f64/e.as_secs_f64());
    let t = std::time::Instant::now();
    house.ask(postern_quarantine::api::Request::Track(postern_quarantine::api::TrackQuery{subject: Some("nothing".into()), ..Default::default()}));
    eprintln!("scan of {n} rows {:?}", t.elapsed());
}
