//! One incoming connection: carries octets between the driver and the protocol, and the protocol's questions to those
//! who can answer them. Knows no SMTP and no policy itself.

use crate::arrival::{self, Arrival};
use crate::driver::Driver;
use crate::net::{Conn, Net, Received, receive_within};
use crate::shard::{Proof, Shard};
use crate::shared::Charge;
use crate::stopping::Phase;
use crate::trace_header::Protocol;
use bytes::{Bytes, BytesMut};
use postern_policy::RatAnswer;
use postern_smtp::{ProtocolRefusal, Question, Server, Step};
use postern_vocab::events::{Connected, Disconnected, Ending, Incident, IncidentKind, Refused, Stage};
use postern_vocab::{
    Address, Classification, Envelope, Event, Icid, Mid, Peer, Reply, ReverseName, ReversePath, limits,
};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::spawn_local;

type ConnOf<D> = <<D as Driver>::Net as Net>::Conn;

/// Serves one connection to its end. A mistake of ours in it costs this connection only.
pub async fn serve<D: Driver>(shard: Rc<Shard<D>>, conn: ConnOf<D>, listener: &str) {
    let icid = shard.shared.ids.next_icid();
    let conn = Rc::new(conn);
    let peer = Peer {
        remote: conn.remote(),
        local: conn.local(),
        listener: listener.to_owned(),
    };
    let session = Session::new(Rc::clone(&shard), Rc::clone(&conn), icid, peer);
    if spawn_local(session.run()).await.is_err() {
        let detail = "the session panicked; the daemon's log has the place".to_owned();
        shard.record(Event::Incident(Incident {
            icid,
            kind: IncidentKind::InternalError,
            detail,
        }));
        let sorry = Bytes::from_static(b"421 4.3.0 Internal error, closing; please try again later\r\n");
        // The peer may be gone; the incident is on record either way.
        let _ = tokio::time::timeout(limits::SEND_TIMEOUT, conn.send(vec![sorry])).await;
    }
}

struct Session<D: Driver> {
    shard: Rc<Shard<D>>,
    conn: Rc<ConnOf<D>>,
    server: Server,
    icid: Icid,
    peer: Peer,
    reverse: ReverseName,
    helo: String,
    helo_valid: bool,
    protocol: Protocol,
    /// Of the open transaction, or of the one before.
    mid: Option<Mid>,
    sender: Option<ReversePath>,
    /// The share of the memory budget that the body on its way in has.
    charge: Charge,
}

/// What is being read: it says how long we wait, how long stopping waits for us, and what memory it takes.
#[derive(Clone, Copy)]
enum Reading {
    /// An idle connection holds next to nothing, and is closed as soon as stopping begins.
    Commands,
    /// A message on its way in may finish.
    Body,
}

impl Reading {
    /// Octets that count against the budget for bodies.
    fn charged(self, buffer: &BytesMut) -> u64 {
        match self {
            Self::Commands => 0,
            Self::Body => buffer.capacity() as u64,
        }
    }
}

impl<D: Driver> Session<D> {
    fn new(shard: Rc<Shard<D>>, conn: Rc<ConnOf<D>>, icid: Icid, peer: Peer) -> Self {
        let server = Server::new(Arc::clone(&shard.shared.server_settings), shard.clock.now());
        let charge = shard.shared.bodies.charge();
        Self {
            shard,
            conn,
            server,
            icid,
            peer,
            reverse: ReverseName::NotAsked,
            helo: String::new(),
            helo_valid: false,
            protocol: Protocol::default(),
            mid: None,
            sender: None,
            charge,
        }
    }

    async fn run(mut self) {
        self.open().await;
        let ending = self.converse().await;
        self.note_protocol();
        let (conversation, lines_left_out) = self.server.take_conversation();
        self.shard.record(Event::Disconnected(Disconnected {
            icid: self.icid,
            ending,
            tls: None,
            user: None,
            received_bytes: self.server.received_bytes(),
            accepted_messages: self.server.accepted_messages(),
            conversation,
            lines_left_out,
        }));
        if ending != Ending::Lost {
            self.close(ending).await;
        }
    }

