//! Call-ahead: a next hop that follows a script, over the network in memory, on a clock that jumps.

use bytes::{Bytes, BytesMut};
use postern_engine::dns::Dns;
use postern_engine::net::sim::{SimConn, SimNet};
use postern_engine::net::{Conn, Listener};
use postern_engine::policy::Hop;
use postern_engine::recipients::{Asker, Recipients, Validity};
use postern_vocab::{Timestamp, limits};
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;

const AT: &str = "192.0.2.1:25";
const START: Timestamp = Timestamp(1_700_000_000_000);

/// What the hop says to a command; `None`: it says nothing, and waits.
type Script = fn(&str) -> Option<&'static str>;

/// A hop that knows alice.
fn knows_alice(command: &str) -> Option<&'static str> {
    Some(match command {
        "" => "220 hop",
        "RCPT TO:<alice@example.test>" => "250 ok",
        command if command.starts_with("RCPT") => "550 5.1.1 No such user",
        "QUIT" => "221 bye",
        _ => "250 ok",
    })
}

struct Scene {
    net: SimNet,
    dns: Dns,
    said: Rc<RefCell<Vec<String>>>,
    recipients: Recipients,
}

impl Scene {
    fn with(script: Script) -> Self {
        let scene = Self {
            net: SimNet::with_piece(7),
            dns: Dns::none(),
            said: Rc::default(),
            recipients: Recipients::default(),
        };
        let listener = scene.net.listen(AT.parse().expect("an address"));
        let said = Rc::clone(&scene.said);
        spawn_local(async move {
            while let Ok(conn) = listener.accept().await {
                spawn_local(serve(conn, script, Rc::clone(&said)));
            }
        });
        scene
    }

    async fn ask(&self, address: &str, now: Timestamp) -> Validity {
        let asker = Asker {
            net: &self.net,
            dns: &self.dns,
            hello_name: "mx.example.test",
            now,
        };
        let (hop, address): (Hop, _) = (
            AT.parse().expect("a hop"),
            address.parse().expect("a valid address"),
        );
        self.recipients.ask_hop(&hop, &address, &asker).await
    }

    /// How often this was said to the hop.
    fn heard(&self, command: &str) -> usize {
        let said = self.said.borrow();
        said.iter().filter(|line| line.starts_with(command)).count()
    }
}

async fn serve(conn: SimConn, script: Script, said: Rc<RefCell<Vec<String>>>) {
    let mut command = String::new();
    let mut unread = BytesMut::new();
    loop {
        match script(&command) {
            Some(reply) => {
                let line = Bytes::from(format!("{reply}\r\n"));
                if conn.send(vec![line]).await.is_err()
                    || reply.starts_with("221")
                    || reply.starts_with("421")
                {
                    return;
                }
            }
            None => pending().await,
        }
        let Some(line) = line(&conn, &mut unread).await else {
            return;
        };
        said.borrow_mut().push(line.clone());
        command = line;
    }
}

async fn line<C: Conn>(conn: &C, unread: &mut BytesMut) -> Option<String> {
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

fn in_simulation(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test());
}

fn is_unavailable(validity: &Validity) -> bool {
    matches!(validity, Validity::Unavailable(_))
}

#[test]
fn the_hop_knows_who_is_there_and_is_asked_once() {
    in_simulation(async || {
        let scene = Scene::with(knows_alice);
        for _ in 0..3 {
            assert_eq!(scene.ask("alice@example.test", START).await, Validity::Valid);
            assert_eq!(scene.ask("carol@example.test", START).await, Validity::Unknown);
        }
        assert_eq!(
            scene.heard("EHLO mx.example.test"),
            2,
            "then the answers are known"
        );
        assert_eq!(scene.heard("MAIL FROM:<>"), 2);
        assert_eq!(scene.heard("RCPT TO:<alice@example.test>"), 1);
        assert_eq!(scene.heard("RCPT TO:<no-such-mailbox-"), 1, "once for the domain");
        assert_eq!(scene.heard("DATA"), 0, "and nothing is ever sent");
        assert_eq!(scene.recipients.health(), [(format!("next hop {AT}"), None)]);
        let later = START.plus(limits::RECIPIENT_CACHE_INVALID);
        assert_eq!(scene.ask("carol@example.test", later).await, Validity::Unknown);
        assert_eq!(
            scene.heard("RCPT TO:<carol@example.test>"),
            2,
            "a no is soon too old"
        );
    });
}

