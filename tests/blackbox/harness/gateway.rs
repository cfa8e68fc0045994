//! The daemon under test: its life, and the commands that ask it.

use super::http::Http;
use super::program::{Ran, postern, run_to_end};
use super::smtp::Smtp;
use super::wait::{SOON, soon, try_until, until};
use super::{NextHop, Options};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(60);
const COMMAND: Duration = Duration::from_secs(60);
/// The daemon's own grace for what is under way is 10 s and 2 s.
const STOP: Duration = Duration::from_secs(30);
/// What is shown of the daemon's standard error when a test fails.
const LAST_WORDS: usize = 4000;

/// A gateway: running, killed or stopped.
pub struct Gateway {
    pub(super) home: TempDir,
    /// Its configuration file.
    pub config: PathBuf,
    /// Its data.
    pub data_dir: PathBuf,
    pub(super) address: Ipv4Addr,
    pub(super) child: Option<Child>,
    /// How often it was launched.
    pub(super) lives: usize,
}

impl Gateway {
    /// One with nothing special.
    #[track_caller]
    pub fn start(hop: &NextHop) -> Self {
        Options::new(hop).start()
    }

    /// Where it takes mail.
    pub fn smtp(&self) -> SocketAddr {
        SocketAddr::from((self.address, 2525))
    }

    /// Where its pages are.
    pub fn portal(&self) -> SocketAddr {
        SocketAddr::from((self.address, 8025))
    }

    /// Sends one message from a connection of its own; its MID.
    #[track_caller]
    pub fn accepts(&self, from: &str, to: &[&str], message: &[u8]) -> u64 {
        let mut smtp = Smtp::greeted(self.smtp());
        let mid = smtp.accepted(from, to, message);
        smtp.ask("QUIT", 221);
        mid
    }

