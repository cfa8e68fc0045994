//! A program that a scenario starts and ends.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take until it is there.
const START_MAX: Duration = Duration::from_secs(60);
/// How long a program may take to end after SIGTERM.
const END_MAX: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running program; dropping it ends it.
pub struct Started(Child);

impl Started {
    /// Starts it.
    pub fn new(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{} does not start: {error}", command.get_program().display()),
            )
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    fn end(&mut self) -> io::Result<()> {
        let pid = i32::try_from(self.0.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or(io::ErrorKind::InvalidInput)?;
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        while self.0.try_wait()?.is_none() {
            if began.elapsed() > END_MAX {
                return self.0.kill();
            }
            sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("postern-bench: process {} does not end: {error}", self.0.id());
        }
    }
}

/// Waits until a server says 220.
pub fn wait_for_greeting(server: SocketAddr) -> io::Result<()> {
    wait_for(&format!("{server} does not greet with 220"), || {
        let line = greeting(server).unwrap_or_default();
        Ok(line.starts_with("220").then_some(()))
    })
}

/// Looks until there is something; `missing` is the error when there never is.
pub fn wait_for<T>(missing: &str, look: impl Fn() -> io::Result<Option<T>>) -> io::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if began.elapsed() > START_MAX {
            return Err(io::Error::other(missing.to_owned()));
        }
        sleep(LOOK_EVERY);
    }
}

fn greeting(server: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(START_MAX))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

/// A port of loopback that was free a moment ago.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
