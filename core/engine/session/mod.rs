//! One incoming connection: carries octets between the driver and the protocol, and the protocol's questions to those
//! who can answer them. Knows no SMTP and no policy itself.
//!
//! | file | part of a connection |
//! |---|---|
//! | `opening` | up to the banner: who the client is, which group it belongs to, whether it may stay |
//! | `sender`, `recipient` | what MAIL FROM and RCPT TO are measured by |
//! | `login` | AUTH, XCLIENT |
//! | `record` | what tracking hears |

mod login;
mod opening;
mod proxy;
mod recipient;
mod record;
mod sender;

use crate::arrival::{self, Arrival};
use crate::driver::Driver;
use crate::injection_debug::ConversationLog;
use crate::link::Link;
use crate::net::{Conn, Net, Received, receive_within};
use crate::shard::{Proof, Shard};
use crate::shared::Charge;
use crate::stopping::Phase;
use crate::traffic::Permit;
use bytes::{Bytes, BytesMut};
use opening::TurnedAway;
use postern_policy::{FlowPolicy, Policy};
use postern_smtp::{Question, Server, Step};
use postern_vocab::events::{Disconnected, Ending, Incident, IncidentKind, Stage};
use postern_vocab::refusals;
use postern_vocab::{
    Access, Classification, Direction, Envelope, Event, Icid, Mid, Peer, Reply, ReverseName, ReversePath,
    Timestamp, TlsFacts, limits,
};
use std::any::Any;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

type ConnOf<D> = <<D as Driver>::Net as Net>::Conn;

/// Serves one connection to its end. A mistake of ours in it costs this connection only.
pub async fn serve<D: Driver>(shard: Rc<Shard<D>>, conn: ConnOf<D>, listener: Rc<str>) {
    let icid = shard.shared.ids.next_icid();
    let link = Rc::new(Link::new(conn));
    let running = begin(&shard, &link, (icid, listener));
    if caught(running).await.is_err() {
        Box::pin(apologize(&shard, &link, icid)).await;
    }
}

/// The session in memory of its own, once: a future that holds another by value may hold it twice.
fn begin<D: Driver>(
    shard: &Rc<Shard<D>>,
    link: &Rc<Link<ConnOf<D>>>,
    named: (Icid, Rc<str>),
) -> Pin<Box<dyn Future<Output = ()>>> {
    let mut session = Session::new(Rc::clone(shard), Rc::clone(link), named);
    Box::pin(async move { session.run().await })
}

/// Runs to the end, or to a panic. What a session shares with others (cells of the shard, the link) is whole between any
/// two steps of it that can panic.
async fn caught(mut running: Pin<Box<dyn Future<Output = ()>>>) -> Result<(), Box<dyn Any + Send>> {
    let step = |context: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)));
        polled.map_or_else(|panic| Poll::Ready(Err(panic)), |poll| poll.map(Ok))
    };
    std::future::poll_fn(step).await
}

async fn apologize<D: Driver>(shard: &Shard<D>, link: &Link<ConnOf<D>>, icid: Icid) {
    let detail = "the session panicked; the daemon's log has the place".to_owned();
    shard.record(Event::Incident(Incident {
        icid,
        kind: IncidentKind::InternalError,
        detail,
    }));
    let sorry = Bytes::from_static(b"421 4.3.0 Internal error, closing; please try again later\r\n");
    // The peer may be gone; the incident is on record either way.
    let _ = tokio::time::timeout(limits::SEND_TIMEOUT, link.send(vec![sorry])).await;
}

struct Session<D: Driver> {
    shard: Rc<Shard<D>>,
    link: Rc<Link<ConnOf<D>>>,
    server: Server,
    icid: Icid,
    opened_at: Timestamp,
    peer: Peer,
    /// The proxy that named the peer.
    proxy: Option<IpAddr>,
    /// Whose commands these are: the client that a PROXY header names, or else the other end of the connection. Whom it
    /// names by XCLIENT is another's word for another, and is trusted with nothing by it.
    speaker: IpAddr,
    reverse: ReverseName,
    classification: Classification,
    /// The rules in force when the connection was classified.
    policy: Arc<Policy>,
    /// Why nothing is taken from this client, told at each recipient.
    turned_away: Option<Box<TurnedAway>>,
    /// Its place among the connections of its address and network.
    permit: Option<Permit>,
    tls: Option<Box<TlsFacts>>,
    helo: String,
    helo_valid: bool,
    extended: bool,
    /// Of the open transaction, or of the one before.
    mid: Option<Mid>,
    sender: Option<ReversePath>,
    /// Whether rates and checks do not bind the sender of the open transaction.
    sender_permitted: bool,
    /// Where everything that is said is written, for chosen peers.
    log: Option<Box<ConversationLog>>,
    /// The share of the memory budget that the body on its way in has.
    charge: Charge,
}