    /// Starts the daemon without waiting for anything.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let mut command = postern(&["run", "--config"]);
        command.arg(&self.config).stdout(self.log()).stderr(self.log());
        self.lives += 1;
        self.child = Some(command.spawn().expect("the program starts"));
    }

    /// Waits until it is up.
    #[track_caller]
    pub fn wait_until_ready(&mut self) {
        if let Err(said) = self.try_until_ready() {
            panic!("the daemon ended at once:\n{said}");
        }
    }

    /// Waits until it takes mail, its door answers and it has said so; or for its end: what it said then.
    #[track_caller]
    pub fn try_until_ready(&mut self) -> Result<(), String> {
        let smtp = self.smtp();
        let socket = self.data_dir.join("run/operator.sock");
        let (home, lives) = (self.home.path().to_owned(), self.lives);
        let child = self.child.as_mut().expect("it was launched");
        let ended = until("the daemon starts", START, || {
            if child.try_wait().expect("a child can be waited for").is_some() {
                return Some(true);
            }
            let answers = TcpStream::connect(smtp).is_ok() && UnixStream::connect(&socket).is_ok();
            let announced = said(&home).matches("\"inbound\" takes mail on").count() == lives;
            (answers && announced).then_some(false)
        });
        if ended { Err(self.stderr()) } else { Ok(()) }
    }

    /// Takes its life in the middle of whatever it does. The portal, which is to die with it, has a test of its own; here
    /// it must only be gone, since its port has to be free for the next one.
    pub fn kill9(&mut self) {
        let children = self.children();
        self.signal(Signal::KILL);
        self.child
            .take()
            .expect("it runs")
            .wait()
            .expect("a child can be waited for");
        children.into_iter().for_each(end);
        let portal = self.portal();
        soon("the portal's port is free", || {
            TcpStream::connect(portal).is_err().then_some(())
        });
    }

    /// Takes the life of the daemon and of nothing else.
    pub fn kill9_alone(&mut self) {
        self.signal(Signal::KILL);
        self.child
            .take()
            .expect("it runs")
            .wait()
            .expect("a child can be waited for");
    }

    /// Stops it in an orderly way.
    #[track_caller]
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        let mut child = self.child.take().expect("it runs");
        let status = until("the daemon stops", STOP, || {
            child.try_wait().expect("a child can be waited for")
        });
        assert!(status.success(), "it ended with {status}:\n{}", self.stderr());
    }

    /// Starts it again.
    #[track_caller]
    pub fn again(&mut self) {
        self.launch();
        self.wait_until_ready();
    }

    /// Makes it read its configuration again, as a service manager does.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    /// Stops all its threads where they are, until [`Gateway::thaw`].
    #[track_caller]
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        soon("every thread stands still", || {
            self.threads().iter().all(|state| state == "T").then_some(())
        });
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// The state of each of its threads, as the kernel writes it.
    fn threads(&self) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid().as_raw_nonzero())).expect("it runs");
        let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        // Behind the name, which may hold anything.
        let state = |stat: String| Some(stat.rsplit_once(") ")?.1.split(' ').next()?.to_owned());
        stats.filter_map(state).collect()
    }

    /// Takes the life of the portal's process only, and waits until its port is free.
    #[track_caller]
    pub fn kill_portal(&self) {
        let children = self.children();
        assert_eq!(
            children.len(),
            1,
            "the portal is the daemon's only child: {children:?}"
        );
        children.into_iter().for_each(end);
        let portal = self.portal();
        soon("the portal is gone", || {
            TcpStream::connect(portal).is_err().then_some(())
        });
    }

    /// The processes that it started.
    fn children(&self) -> Vec<Pid> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid().as_raw_nonzero()));
        let lists = tasks
            .into_iter()
            .flatten()
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
        let all: Vec<String> = lists.collect();
        let pids = all
            .iter()
            .flat_map(|list| list.split_whitespace())
            .filter_map(|pid| pid.parse().ok());
        pids.filter_map(Pid::from_raw).collect()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("it runs"))
    }

    /// What it said on standard error, over all its lives.
    pub fn stderr(&self) -> String {
        said(self.home.path())
    }

    fn log(&self) -> File {
        let path = self.home.path().join("stderr.log");
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("the log opens")
    }

    /// The most memory that it ever had, in MiB.
    pub fn memory_high_mib(&self) -> u64 {
        self.memory_kib("VmHWM:") / 1024
    }

    /// The memory that it has now, in KiB.
    pub fn memory_now_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, what: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = fs::read_to_string(path).expect("it runs");
        let line = status
            .lines()
            .find(|line| line.starts_with(what))
            .expect("the kernel tells");
        let kib = line
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok());
        kib.expect("a number")
    }

    /// Runs a command on it.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> Ran {
        self.cli_with(arguments, "")
    }

    /// The same with something on standard input.
    #[track_caller]
    pub fn cli_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = postern(arguments);
        command.arg("--config").arg(&self.config);
        run_to_end(&mut command, input, COMMAND)
    }

    /// `postern track --json`.
    #[track_caller]
    pub fn track(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.cli(&[&["track", "--json"], arguments].concat());
        assert!(
            ran.status == 0 || ran.status == 1 && ran.err.is_empty(),
            "{ran:?}"
        );
        ran.json_lines()
    }

    /// The one row that fits, once there is one: the index may be a moment behind.
    #[track_caller]
    pub fn tracked(&self, arguments: &[&str]) -> Value {
        soon(&format!("track {arguments:?}"), || {
            let mut rows = self.track(arguments);
            assert!(rows.len() < 2, "track {arguments:?} finds several: {rows:#?}");
            rows.pop()
        })
    }

    /// `postern show --json`, once there is such a thing.
    #[track_caller]
    pub fn show(&self, label: &str, number: &Value) -> Value {
        let number = number.to_string();
        soon(&format!("show {label} {number}"), || {
            let ran = self.cli(&["show", label, &number, "--json"]);
            (ran.status == 0).then(|| ran.json())
        })
    }

    /// `postern show --json` of a connection that has ended, once all of it is on record.
    #[track_caller]
    pub fn connection(&self, icid: &Value) -> Value {
        soon(&format!("the end of ICID {icid} is on record"), || {
            let detail = self.show("ICID", icid);
            detail["disconnected"].is_object().then_some(detail)
        })
    }

    /// `postern show --json` of a message, once its last state is this and the connection it came by has ended.
    #[track_caller]
    pub fn message_is(&self, mid: u64, state: &str) -> Value {
        let mut seen = String::new();
        let found = try_until(SOON, || {
            let ran = self.cli(&["show", "MID", &mid.to_string(), "--json"]);
            let detail = (ran.status == 0).then(|| ran.json())?;
            seen = detail["row"].to_string();
            let ended = detail["row"]["icid"].is_null() || detail["disconnected"].is_object();
            (ended && detail["row"]["state"] == state).then_some(detail)
        });
        found.unwrap_or_else(|| panic!("MID {mid} is not {state} but {seen}"))
    }

    /// `postern quarantine list --json`.
    #[track_caller]
    pub fn held(&self, arguments: &[&str]) -> Vec<Value> {
        self.cli(&[&["quarantine", "list", "--json"], arguments].concat())
            .ended(0)
            .json_lines()
    }

    /// A portal log-in.
    #[track_caller]
    pub fn add_user(&self, login: &str, password: &str) {
        self.add_account(&["user", "add", login, "--password-stdin"], password);
    }

    /// One that may see everything.
    #[track_caller]
    pub fn add_admin(&self, login: &str, password: &str) {
        self.add_account(&["user", "add", login, "--admin", "--password-stdin"], password);
    }

    #[track_caller]
    fn add_account(&self, arguments: &[&str], password: &str) {
        self.cli_with(arguments, &format!("{password}\n")).ended(0);
    }

    /// A visitor of its pages, once there are any.
    #[track_caller]
    pub fn visitor(&self) -> Http {
        let address = self.portal();
        soon("the portal answers", || TcpStream::connect(address).ok());
        Http::new(address)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let children = if self.child.is_some() {
            self.children()
        } else {
            Vec::new()
        };
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which is then what the test fails of.
            if let Ok(Some(status)) = child.try_wait() {
                eprintln!("the daemon had ended by itself: {status}");
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        children.into_iter().for_each(end);
        if std::thread::panicking() {
            let said = self.stderr();
            let from = said.ceil_char_boundary(said.len().saturating_sub(LAST_WORDS));
            eprintln!(
                "--- the daemon's standard error, {}:\n{}---",
                self.config.display(),
                &said[from..]
            );
        }
    }
}

fn said(home: &Path) -> String {
    let octets = fs::read(home.join("stderr.log")).unwrap_or_default();
    String::from_utf8_lossy(&octets).into_owned()
}

/// Takes a process's life; it may have ended by itself.
fn end(process: Pid) {
    let _ = kill_process(process, Signal::KILL);
}
