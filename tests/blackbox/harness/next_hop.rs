//! The mail server behind the gateway: takes what it is given, octet by octet, and answers as the test wants.

use super::lines::Lines;
use super::wait::soon;
use std::collections::{HashMap, VecDeque};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// One message as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// MAIL FROM, without brackets.
    pub from: String,
    /// RCPT TO, those that were taken.
    pub to: Vec<String>,
    /// The message, dot-unstuffed.
    pub octets: Vec<u8>,
}

impl Delivered {
    /// As text, whatever it is.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }
}

/// What is said to the end of one message's data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// This reply; a positive one takes the message.
    Say(&'static str),
    /// The connection breaks in the middle of the data.
    Break,
}

#[derive(Default)]
struct State {
    delivered: Vec<Delivered>,
    /// For the next messages, one each; then all are taken.
    answers: VecDeque<Answer>,
    /// Replies to RCPT.
    recipients: HashMap<String, &'static str>,
    /// The reply to RCPT for all others.
    others: Option<&'static str>,
    /// Who RCPT was said for, each time.
    asked: Vec<String>,
    attempts: usize,
    open: Vec<TcpStream>,
    extensions: Vec<&'static str>,
}

/// Runs until dropped.
pub struct NextHop {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<Serving>,
}

struct Serving {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl NextHop {
    /// Starts one.
    pub fn start() -> Self {
        let mut hop = Self::absent();
        hop.up();
        hop
    }

    /// One that is down: nobody listens at its address.
    pub fn absent() -> Self {
        let extensions = vec!["PIPELINING", "SIZE 104857600", "8BITMIME", "ENHANCEDSTATUSCODES"];
        Self {
            address: SocketAddr::from((super::own_address(), 2526)),
            state: Arc::new(Mutex::new(State {
                extensions,
                ..State::default()
            })),
            serving: None,
        }
    }

    /// Starts listening.
    pub fn up(&mut self) {
        let listener = TcpListener::bind(self.address).expect("the address is this test's own");
        let stop = Arc::new(AtomicBool::new(false));
        let (state, stopped) = (Arc::clone(&self.state), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), state) = (stream, Arc::clone(&state)) else {
                    continue;
                };
                lock(&state).open.push(stream.try_clone().expect("a descriptor"));
                thread::spawn(move || serve(stream, &state));
            }
        });
        self.serving = Some(Serving { stop, thread });
    }

    /// Stops listening, and breaks what is open.
    pub fn down(&mut self) {
        let Some(serving) = self.serving.take() else {
            return;
        };
        serving.stop.store(true, Ordering::SeqCst);
        // Wakes the listener up; one that is gone already needs no waking.
        let _ = TcpStream::connect(self.address);
        serving
            .thread
            .join()
            .expect("the listener's thread does not panic");
        for stream in lock(&self.state).open.drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The next message without one gets this answer at the end of its data.
    pub fn answer_next(&self, answer: Answer) {
        lock(&self.state).answers.push_back(answer);
    }

    /// RCPT for this recipient gets this reply from now on.
    pub fn answer_recipient(&self, recipient: &str, reply: &'static str) {
        lock(&self.state).recipients.insert(recipient.to_owned(), reply);
    }

    /// RCPT for everyone without a reply of their own gets this one from now on.
    pub fn answer_others(&self, reply: &'static str) {
        lock(&self.state).others = Some(reply);
    }

    /// How often RCPT was said for this recipient.
    pub fn asked(&self, recipient: &str) -> usize {
        let state = lock(&self.state);
        state.asked.iter().filter(|asked| *asked == recipient).count()
    }

    /// EHLO lists these from now on.
    pub fn offer(&self, extensions: &[&'static str]) {
        lock(&self.state).extensions = extensions.to_vec();
    }

    /// What came so far.
    pub fn delivered(&self) -> Vec<Delivered> {
        lock(&self.state).delivered.clone()
    }

    /// How many messages were begun, taken or not.
    pub fn attempts(&self) -> usize {
        lock(&self.state).attempts
    }

    /// All that came, once there are so many.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Delivered> {
        soon(&format!("{count} messages at the next hop"), || {
            let all = self.delivered();
            assert!(all.len() <= count, "{} messages instead of {count}", all.len());
            (all.len() == count).then_some(all)
        })
    }

    /// The one message with this text in it, once it has come.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> Delivered {
        let fits = |one: &Delivered| {
            one.octets
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        soon(&format!("a message with \"{text}\" at the next hop"), || {
            self.delivered().into_iter().find(fits)
        })
    }
}

impl Drop for NextHop {
    fn drop(&mut self) {
        self.down();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nothing panics while it holds the state")
}

/// One connection; whatever goes wrong ends it, as it would a real server's.
fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut lines = Lines::new(stream, PATIENCE);
    lines.send(b"220 hop.example.test ESMTP\r\n").ok()?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let line = String::from_utf8(lines.line().ok()??).ok()?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => ehlo(&lock(state).extensions),
            "MAIL" => {
                (from, to) = (path(&line), Vec::new());
                "250 2.1.0 Ok".to_owned()
            }
            "RCPT" => {
                let recipient = path(&line);
                let reply = answer_to(&recipient, &mut lock(state));
                if reply.starts_with('2') {
                    to.push(recipient);
                }
                reply.to_owned()
            }
            "DATA" if to.is_empty() => "554 5.5.1 No valid recipients".to_owned(),
            "DATA" => {
                lines.send(b"354 Go on\r\n").ok()?;
                data(&mut lines, state, (&from, &to))?
            }
            "RSET" | "NOOP" => "250 2.0.0 Ok".to_owned(),
            "QUIT" => {
                lines.send(b"221 2.0.0 Bye\r\n").ok()?;
                return Some(());
            }
            _ => "500 5.5.1 What?".to_owned(),
        };
        lines.send(format!("{reply}\r\n").as_bytes()).ok()?;
    }
}

fn answer_to(recipient: &str, state: &mut State) -> &'static str {
    state.asked.push(recipient.to_owned());
    let own = state.recipients.get(recipient).copied();
    own.or(state.others).unwrap_or("250 2.1.5 Ok")
}

fn ehlo(extensions: &[&str]) -> String {
    let mut all = vec!["hop.example.test"];
    all.extend(extensions);
    let last = all.len() - 1;
    let line = |(at, text): (usize, &&str)| format!("250{}{text}", if at == last { ' ' } else { '-' });
    all.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
}

/// Takes the message and gives the reply; `None` when the connection is to break.
fn data(lines: &mut Lines, state: &Mutex<State>, (from, to): (&str, &[String])) -> Option<String> {
    let answer = {
        let mut state = lock(state);
        state.attempts += 1;
        state
            .answers
            .pop_front()
            .unwrap_or(Answer::Say("250 2.0.0 Taken"))
    };
    let mut octets = Vec::new();
    loop {
        let line = lines.line().ok()??;
        if answer == Answer::Break {
            // Only a shutdown reaches the other descriptors of this connection.
            lines.stream().shutdown(Shutdown::Both).ok()?;
            return None;
        }
        match line.as_slice() {
            b".\r\n" => break,
            [b'.', rest @ ..] => octets.extend_from_slice(rest),
            whole => octets.extend_from_slice(whole),
        }
    }
    let Answer::Say(reply) = answer else { return None };
    if reply.starts_with('2') {
        lock(state).delivered.push(Delivered {
            from: from.to_owned(),
            to: to.to_vec(),
            octets,
        });
    }
    Some(reply.to_owned())
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(path, _)| path.to_owned())
}