    /// Everything up to the banner.
    async fn open(&mut self) {
        self.reverse = self.shard.dns.reverse(self.peer.remote.ip()).await;
        self.shard.record(Event::Connected(Connected {
            icid: self.icid,
            peer: self.peer.clone(),
            reverse: self.reverse.clone(),
            classification: Classification::default(),
            proxy: None,
        }));
        if self.conn.has_input() {
            let (_, early) = self
                .conn
                .receive(BytesMut::with_capacity(limits::COMMAND_BUFFER_BYTES))
                .await;
            if !early.is_empty() {
                self.server.early_input(&early);
            }
        }
        let answer = self.may_connect();
        if let Err(reply) = &answer {
            self.refused(Stage::Connect, None, reply, "too many connections");
        }
        self.server.open(answer);
    }

    fn may_connect(&self) -> Result<(), Reply> {
        let full =
            self.shard.connections.load(Ordering::Relaxed) > self.shard.shared.config.limits.connections;
        match full {
            true => Err(Reply::fixed(
                421,
                "4.3.2",
                "Too many connections, try again later",
            )),
            false => Ok(()),
        }
    }

    async fn converse(&mut self) -> Ending {
        loop {
            let step = self.server.next_step(self.shard.clock.now());
            self.note_protocol();
            match step {
                Step::Read => self.read(Reading::Commands).await,
                Step::ReadBody => self.read(Reading::Body).await,
                Step::Ask(Question::Message { body, envelope }) => self.message(body, envelope).await,
                Step::Ask(question) => {
                    let answer = self.answer(question);
                    self.server.answer(answer);
                }
                Step::StartTls => unreachable!("not offered"),
                Step::Delay(wait) => tokio::time::sleep(wait).await,
                Step::Close(ending) => {
                    self.send().await;
                    return ending;
                }
            }
        }
    }

    /// Sends what is due, then reads more.
    async fn read(&mut self, what: Reading) {
        if !self.send().await {
            return;
        }
        let patience = self.server.deadline();
        let (limit, until) = match what {
            Reading::Commands => (
                patience.min(self.shard.shared.config.limits.command_timeout),
                Phase::Draining,
            ),
            Reading::Body => (patience, Phase::Closing),
        };
        let buffer = self.server.take_buffer();
        let stop = self.shard.stopping.reached(until);
        let (received, buffer) = receive_within(&*self.conn, buffer, limit, stop).await;
        let now = self.shard.clock.now();
        match received {
            Received::Octets(octets) => {
                self.charge.set(what.charged(&buffer));
                self.server.give_buffer(buffer, octets, now);
            }
            Received::TimedOut => self.server.timed_out(now),
            Received::Interrupted => self.server.shut_down(now),
            Received::Lost => self.server.lost(now),
        }
    }

