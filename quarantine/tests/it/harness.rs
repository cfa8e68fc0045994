//! A store in a directory of its own, the door to it, and a mail side that remembers what it is given.

use bytes::Bytes;
use crossbeam::channel::{Receiver, Sender, bounded};
use postern_quarantine::api::{
    Client, DoorError, Failure, HeldFilter, HeldKey, HeldRow, OPERATOR_SOCKET, PORTAL_SOCKET, Reply, Request,
    Role, Who,
};
use postern_quarantine::{Door, Fed, Mail, Settings, Store};
use postern_vocab::events::{
    Accepted, Attempted, Connected, DeliveryConnected, Disconnected, Ending, Event, Line, Origin, Outcome,
    Refused, Speaker, Stage,
};
use postern_vocab::{
    Classification, Dcid, Decision, Direction, Disposition, Envelope, Facts, HeaderFacts, Icid, Mid,
    MimeFacts, Peer, RecipientDecision, Recorded, Reply as SmtpReply, ReverseName, ReversePath, Rid,
    Timestamp, Verdict,
};
use postern_vocab::{ListChange, Submission};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// 2026-11-21T21:00:00Z.
pub const NOW: Timestamp = Timestamp(1_795_294_800_000);
pub const RETENTION: Duration = Duration::from_secs(14 * 24 * 3_600);

pub type Submitted = (Submission, Sender<Result<Mid, String>>);

pub fn clock() -> Timestamp {
    NOW.plus(Duration::from_secs(3_600))
}

pub fn settings() -> Settings {
    Settings {
        retention: [("virus".to_owned(), Duration::from_secs(24 * 3_600))].into(),
        retention_default: RETENTION,
        digest_from: "postern@example.com".parse().expect("valid"),
        version: "1.2.3".to_owned(),
        clock,
    }
}

/// A store with its door open.
pub struct House {
    pub dir: TempDir,
    pub store: Arc<Store>,
    pub door: Option<Door>,
    pub operator: Client,
    pub portal: Client,
    /// What the mail side was given and has not answered.
    pub submitted: Receiver<Submitted>,
    /// List changes in order.
    pub changes: Arc<Mutex<Vec<ListChange>>>,
}

impl House {
    pub fn new() -> Self {
        Self::in_dir(tempfile::tempdir().expect("a directory"), settings())
    }