#[test]
fn one_address_at_once_from_many_is_one_connection() {
    in_simulation(async || {
        let scene = Scene::with(knows_alice);
        let ask = || scene.ask("carol@example.test", START);
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        assert_eq!([one, two, three], [const { Validity::Unknown }; 3]);
        assert_eq!(scene.heard("EHLO"), 1);
    });
}

#[test]
fn a_hop_that_takes_everyone_is_asked_once_an_hour() {
    in_simulation(async || {
        let scene = Scene::with(|command| {
            let banner = command.is_empty();
            Some(if banner { "220 hop" } else { "250 ok" })
        });
        for name in ["alice", "bob", "carol"] {
            let address = format!("{name}@example.test");
            assert_eq!(scene.ask(&address, START).await, Validity::Valid);
        }
        assert_eq!(scene.heard("EHLO"), 1);
        let shown = scene.recipients.health()[0].1.clone().unwrap_or_default();
        assert!(shown.contains("takes every recipient of example.test"), "{shown}");
        assert_eq!(scene.ask("alice@other.test", START).await, Validity::Valid);
        assert_eq!(scene.heard("EHLO"), 2, "another domain is another matter");
        let later = START.plus(limits::CALL_AHEAD_TAKES_ALL);
        assert_eq!(scene.ask("bob@example.test", later).await, Validity::Valid);
        assert_eq!(scene.heard("EHLO"), 3, "it may have changed its mind");
    });
}

#[test]
fn what_is_no_answer_never_says_that_nobody_is_there() {
    let rows: [(Script, &str); 6] = [
        (|_| Some("554 5.7.1 Go away"), "refused at the banner"),
        (|_| Some("421 4.3.2 Busy"), "busy"),
        (
            |command| match command {
                "" => Some("220 hop"),
                command if command.starts_with("RCPT") => Some("554 5.7.1 Relay access denied"),
                _ => Some("250 ok"),
            },
            "relaying",
        ),
        (
            |command| match command {
                "" => Some("220 hop"),
                command if command.starts_with("RCPT") => Some("451 4.7.1 Greylisted"),
                _ => Some("250 ok"),
            },
            "not now",
        ),
        (
            |command| match command {
                "" => Some("220 hop"),
                command if command.starts_with("MAIL") => Some("550 5.1.1 I like no bounces"),
                _ => Some("250 ok"),
            },
            "null sender refused",
        ),
        (|_| Some("SSH-2.0-OpenSSH"), "not SMTP"),
    ];
    for (script, reason) in rows {
        in_simulation(async || {
            let scene = Scene::with(script);
            let found = scene.ask("alice@example.test", START).await;
            assert!(is_unavailable(&found), "{reason}: {found:?}");
            assert!(scene.recipients.health()[0].1.is_some(), "{reason}: it is shown");
        });
    }
}

#[test]
fn a_silent_hop_costs_one_wait_and_then_none() {
    in_simulation(async || {
        let scene = Scene::with(|command| (!command.starts_with("RCPT")).then_some("220 fine"));
        let begun = Instant::now();
        assert!(is_unavailable(&scene.ask("alice@example.test", START).await));
        assert_eq!(
            begun.elapsed().as_secs(),
            limits::RECIPIENT_CHECK_TIMEOUT.as_secs()
        );
        let begun = Instant::now();
        assert!(is_unavailable(&scene.ask("bob@example.test", START).await));
        assert_eq!(begun.elapsed(), Duration::ZERO, "it rests");
        tokio::time::advance(limits::RECIPIENT_CHECK_REST).await;
        let begun = Instant::now();
        assert!(is_unavailable(&scene.ask("bob@example.test", START).await));
        assert!(begun.elapsed() > Duration::ZERO, "one tries");
    });
}

#[test]
fn a_hop_that_is_gone_leaves_what_is_known() {
    in_simulation(async || {
        let scene = Scene::with(knows_alice);
        assert_eq!(scene.ask("alice@example.test", START).await, Validity::Valid);
        let away = Scene {
            net: SimNet::with_piece(7),
            ..scene
        };
        let later = START.plus(limits::RECIPIENT_CACHE_VALID);
        assert!(is_unavailable(&away.ask("bob@example.test", later).await));
        assert_eq!(
            away.ask("alice@example.test", later).await,
            Validity::Valid,
            "an old yes serves"
        );
    });
}
