//! One delivery connection: finds the next hop, connects, sends one message after another, and settles each.

use super::crew::Seat;
use super::queue::{Job, Lane};
use super::settle::{Attempt, settle};
use crate::cuts::kept;
use crate::dns::Unresolved;
use crate::driver::Driver;
use crate::net::{Conn, Net, Received, receive_within};
use crate::shard::Shard;
use crate::stopping::Phase;
use bytes::{Bytes, BytesMut};
use postern_journal::read_body;
use postern_smtp::{Client, ClientStep, Outgoing, Sent, body_kind};
use postern_vocab::events::DeliveryConnected;
use postern_vocab::{Dcid, Event, Reply, limits};
use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;

/// Octets read from a next hop at a time: its replies are short.
const REPLY_BUFFER_BYTES: usize = 4 * 1024;

/// Delivers what is ready in one lane, over one connection, until it is used up or nothing has come for a while.
pub async fn empty<D: Driver>(shard: Rc<Shard<D>>, seat: Seat) {
    let lane = &seat.lane;
    let addresses = match find(&shard, lane).await {
        Ok(addresses) => addresses,
        Err(reply) => return fail_all(&shard, lane, &reply).await,
    };
    let (conn, remote) = match connect(&shard, &addresses).await {
        Ok(connected) => connected,
        Err(reply) => return fail_all(&shard, lane, &reply).await,
    };
    let dcid = shard.shared.ids.next_dcid();
    let (hop, local) = (lane.to_string(), conn.local());
    shard.record(Event::DeliveryConnected(DeliveryConnected {
        dcid,
        hop,
        remote,
        local,
    }));
    let mut client = Client::new(shard.shared.config.hostname.as_str());
    for sent in 0..limits::MESSAGES_PER_DELIVERY_MAX {
        let Some(job) = next_job(&shard, &seat, (&conn, sent)).await else {
            break;
        };
        if !deliver(&shard, &conn, &mut client, (job, dcid)).await || !client.has_room() {
            break;
        }
    }
    client.quit();
    // The goodbye is a courtesy: its outcome changes nothing.
    let _ = drive(&conn, &mut client).await;
    shard.record(Event::DeliveryDisconnected { dcid });
}

/// The lane's next job. Between messages the connection is kept for a moment, since the next message often comes while
/// the last one leaves. One that the next hop has closed or spoken on meanwhile carries nothing more.
async fn next_job<D: Driver>(
    shard: &Shard<D>,
    seat: &Seat,
    (conn, sent): (&<D::Net as Net>::Conn, u32),
) -> Option<Job> {
    let idle = tokio::time::sleep(limits::DELIVERY_IDLE);
    tokio::pin!(idle);
    loop {
        if shard.stopping.has_reached(Phase::Draining) || (sent > 0 && conn.has_input()) {
            return None;
        }
        let job = shard.queue.borrow_mut().take(&seat.lane);
        if job.is_some() {
            return job;
        }
        tokio::select! {
            () = seat.wake.notified() => {}
            () = shard.stopping.reached(Phase::Draining) => {}
            () = &mut idle => return None,
        }
    }
}

async fn find<D: Driver>(shard: &Shard<D>, lane: &Lane) -> Result<Vec<SocketAddr>, Reply> {
    let found = match lane {
        Lane::Hop(hop) => shard.dns.hop(hop).await,
        Lane::Mx(domain) => shard.dns.mail_hosts(domain).await,
    };
    found.map_err(|error| match error {
        Unresolved::Temporary(why) => Reply::made(451, "4.4.3", &why),
        // A route that an administrator wrote may name a host that is not in the DNS yet: that is theirs to mend, and
        // no reason to bounce mail.
        Unresolved::Permanent(why) if matches!(lane, Lane::Hop(_)) => Reply::made(451, "4.4.4", &why),
        Unresolved::Permanent(why) => Reply::made(550, "5.1.2", &why),
    })
}

