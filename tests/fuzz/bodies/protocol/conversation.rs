//! One conversation of the receiving machine with octets from a fuzzer, driven as a driver does. Settings and answers are
//! chosen by the input, and what must hold at every step is asserted where it happens.
//!
//! ```text
//! input = choices, CHOICE_OCTETS of them, then flights, with FLIGHT_END and one octet between two of them:
//!   T  the TLS handshake that the machine waits for goes well     F  it fails
//!   W  half a minute passes                                       X  the deadline passes
//!   S  the daemon stops                                           anything else: nothing
//! ```

use bytes::BytesMut;
use postern_smtp::{BareLineEnds, Offer, ProtocolRefusal, Question, Server, ServerSettings, Step, Stored};
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{BodyKind, Envelope, Mid, Reply, Timestamp, limits, refusals};
use std::sync::Arc;
use std::time::Duration;

/// Octets at the start of an input that choose settings, split and answers.
pub const CHOICE_OCTETS: usize = 8;
/// What ends a flight, with the octet behind it that says what happens then.
pub const FLIGHT_END: &[u8] = b"\xff\xfe";

/// What a message buffer may have over the message limit: its first capacity, and a read or two that is mended or thrown
/// away.
const ROOM_OVER_LIMIT: usize = limits::BODY_BUFFER_BYTES + 16 * 1024;
/// Steps that one read may cost beyond one an octet: a pause, the banner, the end.
const STEPS_OVER_OCTETS: usize = 16;
/// The longest reply line, with its line end. RFC 5321 §4.5.3.1.5.
const REPLY_LINE_OCTETS_MAX: usize = 512;

/// What the first octets of an input say.
#[derive(Clone)]
pub struct Choices {
    pub settings: ServerSettings,
    in_tls: bool,
    early_octets: usize,
    /// Octets in one read.
    pub split: usize,
    answers: u32,
}

impl Choices {
    pub fn read(octets: &[u8; CHOICE_OCTETS]) -> Self {
        let [offers, flags, split, early, a, b, c, d] = *octets;
        let offer = |bits: u8| match bits & 3 {
            0 => Offer::No,
            1 => Offer::Required,
            _ => Offer::Yes,
        };
        let postmaster = "postmaster@example.test".parse().expect("an address");
        let mut settings = ServerSettings::new("mx.example.test", postmaster);
        settings.tls = offer(offers);
        settings.auth = offer(offers >> 2);
        settings.xclient = offers & 16 != 0;
        if offers & 32 != 0 {
            settings.bare_line_ends = BareLineEnds::Normalise;
        }
        if flags & 1 == 0 {
            settings.message_bytes_max = 100;
            settings.recipients_max = 2;
        }
        if flags & 2 == 0 {
            (settings.messages_max, settings.errors_max) = (2, 3);
        }
        Self {
            settings,
            in_tls: flags & 4 != 0,
            early_octets: usize::from(early) * 2,
            split: usize::from(split) + 1,
            answers: u32::from_le_bytes([a, b, c, d]),
        }
    }
}

/// All that may be seen of a conversation from outside: the same for every split.
#[derive(PartialEq, Debug)]
pub struct Seen {
    said: String,
    ending: Option<Ending>,
    messages: Vec<(Envelope, BytesMut)>,
    delays: Vec<Duration>,
    incidents: Vec<IncidentKind>,
    refusals: Vec<ProtocolRefusal>,
}

/// One conversation under way.
struct Conversation {
    server: Server,
    settings: ServerSettings,
    now: Timestamp,
    answers: u32,
    handshake: bool,
    /// How many answers said that a message is stored, to a connection that was still there.
    stored: usize,
    seen: Seen,
}

struct Kept(Mid);

impl Stored for Kept {
    fn mid(&self) -> Mid {
        self.0
    }
}

/// Plays all of it, in reads of at most `split` octets.
pub fn play(choices: &Choices, wire: &[u8], split: usize) -> Seen {
    let now = Timestamp(1_000_000);
    let mut conversation = Conversation {
        server: Server::new(Arc::new(choices.settings.clone()), now),
        settings: choices.settings.clone(),
        now,
        answers: choices.answers,
        handshake: false,
        stored: 0,
        seen: Seen {
            said: String::new(),
            ending: None,
            messages: Vec::new(),
            delays: Vec::new(),
            incidents: Vec::new(),
            refusals: Vec::new(),
        },
    };
    if choices.in_tls {
        conversation.server.tls_established(now);
    }
    let first = flights(wire).next().map_or(0, |(flight, _)| flight.len());
    let (early, rest) = wire.split_at(choices.early_octets.min(first));
    if !early.is_empty() {
        conversation.server.early_input(early);
    }
    conversation.server.open(Ok(()));
    conversation.run(early.len());
    for (flight, event) in flights(rest) {
        conversation.receive(flight, split);
        conversation.happens(event);
    }
    conversation.hang_up();
    conversation.check_the_end();
    conversation.seen
}

