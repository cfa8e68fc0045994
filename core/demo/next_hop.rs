//! The built-in next hop: a mail server that takes everything and keeps each message as a file, exactly as it was given.
//! The same protocol machine as the gateway's, over blocking sockets and a bounded number of threads.

use crate::cli::times;
use crate::cli::trouble::Trouble;
use postern_engine::smtp::{Question, Server, ServerSettings, Step, Stored};
use postern_vocab::{Mid, Reply, limits};
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// Connections served at once; the next one waits until another ends.
const CONNECTIONS_MAX: usize = 64;
/// What is read from a socket at once.
const READ_BYTES: usize = 64 * 1024;
/// Files of one message (a release delivers it once more) before the name is given up.
const FILES_PER_MESSAGE_MAX: u32 = 1_000;
/// Header octets in which the message's id is looked for: ours is in front.
const ID_BYTES_MAX: usize = 4_096;

/// Starts it; it ends with the process.
pub fn start(address: SocketAddr, delivered: &Path) -> Result<(), Trouble> {
    let cannot = || {
        Trouble::io(format!(
            "the built-in next hop cannot listen on {address}; stop what does (another demo?), or use --next-hop-port"
        ))
    };
    let listener = TcpListener::bind(address).map_err(cannot())?;
    let settings = Arc::new(ServerSettings {
        message_bytes_max: limits::MESSAGE_BYTES_MAX * 2,
        messages_max: u32::MAX,
        ..ServerSettings::new(
            "next-hop.example.test",
            "postmaster@example.test".parse().expect("a valid address"),
        )
    });
    let delivered = delivered.to_owned();
    let accepting = move || accept(&listener, &settings, &delivered);
    thread::Builder::new()
        .name("next hop".to_owned())
        .spawn(accepting)
        .map_err(cannot())?;
    Ok(())
}

/// How many connections there are, and a way to wait for one to end.
#[derive(Default)]
struct Places {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    fn take(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(taken, |taken| *taken >= CONNECTIONS_MAX);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn free(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.freed.notify_one();
    }
}

fn accept(listener: &TcpListener, settings: &Arc<ServerSettings>, delivered: &Path) {
    let places = Arc::new(Places::default());
    for stream in listener.incoming() {
        // A connection that was gone before it was accepted is the gateway's to try again.
        let Ok(stream) = stream else { continue };
        places.take();
        let (settings, delivered, theirs) = (Arc::clone(settings), delivered.to_owned(), Arc::clone(&places));
        let serving = move || {
            if let Err(error) = serve(stream, settings, &delivered) {
                eprintln!("next hop: a connection failed: {error}");
            }
            theirs.free();
        };
        if thread::Builder::new()
            .name("next hop".to_owned())
            .spawn(serving)
            .is_err()
        {
            places.free();
        }
    }
}

/// Drives one connection to its end.
fn serve(mut stream: TcpStream, settings: Arc<ServerSettings>, delivered: &Path) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(limits::SEND_TIMEOUT))?;
    let mut server = Server::new(settings, times::now());
    let mut chunk = vec![0; READ_BYTES];
    server.open(Ok(()));
    loop {
        match server.next_step(times::now()) {
            Step::Read | Step::ReadBody => {
                stream.write_all(&server.take_output())?;
                read(&mut stream, &mut server, &mut chunk)?;
            }
            Step::Ask(Question::Message { body, .. }) => {
                stream.write_all(&server.take_output())?;
                server.answer_message(keep(&body, delivered).map_err(|error| {
                    Reply::made(452, "4.3.1", &format!("cannot store the message: {error}"))
                }));
            }
            Step::Ask(_) => server.answer(Ok(())),
            Step::StartTls => unreachable!("not offered"),
            Step::Delay(time) => thread::sleep(time),
            Step::Close(_) => return stream.write_all(&server.take_output()),
        }
    }
}

fn read(stream: &mut TcpStream, server: &mut Server, chunk: &mut [u8]) -> io::Result<()> {
    stream.set_read_timeout(Some(server.deadline()))?;
    let mut buffer = server.take_buffer();
    let result = stream.read(chunk);
    let now = times::now();
    match result {
        Ok(count) => {
            buffer.extend_from_slice(&chunk[..count]);
            server.give_buffer(buffer, count, now);
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            server.timed_out(now);
        }
        Err(_) => server.lost(now),
    }
    Ok(())
}

/// A message that is in a file.
struct Kept(Mid);

impl Stored for Kept {
    fn mid(&self) -> Mid {
        self.0
    }
}

/// Writes the message under the id that the gateway gave it; a second delivery of it gets a number.
fn keep(message: &[u8], delivered: &Path) -> io::Result<Kept> {
    let mid = id(message);
    let name = mid.map_or_else(|| "without-id".to_owned(), |mid| mid.to_string());
    for count in 1..=FILES_PER_MESSAGE_MAX {
        let file = file(delivered, &name, count);
        match OpenOptions::new().write(true).create_new(true).open(file) {
            Ok(mut file) => {
                file.write_all(message)?;
                return Ok(Kept(mid.unwrap_or_default()));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the same message came too often"))
}

/// `7.eml`, then `7-2.eml`.
fn file(delivered: &Path, name: &str, count: u32) -> PathBuf {
    match count {
        1 => delivered.join(format!("{name}.eml")),
        _ => delivered.join(format!("{name}-{count}.eml")),
    }
}

/// The id in the gateway's own header fields: `X-Postern-Verdict: mid=7; ...`, or `(Postern) id 7;` in the Received
/// field of mail that it made itself.
fn id(message: &[u8]) -> Option<Mid> {
    let start = String::from_utf8_lossy(&message[..message.len().min(ID_BYTES_MAX)]);
    let header = start.split("\r\n\r\n").next().unwrap_or_default();
    ["X-Postern-Verdict: mid=", "(Postern) id "]
        .into_iter()
        .find_map(|mark| {
            let (_, after) = header.split_once(mark)?;
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            after[..digits].parse().ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_under_its_id_and_never_over_another() {
        let rows = [
            (
                "X-Postern-Verdict: mid=7; verdict=clean; score=0\r\n\r\nbody",
                Some(7),
            ),
            (
                "Received: by mx.example.test (Postern) id 12;\r\n\tMon\r\nFrom: a\r\n\r\n",
                Some(12),
            ),
            ("Subject: none\r\n\r\nX-Postern-Verdict: mid=7; in the body", None),
            ("", None),
        ];
        for (message, mid) in rows {
            assert_eq!(id(message.as_bytes()), mid.map(Mid), "{message}");
        }
        let dir = tempfile::tempdir().expect("a directory");
        for expected in ["7.eml", "7-2.eml", "7-3.eml"] {
            keep(rows[0].0.as_bytes(), dir.path()).expect("kept");
            assert!(dir.path().join(expected).is_file(), "{expected}");
        }
    }
}
