//! The smallest house around the machine: it answers like a gateway for example.test, and keeps what it is given.

use bytes::BytesMut;
use postern_smtp::{Credentials, Question, Server, ServerSettings, Step, Stored};
use postern_vocab::events::Ending;
use postern_vocab::{Envelope, Mid, Reply, Timestamp, refusals};
use std::sync::Arc;
use std::time::Duration;

/// One connection and what came of it.
pub struct House {
    pub server: Server,
    pub now: Timestamp,
    pub messages: Vec<(Envelope, BytesMut)>,
    pub output: Vec<u8>,
    pub delays: Vec<Duration>,
    pub ending: Option<Ending>,
    /// The machine waits for the handshake: what the client sends is TLS, and not for it.
    pub handshake: bool,
    /// There is no room for the next message.
    full: bool,
    /// The most room that a buffer had.
    pub capacity_max: usize,
}

struct Kept(Mid);

impl Stored for Kept {
    fn mid(&self) -> Mid {
        self.0
    }
}

/// What the transcripts expect of the configuration.
pub fn settings() -> ServerSettings {
    ServerSettings::new(
        "mx.example.test",
        "postmaster@example.test".parse().expect("an address"),
    )
}

impl House {
    pub fn new(settings: ServerSettings) -> Self {
        let now = Timestamp(1_000_000);
        Self {
            server: Server::new(Arc::new(settings), now),
            now,
            messages: Vec::new(),
            output: Vec::new(),
            delays: Vec::new(),
            ending: None,
            handshake: false,
            full: false,
            capacity_max: 0,
        }
    }

    /// A house whose banner is out.
    pub fn opened(settings: ServerSettings) -> Self {
        let mut house = Self::new(settings);
        house.server.open(Ok(()));
        house.run();
        house
    }

    /// Takes steps until the machine needs input or closes. True when it wants to read.
    pub fn run(&mut self) -> bool {
        loop {
            match self.server.next_step(self.now) {
                Step::Read | Step::ReadBody => {
                    self.send();
                    return true;
                }
                Step::Ask(question) => self.answer(question),
                Step::Delay(time) => {
                    self.delays.push(time);
                    self.now = self.now.plus(time);
                }
                Step::StartTls => {
                    self.send();
                    self.handshake = true;
                    return false;
                }
                Step::Close(ending) => {
                    self.send();
                    self.ending = Some(ending);
                    return false;
                }
            }
        }
    }

    /// Octets from the client, in reads of at most `split` octets.
    pub fn receive(&mut self, octets: &[u8], split: usize) {
        for chunk in octets.chunks(split) {
            let mut rest = chunk;
            while !rest.is_empty() && self.ending.is_none() && !self.handshake {
                let mut buffer = self.server.take_buffer();
                let room = buffer.capacity() - buffer.len();
                assert!(room > 0, "a read needs room");
                self.capacity_max = self.capacity_max.max(buffer.capacity());
                let read = room.min(rest.len());
                buffer.extend_from_slice(&rest[..read]);
                self.server.give_buffer(buffer, read, self.now);
                rest = &rest[read..];
                self.run();
            }
        }
    }

    /// The handshake went well.
    pub fn establish_tls(&mut self) {
        self.handshake = false;
        self.server.tls_established(self.now);
        self.run();
    }

    /// End of the client's stream.
    pub fn hang_up(&mut self) {
        if self.ending.is_none() {
            let buffer = self.server.take_buffer();
            self.server.give_buffer(buffer, 0, self.now);
            self.run();
        }
    }

    /// What was said since the last call.
    pub fn said(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.output)).expect("replies are ASCII")
    }

    fn send(&mut self) {
        self.output.extend_from_slice(&self.server.take_output());
    }

    fn answer(&mut self, question: Question) {
        match question {
            Question::Message { body, envelope } => {
                self.send();
                self.messages.push((envelope, body));
                let mid = Mid(u64::try_from(self.messages.len()).expect("few"));
                self.server.answer_message(Ok(Kept(mid)));
            }
            Question::Recipient { address } => {
                let routed = address.local().contains(['%', '!', '@']);
                let local = address.domain().as_str() == "example.test" && !routed;
                let denied = refusals::RELAYING_DENIED.reply;
                self.server.answer(if local { Ok(()) } else { Err(denied) });
            }
            Question::Auth(credentials) => self.server.answer(known(&credentials)),
            Question::Xclient(_) => {
                self.server.answer(Ok(()));
                self.server.open(Ok(()));
            }
            Question::Hello { name, .. } if name == "harvester.example" => {
                self.server.answer(Err(Reply::fixed(421, "4.7.1", "Not now")));
            }
            Question::Sender { path, .. } if path.to_string() == "full@example.com" => {
                self.full = true;
                self.server.answer(Ok(()));
            }
            Question::Data if std::mem::take(&mut self.full) => {
                self.server.answer(Err(refusals::NO_ROOM.reply));
            }
            Question::Hello { .. } | Question::Sender { .. } | Question::Data => self.server.answer(Ok(())),
        }
    }
}

/// Alice's password is `secret`; of Carol the directory knows nothing now.
fn known(credentials: &Credentials) -> Result<(), Reply> {
    match (credentials.user.as_str(), credentials.password.as_str()) {
        ("alice", "secret") => Ok(()),
        ("carol", _) => Err(refusals::CREDENTIALS_UNAVAILABLE.reply),
        _ => Err(refusals::BAD_CREDENTIALS.reply),
    }
}