/// The flights of an input, each with what happens behind it.
fn flights(wire: &[u8]) -> impl Iterator<Item = (&[u8], u8)> {
    let mut rest = Some(wire);
    std::iter::from_fn(move || {
        let octets = rest?;
        let end = octets
            .windows(FLIGHT_END.len())
            .position(|window| window == FLIGHT_END);
        let Some(end) = end else {
            rest = None;
            return Some((octets, 0));
        };
        let behind = &octets[end + FLIGHT_END.len()..];
        rest = behind.get(1..);
        Some((&octets[..end], behind.first().copied().unwrap_or_default()))
    })
}

impl Conversation {
    fn receive(&mut self, flight: &[u8], split: usize) {
        for read in flight.chunks(split) {
            let mut rest = read;
            while !rest.is_empty() && self.seen.ending.is_none() && !self.handshake {
                let mut buffer = self.server.take_buffer();
                let room = buffer.capacity() - buffer.len();
                assert!(room > 0, "a read needs room");
                self.check_held(buffer.capacity());
                let read = room.min(rest.len());
                buffer.extend_from_slice(&rest[..read]);
                self.server.give_buffer(buffer, read, self.now);
                rest = &rest[read..];
                self.run(flight.len());
            }
        }
    }

    fn happens(&mut self, event: u8) {
        if self.seen.ending.is_some() {
            return;
        }
        match event {
            b'T' if self.handshake => self.server.tls_established(self.now),
            b'F' if self.handshake => self.server.tls_failed("no common version", self.now),
            b'W' => return self.now = self.now.plus(limits::BODY_PAUSE_COUNTED_MAX),
            b'X' => self.server.timed_out(self.now),
            b'S' => self.server.shut_down(self.now),
            _ => return,
        }
        self.handshake = false;
        self.run(0);
    }

    fn hang_up(&mut self) {
        if self.seen.ending.is_none() {
            let buffer = self.server.take_buffer();
            self.server.give_buffer(buffer, 0, self.now);
            self.run(0);
        }
        assert!(self.seen.ending.is_some(), "a connection that is gone ends");
    }

    /// Takes steps until the machine needs something from outside.
    fn run(&mut self, octets: usize) {
        for _ in 0..octets + STEPS_OVER_OCTETS {
            match self.server.next_step(self.now) {
                Step::Read | Step::ReadBody => return self.send(),
                Step::Ask(question) => self.answer(question),
                Step::Delay(time) => self.seen.delays.push(time),
                Step::StartTls => {
                    self.send();
                    assert!(!self.server.is_tls(), "TLS within TLS");
                    self.handshake = true;
                    return;
                }
                Step::Close(ending) => {
                    self.send();
                    self.seen.ending = Some(ending);
                    return;
                }
            }
        }
        unreachable!("more steps than octets");
    }

    fn send(&mut self) {
        let output = self.server.take_output();
        self.seen
            .said
            .push_str(std::str::from_utf8(&output).expect("replies are ASCII"));
    }

    fn answer(&mut self, question: Question) {
        let chosen = self.choose();
        match question {
            Question::Message { body, envelope } => return self.store(body, envelope, chosen),
            Question::Auth(_) => {
                assert!(self.server.is_tls() && self.settings.auth != Offer::No);
            }
            Question::Xclient(_) => {
                assert!(self.settings.xclient, "XCLIENT is for trusted clients");
                if chosen > 3 {
                    self.server.answer(Ok(()));
                    return self.server.open(Ok(()));
                }
            }
            Question::Sender { .. } => {
                let may_send = |offer, has| offer != Offer::Required || has;
                assert!(may_send(self.settings.tls, self.server.is_tls()));
                assert!(may_send(self.settings.auth, self.server.user().is_some()));
            }
            Question::Recipient { .. } | Question::Data => {
                let envelope = self.server.envelope().expect("within a transaction");
                assert!(envelope.recipients.len() <= self.settings.recipients_max);
            }
            Question::Hello { .. } => {}
        }
        match chosen {
            0 => self.server.answer(Err(refusals::STOPPING.reply)),
            1 => self.server.answer_and_close(&refusals::RELAYING_DENIED.reply),
            2 => self.server.answer(Err(refusals::NO_ROOM.reply)),
            3 => self.server.answer(Err(Reply::fixed(550, "5.7.1", "No"))),
            _ => self.server.answer(Ok(())),
        }
    }