/// What is being read: it says how long stopping waits for us, and what memory it takes.
#[derive(Clone, Copy)]
enum Reading {
    /// An idle connection holds next to nothing, and is closed as soon as stopping begins.
    Commands,
    /// A message on its way in may finish.
    Body,
}

/// What the protocol is told about a question.
enum Answer {
    Yes,
    No(Reply),
    /// No, and that is the end of it.
    Never(Reply),
}

impl Reading {
    fn of(step: &Step) -> Option<Self> {
        match step {
            Step::Read => Some(Self::Commands),
            Step::ReadBody => Some(Self::Body),
            _ => None,
        }
    }
}

impl<D: Driver> Session<D> {
    fn new(shard: Rc<Shard<D>>, link: Rc<Link<ConnOf<D>>>, (icid, listener): (Icid, Rc<str>)) -> Self {
        let peer = Peer {
            remote: link.remote(),
            local: link.local(),
            listener: listener.as_ref().to_owned(),
        };
        let speaker = peer.remote.ip();
        let opened_at = shard.clock.now();
        let server = Server::new(Arc::clone(&shard.shared.server_settings), opened_at);
        let charge = shard.shared.bodies.charge();
        let policy = shard.shared.policy.load_full();
        Self {
            shard,
            link,
            server,
            icid,
            opened_at,
            peer,
            proxy: None,
            speaker,
            reverse: ReverseName::NotAsked,
            classification: Classification::default(),
            policy,
            turned_away: None,
            permit: None,
            tls: None,
            helo: String::new(),
            helo_valid: false,
            extended: false,
            mid: None,
            sender: None,
            sender_permitted: false,
            log: None,
            charge,
        }
    }

    async fn run(&mut self) {
        let ending = match Box::pin(self.open()).await {
            Ok(()) => self.converse().await,
            Err(ending) => ending,
        };
        self.note_protocol();
        let (conversation, lines_left_out) = self.server.take_conversation();
        self.shard.record(Event::Disconnected(Disconnected {
            icid: self.icid,
            ending,
            tls: self.tls.take().map(|facts| *facts),
            user: self.server.user().map(str::to_owned),
            received_bytes: self.server.received_bytes(),
            accepted_messages: self.server.accepted_messages(),
            conversation,
            lines_left_out,
        }));
        drop(self.permit.take());
        if ending != Ending::Lost {
            Box::pin(self.close(ending)).await;
        }
    }

    async fn converse(&mut self) -> Ending {
        loop {
            let step = self.server.next_step(self.shard.clock.now());
            self.note_protocol();
            match Reading::of(&step) {
                Some(what) => {
                    drop(step);
                    self.read(what).await;
                }
                // Boxed: a connection that waits for its client does not carry the room that answers take.
                None => {
                    if let Some(ending) = Box::pin(self.take_step(step)).await {
                        return ending;
                    }
                }
            }
        }
    }

    /// Does what the protocol asks for, but for reading; the ending, if it is the last.
    async fn take_step(&mut self, step: Step) -> Option<Ending> {
        match step {
            Step::Read | Step::ReadBody => unreachable!("the caller reads"),
            Step::StartTls => self.start_tls(&[]).await,
            Step::Ask(Question::Message { body, envelope }) => self.message(body, envelope).await,
            Step::Ask(Question::Xclient(attributes)) => self.named_by_proxy(attributes).await,
            Step::Ask(question) => match self.answer(question).await {
                Answer::Yes => self.server.answer(Ok(())),
                Answer::No(reply) => self.server.answer(Err(reply)),
                Answer::Never(reply) => self.server.answer_and_close(&reply),
            },
            Step::Delay(wait) => tokio::time::sleep(wait).await,
            Step::Close(ending) => {
                self.send().await;
                return Some(ending);
            }
        }
        None
    }

    /// The mail flow policy in force for this connection.
    fn flow(&self) -> &FlowPolicy {
        self.policy.hat.policy_of(&self.classification)
    }

    /// Whether this client may send to anywhere.
    fn may_relay(&self) -> bool {
        self.classification.access == Access::Relay || self.server.user().is_some()
    }

    /// Sends what is due, then reads more.
    async fn read(&mut self, what: Reading) {
        if !self.send().await {
            return;
        }
        let limit = self
            .server
            .deadline_within(self.shard.shared.config.limits.command_timeout);
        let until = match what {
            Reading::Commands => Phase::Draining,
            Reading::Body => Phase::Closing,
        };
        let buffer = self.server.take_buffer();
        let mut stop = pin!(self.shard.stopping.reached(until));
        let (received, buffer) = receive_within(&*self.link, buffer, limit, stop.as_mut()).await;
        let now = self.shard.clock.now();
        match received {
            Received::Octets(octets) => {
                self.charge.set(match what {
                    // Between two chunks a message waits with the protocol.
                    Reading::Commands => self.server.held_bytes() as u64,
                    Reading::Body => buffer.capacity() as u64,
                });
                self.server.give_buffer(buffer, octets, now);
            }
            Received::TimedOut => self.server.timed_out(now),
            Received::Interrupted => self.server.shut_down(now),
            Received::Lost => self.server.lost(now),
        }
    }