    /// Closes so that our last reply arrives. A socket that is closed with octets unread resets the connection, and the
    /// reset may overtake the reply that says why (RFC 1122 §4.2.2.13); so what still comes is read and thrown away, for
    /// a moment.
    async fn close(&self, ending: Ending) {
        self.conn.shutdown_send();
        if ending == Ending::Quit && !self.conn.has_input() {
            return;
        }
        let (mut buffer, mut thrown_away) = (BytesMut::with_capacity(limits::LINGER_READ_BYTES), 0);
        while thrown_away < limits::LINGER_BYTES_MAX {
            buffer.clear();
            let read = receive_within(
                &*self.conn,
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
        let sent = tokio::time::timeout(limits::SEND_TIMEOUT, self.conn.send(vec![output])).await;
        let stands = matches!(sent, Ok(Ok(())));
        if !stands {
            self.server.lost(self.shard.clock.now());
        }
        stands
    }

    fn answer(&mut self, question: Question) -> Result<(), Reply> {
        match question {
            Question::Hello {
                name,
                extended,
                valid,
            } => {
                (self.helo, self.helo_valid) = (name, valid);
                self.protocol = if extended { Protocol::Esmtp } else { Protocol::Smtp };
                Ok(())
            }
            Question::Sender { path, .. } => self.may_send(path),
            Question::Recipient { address } => self.may_receive(address),
            Question::Data => self.has_room().inspect_err(|reply| {
                self.refused(Stage::Data, None, reply, "no room for another message");
            }),
            Question::Auth(_) | Question::Xclient(_) => unreachable!("neither is offered"),
            Question::Message { .. } => unreachable!("messages are answered where they can be awaited"),
        }
    }

    fn may_send(&mut self, path: ReversePath) -> Result<(), Reply> {
        self.mid = None;
        self.sender = Some(path);
        if let Err(reply) = self.has_room() {
            self.refused(Stage::Sender, None, &reply, "no room for another message");
            return Err(reply);
        }
        self.mid = Some(self.shard.shared.ids.next_mid());
        Ok(())
    }

    fn may_receive(&self, address: Address) -> Result<(), Reply> {
        let RatAnswer::Refuse {
            reply,
            rule,
            incident,
        } = self.shard.shared.policy.load().rat.check(&address)
        else {
            return Ok(());
        };
        if let Some(kind) = incident {
            self.incident(kind, address.to_string());
        }
        self.refused(Stage::Recipient, Some(address), &reply, rule);
        Err(reply)
    }

    /// Memory and disk for one more message: asked before it is begun, so that nothing accepted has to be given up.
    fn has_room(&self) -> Result<(), Reply> {
        if self.shard.stopping.has_reached(Phase::Draining) {
            return Err(Reply::fixed(421, "4.3.2", "Service is stopping, try again later"));
        }
        let short = self.shard.disk_full.get()
            || self.shard.shared.bodies.is_spent()
            || self.shard.journal.failure().is_some();
        match short {
            true => Err(Reply::fixed(
                452,
                "4.3.1",
                "Insufficient system storage, try again later",
            )),
            false => Ok(()),
        }
    }

    async fn message(&mut self, body: BytesMut, envelope: Envelope) {
        // Replies to what came before do not wait for the disk.
        self.send().await;
        let mut charge = std::mem::replace(&mut self.charge, self.shard.shared.bodies.charge());
        charge.set(body.len() as u64);
        let arrival = Arrival {
            mid: self
                .mid
                .expect("MAIL FROM gave it out, and without one there is no DATA"),
            icid: self.icid,
            peer: &self.peer,
            reverse: &self.reverse,
            helo: &self.helo,
            helo_valid: self.helo_valid,
            protocol: self.protocol,
            envelope,
        };
        let answer: Result<Proof, Reply> = arrival::take(&self.shard, arrival, body.freeze(), charge).await;
        self.server.answer_message(answer);
    }

    /// Puts on record what the protocol has seen since this was last called.
    fn note_protocol(&mut self) {
        for (kind, detail) in self.server.take_incidents() {
            self.incident(kind, detail);
        }
        for refusal in self.server.take_refusals() {
            self.protocol_refused(refusal);
        }
    }

    fn incident(&self, kind: IncidentKind, detail: String) {
        self.shard.record(Event::Incident(Incident {
            icid: self.icid,
            kind,
            detail,
        }));
    }

    fn protocol_refused(&self, refusal: ProtocolRefusal) {
        let recipient = refusal.recipient.as_deref().and_then(|text| text.parse().ok());
        let rule = match (&recipient, refusal.recipient) {
            (None, Some(text)) => format!("{}: {text}", refusal.rule),
            _ => refusal.rule.to_owned(),
        };
        self.shard.record(Event::Refused(Refused {
            icid: self.icid,
            mid: self.mid.filter(|_| refusal.stage > Stage::Sender),
            stage: refusal.stage,
            sender: refusal.sender,
            recipient,
            accepted_recipients: refusal.accepted_recipients,
            reply: refusal.reply,
            rule,
            judged: None,
        }));
    }

    fn refused(&self, stage: Stage, recipient: Option<Address>, reply: &Reply, rule: &str) {
        let envelope = self.server.envelope();
        self.shard.record(Event::Refused(Refused {
            icid: self.icid,
            mid: self.mid,
            stage,
            sender: self.sender.clone(),
            recipient,
            accepted_recipients: envelope.map(|one| one.recipients.clone()).unwrap_or_default(),
            reply: reply.clone(),
            rule: rule.to_owned(),
            judged: None,
        }));
    }
}