    /// Nothing but an answer that it is stored makes the machine say so.
    fn store(&mut self, body: BytesMut, envelope: Envelope, chosen: u32) {
        self.send();
        self.check_message(&body, &envelope);
        self.seen.messages.push((envelope, body));
        let is_stored = chosen > 3;
        match is_stored {
            true => self.server.answer_message(Ok(Kept(Mid(7)))),
            false => self
                .server
                .answer_message(Err::<Kept, _>(Reply::fixed(451, "4.3.0", "Not stored"))),
        }
        self.stored += usize::from(is_stored);
        let output = self.server.take_output();
        assert_eq!(output.starts_with(b"250 "), is_stored);
        self.seen
            .said
            .push_str(std::str::from_utf8(&output).expect("replies are ASCII"));
    }

    fn check_message(&self, body: &[u8], envelope: &Envelope) {
        let sent_to = envelope.recipients.len();
        assert!((1..=self.settings.recipients_max).contains(&sent_to));
        let octets = u64::try_from(body.len()).expect("small");
        assert!(octets <= self.settings.message_bytes_max + 2, "{octets} octets");
        if envelope.body != BodyKind::BinaryMime {
            let whole = [b"\r\n", body].concat();
            let bare = whole.windows(2).any(|pair| match pair {
                [b'\r', next] => *next != b'\n',
                [last, b'\n'] => *last != b'\r',
                _ => false,
            });
            assert!(!bare && whole.ends_with(b"\r\n"), "a message is made of lines");
        }
    }

    /// A buffer has the room that was declared, or twice what came, as mended; and never much more than the limit.
    fn check_held(&self, capacity: usize) {
        let number = |octets: u64| usize::try_from(octets).expect("small");
        let came = number(self.server.received_bytes());
        let mended = match self.settings.bare_line_ends {
            BareLineEnds::Refuse => came,
            BareLineEnds::Normalise => 2 * came,
        };
        let most = number(self.settings.message_bytes_max)
            .min(limits::BODY_BUFFER_DECLARED_BYTES_MAX.max(2 * mended))
            .max(limits::AUTH_LINE_OCTETS_MAX)
            + ROOM_OVER_LIMIT;
        assert!(capacity <= most, "holds {capacity} octets, {came} came");
        assert!(self.server.held_bytes() <= most);
    }

    /// Replies are well-formed, and a message has a positive one only when it was stored.
    fn check_the_end(&mut self) {
        let said = &self.seen.said;
        assert!(said.is_empty() || said.ends_with("\r\n"));
        let (mut queued, mut data_is_due) = (0, false);
        for line in said.split_terminator("\r\n") {
            assert!(line.len() + 2 <= REPLY_LINE_OCTETS_MAX, "{line}");
            assert!(
                line.bytes().all(|octet| (b' '..=b'~').contains(&octet)),
                "{line:?}"
            );
            let code: u16 = line[..3].parse().expect("a code");
            assert!(
                (200..600).contains(&code) && [" ", "-"].contains(&&line[3..4]),
                "{line}"
            );
            let is_queued = line.starts_with("250 2.0.0 Ok: queued as ");
            assert!(!data_is_due || is_queued || code >= 400, "{line} to a message");
            queued += usize::from(is_queued);
            data_is_due = code == 354;
        }
        assert_eq!(queued, self.stored);
        let counted = usize::try_from(self.server.accepted_messages()).expect("few");
        assert_eq!(counted, self.stored);
        let incidents = self.server.take_incidents().into_iter().map(|(kind, _)| kind);
        // What came in one read with STARTTLS is in the clear, what came in the next is TLS: here the split does matter.
        self.seen.incidents = incidents
            .filter(|kind| *kind != IncidentKind::StarttlsInjection)
            .collect();
        self.seen.refusals = self.server.take_refusals();
    }

    /// The next answer: 0 to 3 are ways to say no. They depend on the choices and the questions so far, and on nothing else.
    fn choose(&mut self) -> u32 {
        let chosen = self.answers & 15;
        self.answers = self.answers.rotate_right(4);
        chosen
    }
}
