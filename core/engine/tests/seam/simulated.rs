//! Mail all the way through a shard, over the network and disk in memory, on a clock that jumps.

use crate::rig::{Below, Rig};
use bytes::{Bytes, BytesMut};
use postern_engine::clock::Clock;
use postern_engine::driver::Simulated;
use postern_engine::journal::SimDisk;
use postern_engine::net::sim::{SimConn, SimListener, SimNet};
use postern_engine::net::{Conn, Listener, Net};
use postern_vocab::events::Origin;
use postern_vocab::{
    Decision, Disposition, DsnRequest, Envelope, Notify, RecipientDecision, RecipientDsn, ReversePath, Rid,
    Submission, Timestamp,
};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};

pub fn in_simulation(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test());
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn start(net: &SimNet, disk: &SimDisk, listener: SimListener, at: Timestamp) -> Rig {
    Rig::start::<Simulated>(Below {
        net: net.clone(),
        disk: disk.clone(),
        files: disk.clone(),
        directory: PathBuf::from("/journal/0"),
        listener,
        clock: Clock::Simulated {
            start: at,
            since: tokio::time::Instant::now(),
        },
    })
}

/// A next hop that answers every command by its first letter, and keeps what it was sent.
struct Hop {
    received: Rc<RefCell<Vec<String>>>,
}

/// What it answers to EHLO and to RCPT.
#[derive(Clone, Copy)]
struct Says {
    hello: &'static str,
    recipient: &'static str,
}

impl Hop {
    fn start(net: &SimNet, at: &str, to_recipient: &'static str) -> Self {
        let says = Says {
            hello: "250 ok",
            recipient: to_recipient,
        };
        Self::saying(net, at, says)
    }

    fn saying(net: &SimNet, at: &str, says: Says) -> Self {
        let received = Rc::new(RefCell::new(Vec::new()));
        let (listener, kept) = (net.listen(address(at)), Rc::clone(&received));
        spawn_local(async move {
            while let Ok(conn) = listener.accept().await {
                spawn_local(serve(conn, says, Rc::clone(&kept)));
            }
        });
        Self { received }
    }

