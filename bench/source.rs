//! The source: sessions at once, each sending one message after another over connections of a given length.

use crate::args::{self, Load};
use crate::letter::Letter;
use crate::process;
use crate::sending::Sending;
use crate::tally::{NO_CONNECTION, Report, Tally, us_per_message};
use postern_smtp::Outgoing;
use postern_vocab::{Address, ReversePath, Rid};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// Who the source says it is.
const HELLO_NAME: &str = "source.example.com";
/// How many messages are sent unless it is said.
const MESSAGES: u64 = 10_000;

/// A load for one mail server.
pub struct Plan {
    /// The mail server.
    pub to: SocketAddr,
    /// How much.
    pub load: Load,
    /// The sender.
    pub from: Address,
    /// The recipient.
    pub rcpt: Address,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// By process id.
    cpu_us_per_message: BTreeMap<u32, f64>,
}

/// `postern-bench source`. Fails when a message did.
pub fn command(wishes: &args::Source, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let plan = Plan {
        to: wishes.to,
        load: wishes.load.clone(),
        from: wishes.from.clone(),
        rcpt: wishes.rcpt.clone(),
    };
    let spent = || {
        wishes
            .verify_pid
            .iter()
            .map(|pid| process::cpu(*pid))
            .collect::<io::Result<Vec<_>>>()
    };
    let before = spent()?;
    let report = run(&plan)?;
    let after = spent()?;
    let spent = before
        .iter()
        .zip(&after)
        .map(|(before, after)| after.saturating_sub(*before));
    let each = spent.map(|cpu| us_per_message(cpu, report.messages));
    let cpu_us_per_message: BTreeMap<_, _> = wishes.verify_pid.iter().copied().zip(each).collect();
    if json {
        let printed = Printed {
            report: &report,
            cpu_us_per_message,
        };
        crate::print(serde_json::to_string(&printed)?)?;
    } else {
        crate::print(&report)?;
        for (pid, us) in cpu_us_per_message {
            crate::print(format_args!("  process {pid}: {us:.1} us of CPU a message"))?;
        }
    }
    Ok(if report.failures() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends it all, on this thread.
pub fn run(plan: &Plan) -> io::Result<Report> {
    let began = Instant::now();
    let load = Rc::new(Sessions {
        to: plan.to,
        per_connection: plan.load.per_connection,
        sender: ReversePath::Mailbox(plan.from.clone()),
        rcpt: plan.rcpt.clone(),
        letter: Letter::new(&plan.from, &plan.rcpt, plan.load.size),
        begun: Cell::new(0),
        messages_max: match (plan.load.messages, plan.load.seconds) {
            (None, Some(_)) => u64::MAX,
            (messages, _) => messages.unwrap_or(MESSAGES),
        },
        until: plan
            .load
            .seconds
            .map(|seconds| began + Duration::from_secs(seconds)),
        tally: RefCell::new(Tally::new()),
    });
    LocalSet::new().block_on(&crate::runtime()?, async {
        let mut sessions = JoinSet::new();
        for _ in 0..plan.load.sessions {
            let load = Rc::clone(&load);
            sessions.spawn_local(async move { load.session().await });
        }
        sessions.join_all().await;
    });
    let tally = load.tally.replace(Tally::new());
    Ok(tally.report(began.elapsed()))
}

/// What all sessions share.
struct Sessions {
    to: SocketAddr,
    per_connection: u32,
    sender: ReversePath,
    rcpt: Address,
    letter: Letter,
    begun: Cell<u64>,
    messages_max: u64,
    until: Option<Instant>,
    tally: RefCell<Tally>,
}

impl Sessions {
    /// The number of the next message, while there is one. A message that fails is not tried again, so a server that
    /// refuses everything ends the load too.
    fn next(&self) -> Option<u64> {
        let number = self.begun.get();
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        if late || number >= self.messages_max {
            return None;
        }
        self.begun.set(number + 1);
        Some(number)
    }

    async fn session(&self) {
        while let Some(first) = self.next() {
            match Sending::connect(self.to, HELLO_NAME).await {
                Ok(sending) => self.connection(sending, first).await,
                Err(_) => self.tally.borrow_mut().failed(NO_CONNECTION),
            }
        }
    }

    async fn connection(&self, mut sending: Sending, first: u64) {
        let mut number = first;
        for left in (0..self.per_connection).rev() {
            let outgoing = self.outgoing(number);
            let octets = outgoing.bytes;
            let Some(outcome) = sending.send(outgoing).await else {
                return self.tally.borrow_mut().failed(NO_CONNECTION);
            };
            let mut tally = self.tally.borrow_mut();
            if let Some(after) = sending.take_banner() {
                tally.greeted(after);
            }
            let positive = outcome.sent.outcomes.iter().all(|(_, reply)| reply.is_positive());
            for (_, reply) in &outcome.sent.outcomes {
                tally.answered(reply, octets, outcome.waited);
            }
            drop(tally);
            // After a failure the connection may be gone: the next one starts afresh.
            match positive && left > 0 {
                true => match self.next() {
                    Some(next) => number = next,
                    None => break,
                },
                false => break,
            }
        }
        sending.quit().await;
    }

    fn outgoing(&self, number: u64) -> Outgoing {
        let pieces = self.letter.pieces(number);
        let octets: usize = pieces.iter().map(bytes::Bytes::len).sum();
        Outgoing {
            sender: self.sender.clone(),
            recipients: vec![(Rid(0), self.rcpt.clone())],
            pieces,
            bytes: u64::try_from(octets).unwrap_or(u64::MAX),
            ..Outgoing::default()
        }
    }
}