    pub fn in_dir(dir: TempDir, settings: Settings) -> Self {
        let store = Arc::new(Store::open(&dir.path().join("index"), settings).expect("opens"));
        let (submit, submitted) = bounded(16);
        let changes = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&changes);
        let mail = Mail {
            submit,
            lists_changed: Box::new(move |change| noted.lock().expect("whole").push(change)),
            gateway: Box::new(crate::harness::Idle),
        };
        let run = dir.path().join("run");
        let door = Door::open(&run, Arc::clone(&store), mail).expect("opens");
        Self {
            operator: Client::new(&run.join(OPERATOR_SOCKET)),
            portal: Client::new(&run.join(PORTAL_SOCKET)),
            dir,
            store,
            door: Some(door),
            submitted,
            changes,
        }
    }

    pub fn run_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("run")
    }

    /// Closes everything and opens it again on the same files.
    pub fn again(mut self) -> Self {
        self.door.take().expect("open").close();
        let Self { dir, store, .. } = self;
        assert_eq!(
            Arc::strong_count(&store),
            1,
            "closing the door lets go of the store"
        );
        drop(store);
        Self::in_dir(dir, settings())
    }

    pub fn feed(&self, batch: &[Fed]) {
        self.store.apply(0, batch).expect("feeds");
    }

    pub fn ask(&self, request: Request) -> Reply {
        self.operator.ask(Who::Operator, request).expect("answered")
    }

    pub fn refused(&self, who: Who, request: Request) -> Failure {
        match self.portal.ask(who, request) {
            Err(DoorError::Failed(failure)) => failure,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A user with a session.
    pub fn user(&self, login: &str, role: Role) -> Who {
        let password = "correct horse".to_owned();
        self.ask(Request::UserSet {
            login: login.to_owned(),
            password: Some(password.clone()),
            role,
            new: true,
        });
        let login = login.to_owned();
        match self.portal.ask(Who::Anyone, Request::LogIn { login, password }) {
            Ok(Reply::LoggedIn { token, .. }) => Who::Session(token),
            other => panic!("{other:?}"),
        }
    }

    pub fn held(&self, who: Who, filter: HeldFilter) -> Vec<HeldRow> {
        let request = Request::HeldList {
            filter,
            cursor: None,
            limit: 100,
        };
        match self.portal.ask(who, request) {
            Ok(Reply::Held(page)) => page.rows,
            other => panic!("{other:?}"),
        }
    }

    /// Answers everything submitted while `what` runs.
    pub fn with_mail_side<T>(
        &self,
        answer: Result<Mid, String>,
        what: impl FnOnce() -> T,
    ) -> (T, Vec<Submission>) {
        let submitted = self.submitted.clone();
        let (stop, stopped) = bounded::<()>(0);
        let thread = std::thread::spawn(move || {
            let mut given = Vec::new();
            loop {
                crossbeam::select! {
                    recv(submitted) -> one => {
                        let Ok((submission, reply)) = one else { return given };
                        let own = submission.mid;
                        let mid = answer.clone().map(|other| own.unwrap_or(other));
                        given.push(submission);
                        let _ = reply.send(mid);
                    }
                    recv(stopped) -> _ => return given,
                }
            }
        });
        let result = what();
        drop(stop);
        (result, thread.join().expect("ends"))
    }
}

pub fn key(mid: u64, rid: u16) -> HeldKey {
    HeldKey {
        mid: Mid(mid),
        rid: Rid(rid),
    }
}

/// Numbers records from `first` on.
pub fn numbered(first: u64, records: Vec<(Recorded, Option<Bytes>)>) -> Vec<Fed> {
    (first..)
        .zip(records)
        .map(|(sequence, (recorded, body))| Fed {
            sequence,
            position: sequence.to_string().into_bytes(),
            recorded,
            body,
        })
        .collect()
}

pub fn at(seconds: u64, event: Event) -> (Recorded, Option<Bytes>) {
    let at = NOW.plus(Duration::from_secs(seconds));
    (Recorded { at, event }, None)
}

pub fn peer() -> Peer {
    Peer {
        remote: "192.0.2.7:40000".parse().expect("valid"),
        local: "203.0.113.1:25".parse().expect("valid"),
        listener: "inbound".to_owned(),
    }
}

pub fn connected(icid: u64) -> Event {
    Event::Connected(Connected {
        icid: Icid(icid),
        peer: peer(),
        reverse: ReverseName::Verified("mx.example.net".to_owned()),
        classification: Classification::default(),
        proxy: None,
    })
}

pub fn disconnected(icid: u64, lines: &[&str]) -> Event {
    let conversation = lines.iter().map(|line| Line {
        after_ms: 1,
        speaker: Speaker::Client,
        octets: Bytes::copy_from_slice(line.as_bytes()),
    });
    Event::Disconnected(Disconnected {
        icid: Icid(icid),
        ending: Ending::Quit,
        tls: None,
        user: None,
        received_bytes: 500,
        accepted_messages: 1,
        conversation: conversation.collect(),
        lines_left_out: 0,
    })
}

pub fn refused(icid: u64, stage: Stage) -> Refused {
    Refused {
        icid: Icid(icid),
        mid: None,
        stage,
        sender: None,
        recipient: None,
        accepted_recipients: Vec::new(),
        reply: SmtpReply::fixed(550, "5.7.1", "Not wanted here"),
        rule: "test rule".to_owned(),
        judged: None,
    }
}

/// A message of ICID 1 to these recipients, each with what happens.
pub fn message(mid: u64, fates: &[(&str, Disposition)]) -> Accepted {
    let recipients = fates.iter().map(|(to, _)| to.parse().expect("valid")).collect();
    let envelope = Envelope {
        sender: ReversePath::Mailbox("bounce@example.net".parse().expect("valid")),
        recipients,
        ..Envelope::default()
    };
    let decided = (0..).zip(fates).map(|(rid, (_, disposition))| RecipientDecision {
        rid: Rid(rid),
        disposition: disposition.clone(),
        reason: "spam, score 93".to_owned(),
    });
    Accepted {
        mid: Mid(mid),
        origin: Origin::Smtp,
        facts: Some(Box::new(facts(mid, envelope.clone()))),
        envelope,
        decision: Decision {
            recipients: decided.collect(),
            trail: Vec::new(),
            score: 93,
            verdict: Verdict::Spam,
        },
        trace_header: Bytes::from_static(b"Received: here\r\n"),
        cuts: vec![(3, 7)],
        body_bytes: 24,
    }
}

fn facts(mid: u64, envelope: Envelope) -> Facts {
    Facts {
        mid: Mid(mid),
        icid: Icid(1),
        received_at: NOW,
        peer: peer(),
        reverse: ReverseName::Verified("mx.example.net".to_owned()),
        helo: "mx.example.net".to_owned(),
        helo_valid: true,
        classification: Classification::default(),
        tls: None,
        user: None,
        direction: Direction::Inbound,
        envelope,
        body_bytes: 24,
        header: HeaderFacts {
            from: vec!["sales@example.org".to_owned()],
            from_name: "Cheap Sales".to_owned(),
            subject: format!("Buy now, offer {mid}"),
            message_id: format!("Message-{mid}@example.org"),
            ..HeaderFacts::default()
        },
        mime: MimeFacts::default(),
        findings: Vec::new(),
    }
}

pub fn held_in(quarantine: &str) -> Disposition {
    Disposition::Quarantine(quarantine.to_owned())
}

/// A message accepted, with its body.
pub fn accepted(seconds: u64, message: Accepted) -> (Recorded, Option<Bytes>) {
    let (recorded, _) = at(seconds, Event::Accepted(message));
    (
        recorded,
        Some(Bytes::from_static(b"Subject: x\r\n\r\nthe body\r\n")),
    )
}

pub fn delivery_connected(dcid: u64) -> Event {
    Event::DeliveryConnected(DeliveryConnected {
        dcid: Dcid(dcid),
        hop: "10.0.0.5:25".to_owned(),
        remote: "10.0.0.5:25".parse().expect("valid"),
        local: "10.0.0.1:50000".parse().expect("valid"),
    })
}

pub fn attempted(mid: u64, rids: &[u16], outcome: Outcome) -> Event {
    let (code, enhanced, text) = match outcome {
        Outcome::Delivered => (250, "2.0.0", "Ok: queued as 12345"),
        Outcome::Deferred { .. } => (451, "4.2.1", "Mailbox busy"),
        Outcome::Bounced { .. } => (550, "5.1.1", "No such user"),
    };
    Event::Attempted(Attempted {
        mid: Mid(mid),
        rids: rids.iter().copied().map(Rid).collect(),
        dcid: Some(Dcid(5)),
        hop: "10.0.0.5:25".to_owned(),
        reply: SmtpReply::fixed(code, enhanced, text),
        outcome,
        attempt: 1,
    })
}

/// One connection with one message: Ann gets it, for Bob it is held, Carl is refused.
pub fn life() -> Vec<Fed> {
    let mut carl = refused(1, Stage::Recipient);
    carl.mid = Some(Mid(10));
    carl.sender = Some(
        "bounce@example.net"
            .parse::<postern_vocab::Address>()
            .map(ReversePath::Mailbox)
            .expect("valid"),
    );
    carl.recipient = Some("carl@example.com".parse().expect("valid"));
    let message = message(
        10,
        &[
            ("ann@example.com", Disposition::Deliver),
            ("Bob@example.com", held_in("spam")),
        ],
    );
    numbered(
        1,
        vec![
            at(0, connected(1)),
            at(1, Event::Refused(carl)),
            accepted(2, message),
            at(
                3,
                disconnected(1, &["EHLO mx.example.net", "MAIL FROM:<bounce@example.net>"]),
            ),
            at(4, delivery_connected(5)),
            at(5, attempted(10, &[0], Outcome::Delivered)),
            at(6, Event::Finished { mid: Mid(10) }),
            at(7, Event::DeliveryDisconnected { dcid: Dcid(5) }),
        ],
    )
}

/// `count` messages held for Bob in the quarantine `spam`, MIDs from `first` on.
pub fn held_for_bob(first: u64, count: u64) -> Vec<Fed> {
    let one = |mid| accepted(mid, message(mid, &[("bob@example.com", held_in("spam"))]));
    numbered(first, (first..first + count).map(one).collect())
}

pub fn is_there(path: &Path) -> bool {
    path.exists()
}

/// A receiving side that nobody uses.
pub struct Idle;

impl postern_quarantine::Gateway for Idle {
    fn health(&self) -> postern_quarantine::GatewayHealth {
        postern_quarantine::GatewayHealth::default()
    }

    fn greylisted(&self, _: usize) -> Vec<postern_quarantine::api::Greylisted> {
        Vec::new()
    }

    fn admit(&self, _: &postern_quarantine::api::GreylistFilter) -> Result<u64, String> {
        Ok(0)
    }
}