    async fn wait_for(&self, count: usize) -> Vec<String> {
        let arrived = async {
            while self.received.borrow().len() < count {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        };
        let kept = || {
            format!(
                "{count} messages were to come, and {} did",
                self.received.borrow().len()
            )
        };
        tokio::time::timeout(A_MONTH, arrived)
            .await
            .unwrap_or_else(|_| panic!("{}", kept()));
        self.received.borrow().clone()
    }
}

async fn serve(conn: SimConn, says: Says, kept: Rc<RefCell<Vec<String>>>) {
    let say = async |text: &str| {
        let line = Bytes::from(format!("{text}\r\n"));
        // The client may have gone; the test looks at what was kept.
        let _ = conn.send(vec![line]).await;
    };
    say("220 hop").await;
    let mut unread = BytesMut::new();
    let mut message: Option<String> = None;
    while let Some(line) = line(&conn, &mut unread).await {
        match (
            &mut message,
            line.get(..4).unwrap_or(&line).to_ascii_uppercase().as_str(),
        ) {
            (Some(text), _) if line == "." => {
                kept.borrow_mut().push(std::mem::take(text));
                message = None;
                say("250 2.0.0 kept").await;
            }
            (Some(text), _) => text.push_str(&format!("{}\n", line.strip_prefix('.').unwrap_or(&line))),
            (None, "DATA") => {
                message = Some(String::new());
                say("354 go on").await;
            }
            (None, "EHLO") => say(says.hello).await,
            (None, "RCPT") => say(says.recipient).await,
            (None, "QUIT") => return,
            (None, _) => say("250 ok").await,
        }
    }
}

async fn line(conn: &SimConn, unread: &mut BytesMut) -> Option<String> {
    loop {
        if let Some(end) = unread.windows(2).position(|pair| pair == b"\r\n") {
            let line = unread.split_to(end + 2);
            return Some(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        let mut buffer = std::mem::take(unread);
        buffer.reserve(1024);
        let (read, buffer) = conn.receive(buffer).await;
        *unread = buffer;
        if !matches!(read, Ok(octets) if octets > 0) {
            return None;
        }
    }
}

/// Sends one message and tells the last reply, if one came.
async fn send(net: &SimNet, to: SocketAddr) -> Option<String> {
    let conn = net.connect(to).await.ok()?;
    let all = "EHLO client.example\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n\
               From: alice@example.com\r\nTo: bob@example.test\r\nSubject: hello\r\n\
               Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n..dot\r\n.\r\nQUIT\r\n";
    let (mut unread, mut queued) = (BytesMut::new(), None);
    line(&conn, &mut unread)
        .await
        .filter(|banner| banner.starts_with("220"))?;
    conn.send(vec![Bytes::from_static(all.as_bytes())]).await.ok()?;
    while let Some(reply) = line(&conn, &mut unread).await {
        if reply.starts_with("250 2.0.0 Ok: queued as ") {
            queued = Some(reply);
        }
    }
    queued
}

/// On the simulated clock: whatever has not come by then never comes.
const A_MONTH: Duration = Duration::from_secs(30 * 86_400);

const START: Timestamp = Timestamp(1_700_000_000_000);

#[test]
fn a_message_goes_through_unchanged() {
    in_simulation(async || {
        let (net, disk) = (SimNet::with_piece(100), SimDisk::new());
        let hop = Hop::start(&net, "127.0.0.1:2526", "250 ok");
        let rig = start(&net, &disk, net.listen(address("192.0.2.1:25")), START);
        assert_eq!(
            send(&net, address("192.0.2.1:25")).await.as_deref(),
            Some("250 2.0.0 Ok: queued as 1")
        );
        let kept = hop.wait_for(1).await;
        let (trace, message) = kept[0].split_at(kept[0].find("From: alice").expect("the message"));
        assert!(trace.starts_with("X-Postern-Verdict: mid=1; "), "{trace}");
        assert_eq!(trace.matches("Received: ").count(), 1, "{trace}");
        assert!(message.ends_with("\n\n.dot\n"), "{message}");
        rig.stop().await;
    });
}

#[test]
fn a_refused_recipient_comes_back_as_a_bounce_and_the_bounce_is_never_bounced() {
    in_simulation(async || {
        let (net, disk) = (SimNet::with_piece(100), SimDisk::new());
        let _home = Hop::start(&net, "127.0.0.1:2526", "550 5.1.1 no such person");
        let away = Hop::start(&net, "127.0.0.1:2527", "250 ok");
        let rig = start(&net, &disk, net.listen(address("192.0.2.1:25")), START);
        send(&net, address("192.0.2.1:25")).await.expect("taken");
        let kept = away.wait_for(1).await;
        assert!(kept[0].contains("To: <alice@example.com>"), "{}", kept[0]);
        assert!(kept[0].contains("550 5.1.1 no such person"), "{}", kept[0]);
        rig.stop().await;
    });
}

#[test]
fn what_a_next_hop_defers_is_given_up_after_days_and_not_before() {
    in_simulation(async || {
        let (net, disk) = (SimNet::with_piece(100), SimDisk::new());
        let _home = Hop::start(&net, "127.0.0.1:2526", "450 4.2.2 mailbox full");
        let away = Hop::start(&net, "127.0.0.1:2527", "250 ok");
        let rig = start(&net, &disk, net.listen(address("192.0.2.1:25")), START);
        let began = tokio::time::Instant::now();
        send(&net, address("192.0.2.1:25")).await.expect("taken");
        let kept = away.wait_for(1).await;
        let days = began.elapsed().as_secs_f64() / 86_400.0;
        assert!((5.0..5.1).contains(&days), "given up after {days} days");
        assert!(kept[0].contains("450 4.2.2 mailbox full"), "{}", kept[0]);
        rig.stop().await;
    });
}

/// A message of alice@example.com to bob@example.test, who asks to be told so.
fn asking(notify: Option<Notify>) -> Submission {
    let asked = RecipientDsn {
        notify,
        original: None,
    };
    Submission {
        mid: None,
        origin: Origin::Digest,
        envelope: Envelope {
            sender: ReversePath::Mailbox("alice@example.com".parse().expect("an address")),
            recipients: vec!["bob@example.test".parse().expect("an address")],
            dsn: DsnRequest {
                recipients: [(Rid(0), asked)].into(),
                ..DsnRequest::default()
            },
            ..Envelope::default()
        },
        decision: Decision {
            recipients: vec![RecipientDecision {
                rid: Rid(0),
                disposition: Disposition::Deliver,
                reason: String::new(),
            }],
            ..Decision::default()
        },
        trace_header: Bytes::new(),
        cuts: Vec::new(),
        content: Bytes::from_static(b"Subject: hello\r\n\r\nx\r\n"),
    }
}

#[test]
fn the_sender_is_told_what_they_asked_to_be_told_by_whoever_can() {
    let wish = |success, failure| {
        Some(Notify {
            success,
            failure,
            delay: false,
        })
    };
    let (taken, refused) = ("250 ok", "550 5.1.1 no such person");
    let (plain, dsn) = ("250 ok", "250-hop\r\n250 DSN");
    let rows = [
        (
            wish(true, true),
            plain,
            taken,
            Some("Action: relayed"),
            "success, and the hop is silent",
        ),
        (wish(true, true), dsn, taken, None, "success is the hop's to tell"),
        (
            wish(true, true),
            dsn,
            refused,
            Some("Action: failed"),
            "failure is ours",
        ),
        (wish(true, false), plain, refused, None, "success only"),
        (wish(false, false), plain, refused, None, "never"),
        (None, plain, refused, Some("Action: failed"), "nothing said"),
        (None, plain, taken, None, "nothing said, nothing wrong"),
    ];
    for (notify, hello, recipient, expected, reason) in rows {
        in_simulation(async || {
            let (net, disk) = (SimNet::with_piece(100), SimDisk::new());
            let _home = Hop::saying(&net, "127.0.0.1:2526", Says { hello, recipient });
            let away = Hop::start(&net, "127.0.0.1:2527", "250 ok");
            let rig = start(&net, &disk, net.listen(address("192.0.2.1:25")), START);
            rig.submit(asking(notify)).await;
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            let told = away.received.borrow().clone();
            assert_eq!(told.len(), usize::from(expected.is_some()), "{reason}: {told:?}");
            if let (Some(expected), Some(told)) = (expected, told.first()) {
                assert!(
                    told.contains(expected) && told.contains("To: <alice@example.com>"),
                    "{told}"
                );
            }
            rig.stop().await;
        });
    }
}

/// The promise of the 250, over many power cuts: whatever was answered with it is delivered after the restart.
#[test]
fn no_message_is_lost_in_a_power_cut_after_its_250() {
    let mut promised = 0;
    for seed in 0..60 {
        let disk = SimDisk::new();
        let mut answered = Vec::new();
        in_simulation(async || answered = send_until_the_cut(&disk, seed).await);
        // Nothing of that life is left but what the disk kept.
        disk.crash(seed);
        promised += answered.len();
        in_simulation(async || {
            let net = SimNet::with_piece(4096);
            let hop = Hop::start(&net, "127.0.0.1:2526", "250 ok");
            let rig = start(&net, &disk, net.listen(address("192.0.2.1:25")), START);
            let kept = hop.wait_for(answered.len()).await;
            for mid in &answered {
                let count = kept
                    .iter()
                    .filter(|one| one.contains(&format!("mid={mid};")))
                    .count();
                assert!(
                    count > 0,
                    "seed {seed}: MID {mid} was answered with 250 and is gone"
                );
            }
            rig.stop().await;
        });
    }
    assert!(
        promised > 100,
        "the cuts came too early to prove anything: {promised} messages"
    );
}

/// The ids of the messages that were answered with 250 before the disk lost its power.
async fn send_until_the_cut(disk: &SimDisk, after_operations: u64) -> Vec<String> {
    let net = SimNet::with_piece(4096);
    let _rig = start(&net, disk, net.listen(address("192.0.2.1:25")), START);
    disk.power_off_after(after_operations);
    let mut answered = Vec::new();
    for _ in 0..8 {
        let sent = tokio::time::timeout(Duration::from_secs(3_600), send(&net, address("192.0.2.1:25")));
        if let Ok(Some(reply)) = sent.await {
            answered.push(reply.rsplit(' ').next().expect("an id").to_owned());
        }
    }
    answered
}