    /// The handshake, with what has already come of it.
    async fn start_tls(&mut self, early: &[u8]) {
        if !self.send().await {
            return;
        }
        let settings = self.shard.shared.equipment.tls.in_force();
        let handshake = self.link.upgrade(&settings, early);
        let done = tokio::time::timeout(limits::TLS_HANDSHAKE_TIMEOUT, handshake).await;
        let now = self.shard.clock.now();
        match done {
            Ok(Ok(facts)) => {
                self.tls = Some(Box::new(facts));
                self.server.tls_established(now);
            }
            Ok(Err(failure)) => self.server.tls_failed(&failure.to_string(), now),
            Err(_) => self.server.tls_failed("the handshake was not done in time", now),
        }
    }

    /// Closes so that our last reply arrives. A socket that is closed with octets unread resets the connection, and the
    /// reset may overtake the reply that says why (RFC 1122 §4.2.2.13); so what still comes is read and thrown away, for
    /// a moment.
    async fn close(&self, ending: Ending) {
        self.link.shutdown_send();
        if ending == Ending::Quit && !self.link.has_input() {
            return;
        }
        let (mut buffer, mut thrown_away) = (BytesMut::with_capacity(limits::LINGER_READ_BYTES), 0);
        while thrown_away < limits::LINGER_BYTES_MAX {
            buffer.clear();
            let read = receive_within(
                &*self.link,
                buffer,
                limits::LINGER_TIMEOUT,
                std::future::pending(),
            );
            match read.await {
                (Received::Octets(octets), back) if octets > 0 => {
                    thrown_away += octets;
                    buffer = back;
                }
                _ => return,
            }
        }
    }

    /// Whether the connection still stands.
    async fn send(&mut self) -> bool {
        let output = self.server.take_output();
        if output.is_empty() {
            return true;
        }
        let sent = tokio::time::timeout(limits::SEND_TIMEOUT, self.link.send(vec![output])).await;
        let stands = matches!(sent, Ok(Ok(())));
        if !stands {
            self.server.lost(self.shard.clock.now());
        }
        stands
    }

    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Hello {
                name,
                extended,
                valid,
            } => {
                (self.helo, self.helo_valid, self.extended) = (name, valid, extended);
                Answer::Yes
            }
            Question::Auth(credentials) => self.log_in(&credentials).await,
            Question::Sender { path, .. } => self.may_send(path).await,
            Question::Recipient { address } => self.may_receive(address).await,
            Question::Data => match self.has_room() {
                Ok(()) => Answer::Yes,
                Err(reply) => self.refuse(Stage::Data, None, (reply, "no room for another message")),
            },
            Question::Message { .. } | Question::Xclient(_) => {
                unreachable!("these are answered by the conversation itself")
            }
        }
    }

    /// Memory and disk for one more message: asked before it is begun, so that nothing accepted has to be given up.
    fn has_room(&self) -> Result<(), Reply> {
        if self.shard.stopping.has_reached(Phase::Draining) {
            return Err(refusals::STOPPING.reply);
        }
        let short = self.shard.disk_full.get()
            || self.shard.shared.bodies.is_spent()
            || self.shard.journal.failure().is_some();
        match short {
            true => Err(refusals::NO_ROOM.reply),
            false => Ok(()),
        }
    }

    async fn message(&mut self, body: BytesMut, envelope: Envelope) {
        // Replies to what came before do not wait for the disk.
        self.send().await;
        let mut charge = std::mem::replace(&mut self.charge, self.shard.shared.bodies.charge());
        charge.set(body.len() as u64);
        if let Some(log) = &mut self.log {
            log.message(&body, self.shard.clock.now());
        }
        let arrival = Arrival {
            mid: self
                .mid
                .expect("MAIL FROM gave it out, and without one there is no DATA"),
            icid: self.icid,
            peer: &self.peer,
            reverse: &self.reverse,
            classification: &self.classification,
            tls: self.tls.as_deref(),
            user: self.server.user(),
            direction: match self.may_relay() {
                true => Direction::Outbound,
                false => Direction::Inbound,
            },
            helo: &self.helo,
            helo_valid: self.helo_valid,
            extended: self.extended,
            envelope,
        };
        let answer: Result<Proof, Reply> = arrival::take(&self.shard, arrival, body.freeze(), charge).await;
        self.server.answer_message(answer);
    }
}