/// The first address that answers.
async fn connect<D: Driver>(
    shard: &Shard<D>,
    addresses: &[SocketAddr],
) -> Result<(<D::Net as Net>::Conn, SocketAddr), Reply> {
    let mut why = "the next hop has no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(limits::CONNECT_TIMEOUT, shard.net.connect(*address)).await {
            Ok(Ok(conn)) => return Ok((conn, *address)),
            Ok(Err(error)) => why = format!("cannot connect to {address}: {error}"),
            Err(_) => why = format!("cannot connect to {address}: no answer"),
        }
    }
    Err(Reply::made(451, "4.4.1", &why))
}

/// No connection: everything that is ready for this lane waits, without each of them trying the same again.
async fn fail_all<D: Driver>(shard: &Shard<D>, lane: &Lane, reply: &Reply) {
    let ready = shard
        .queue
        .borrow()
        .lanes_ready()
        .find(|(one, _)| *one == lane)
        .map_or(0, |(_, count)| count);
    for _ in 0..ready {
        let Some(job) = shard.queue.borrow_mut().take(lane) else {
            return;
        };
        settle(shard, Attempt::failed(job, None, reply)).await;
    }
}

/// Sends one message; whether the connection is good for another.
async fn deliver<D: Driver>(
    shard: &Shard<D>,
    conn: &<D::Net as Net>::Conn,
    client: &mut Client,
    (job, dcid): (Job, Dcid),
) -> bool {
    let body = match body_of(shard, &job) {
        Ok(body) => body,
        Err(reply) => {
            settle(shard, Attempt::failed(job, None, &reply)).await;
            return true;
        }
    };
    client.begin(outgoing(&job, &body));
    let sent = drive(conn, client).await;
    let stands = sent.is_some();
    let attempt = match sent {
        Some(Sent {
            outcomes,
            dsn_passed_on,
        }) => Attempt {
            job,
            dcid: Some(dcid),
            outcomes,
            dsn_passed_on,
        },
        None => {
            let broken = Reply::fixed(451, "4.4.2", "the connection to the next hop broke");
            Attempt::failed(job, Some(dcid), &broken)
        }
    };
    settle(shard, attempt).await;
    stands
}

/// From memory on the first attempt; later from the journal, checksum verified.
pub fn body_of<D: Driver>(shard: &Shard<D>, job: &Job) -> Result<Bytes, Reply> {
    if let Some(kept) = &job.in_memory {
        return Ok(kept.body.clone());
    }
    // The text stays with us: a bounce goes to a stranger, who is told no paths.
    read_body(&shard.files, &shard.directory, &job.content.body_at)
        .inspect_err(|error| eprintln!("postern: MID {} cannot be read back: {error}", job.content.mid))
        .map_err(|_| Reply::fixed(451, "4.3.0", "the stored message cannot be read"))
}

/// The message as it leaves: trace header in front, the cuts left out, all from the memory it is in.
fn outgoing(job: &Job, body: &Bytes) -> Outgoing {
    let content = &job.content;
    let mut pieces = vec![content.trace_header.clone()];
    pieces.extend(
        kept(body.len(), &content.cuts)
            .into_iter()
            .map(|range| body.slice(range)),
    );
    Outgoing {
        sender: job.sender().clone(),
        recipients: job.recipients(),
        body: body_kind(content.envelope.body, &pieces),
        smtputf8: content.envelope.smtputf8,
        dsn: content.envelope.dsn.clone(),
        bytes: pieces.iter().map(|piece| piece.len() as u64).sum(),
        pieces,
    }
}

/// Carries octets between the protocol and the connection until a message is done; `None` when the connection is.
async fn drive<C: Conn>(conn: &C, client: &mut Client) -> Option<Sent> {
    loop {
        match client.next_step() {
            ClientStep::Send(pieces) => {
                let sent = tokio::time::timeout(client.deadline(), conn.send(pieces)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    client.closed();
                }
            }
            ClientStep::Read => {
                let buffer = BytesMut::with_capacity(REPLY_BUFFER_BYTES);
                match receive_within(conn, buffer, client.deadline(), pending()).await {
                    (Received::Octets(octets), buffer) if octets > 0 => client.received(&buffer),
                    (Received::TimedOut, _) => client.timed_out(),
                    _ => client.closed(),
                }
            }
            ClientStep::Sent(sent) => return Some(sent),
            ClientStep::Ready | ClientStep::Done => return None,
        }
    }
}
