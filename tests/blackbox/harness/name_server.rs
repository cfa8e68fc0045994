//! A name server that answers from a table, and as badly as a test wants. UDP and TCP, on a port of its own; it runs until
//! dropped and counts what it was asked. The engine's own tests use the same file.
//!
//! The table is lines of `name kind value`. A name may begin with `*.`, or be `*`: that line is for names without lines of
//! their own. Kinds are record types (A, AAAA, PTR, MX, CNAME, TXT) and ways to behave:
//!
//! | kind | what happens |
//! |---|---|
//! | SILENT | no answer, ever |
//! | SERVFAIL, REFUSED | that, instead of an answer |
//! | LATE n | the answer comes after n milliseconds |
//! | TRUNCATED | the answer is too long for UDP: it comes by TCP only |
//! | WRONG-ID, WRONG-NAME | only the answer to another question comes |
//! | VALIDATED | the answer says that it was validated, to those who ask for that (RFC 6840 §5.7) |

use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long an answer is true, and how long that there is none.
const TTL: u32 = 300;
/// How long TCP waits for a question.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub struct NameServer {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    table: Mutex<Vec<Line>>,
    asked: Mutex<HashMap<(String, String), usize>>,
    stop: AtomicBool,
}

#[derive(Clone)]
struct Line {
    name: String,
    kind: String,
    value: String,
}

/// How a question came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
}

impl NameServer {
    /// Starts one with this table.
    pub fn start(address: Ipv4Addr, table: &str) -> Self {
        let (udp, tcp) = sockets(address).expect("a port of this address is free");
        let server = Self {
            address: udp.local_addr().expect("it is bound"),
            state: Arc::default(),
        };
        server.set(table);
        let state = Arc::clone(&server.state);
        thread::spawn(move || serve_udp(&udp, &state));
        let state = Arc::clone(&server.state);
        thread::spawn(move || serve_tcp(&tcp, &state));
        server
    }

    /// Answers from this table from now on.
    pub fn set(&self, table: &str) {
        let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
        *locked(&self.state.table) = lines.map(Line::read).collect();
    }

    /// How often it was asked this.
    pub fn asked(&self, name: &str, kind: &str) -> usize {
        let question = (name.to_owned(), kind.to_owned());
        locked(&self.state.asked)
            .get(&question)
            .copied()
            .unwrap_or_default()
    }

    /// How often it was asked anything.
    pub fn asked_in_all(&self) -> usize {
        locked(&self.state.asked).values().sum()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        // Both threads look at `stop` when something comes, so something does. One that is gone needs no waking.
        let _ = UdpSocket::bind((self.address.ip(), 0)).and_then(|waker| waker.send_to(&[], self.address));
        let _ = TcpStream::connect(self.address);
    }
}

impl Line {
    fn read(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (name, kind) = (word(), word());
        assert!(!kind.is_empty(), "\"{line}\" is not `name kind value`");
        Self {
            name: name.trim_end_matches('.').to_lowercase(),
            kind,
            value: words.collect::<Vec<_>>().join(" "),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self.name.strip_prefix('*') {
            Some(rest) => name.ends_with(rest),
            None => self.name == name,
        }
    }

    fn data(&self) -> Option<RData> {
        let name = |text: &str| Name::from_ascii(text).expect("the table's names are names");
        let data = match self.kind.as_str() {
            "A" => RData::A(A(self.value.parse().expect("an IPv4 address"))),
            "AAAA" => RData::AAAA(AAAA(self.value.parse().expect("an IPv6 address"))),
            // Octet by octet: hostile ones name hosts that are none.
            "PTR" => {
                let labels = self.value.split('.').map(str::as_bytes);
                RData::PTR(PTR(Name::from_labels(labels).expect("labels")))
            }
            "CNAME" => RData::CNAME(CNAME(full(name(&self.value)))),
            "TXT" => RData::TXT(TXT::new(vec![self.value.clone()])),
            "MX" => {
                let (preference, host) = self.value.split_once(' ').expect("MX preference host");
                let preference = preference.parse().expect("a number");
                RData::MX(MX::new(preference, full(name(host))))
            }
            _ => return None,
        };
        Some(data)
    }
}

fn full(mut name: Name) -> Name {
    name.set_fqdn(true);
    name
}

/// The same port for both.
fn sockets(address: Ipv4Addr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..50 {
        let udp = UdpSocket::bind((address, 0))?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn serve_udp(socket: &UdpSocket, state: &Arc<State>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        if state.stop.load(Ordering::Acquire) {
            return;
        }
        let (query, state) = (buffer[..length].to_vec(), Arc::clone(state));
        let socket = socket.try_clone().expect("a descriptor");
        thread::spawn(move || {
            if let Some(answer) = answer(&query, &state, Way::Udp) {
                // Whoever does not wait for it does not want it.
                let _ = socket.send_to(&answer, from);
            }
        });
    }
}

fn serve_tcp(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stop.load(Ordering::Acquire) {
            return;
        }
        let state = Arc::clone(state);
        // A client that goes away ends its own connection only.
        thread::spawn(move || stream.and_then(|stream| converse(stream, &state)));
    }
}

/// RFC 1035 §4.2.2: each message has its length in front.
fn converse(mut stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        if let Some(answer) = answer(&query, state, Way::Tcp) {
            let length = u16::try_from(answer.len()).expect("our answers are short");
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
        }
    }
}

/// The answer to one question as octets, when it is time for it.
fn answer(query: &[u8], state: &State, way: Way) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?;
    let name = text(question.name());
    let kind = question.query_type().to_string();
    *locked(&state.asked).entry((name.clone(), kind)).or_default() += 1;

    let table = locked(&state.table).clone();
    let lines = lines_of(&table, &name);
    let behaves = |kind: &str| lines.iter().find(|line| line.kind == kind);
    if behaves("SILENT").is_some() {
        return None;
    }
    if let Some(late) = behaves("LATE") {
        thread::sleep(Duration::from_millis(late.value.parse().expect("milliseconds")));
    }
    let mut message = respond(&query, &table, question);
    for (kind, code) in [
        ("SERVFAIL", ResponseCode::ServFail),
        ("REFUSED", ResponseCode::Refused),
    ] {
        if behaves(kind).is_some() {
            message.answers.clear();
            message.authorities.clear();
            message.metadata.response_code = code;
        }
    }
    if behaves("TRUNCATED").is_some() && way == Way::Udp {
        message.answers.clear();
        message.metadata.truncation = true;
    }
    if behaves("WRONG-ID").is_some() {
        message.metadata.id = !message.metadata.id;
    }
    if behaves("WRONG-NAME").is_some() {
        let other = Name::from_ascii("another.example.").expect("a name");
        message.queries = vec![Query::query(other, question.query_type())];
    }
    if behaves("VALIDATED").is_some() {
        message.metadata.authentic_data = query.metadata.authentic_data;
    }
    message.to_vec().ok()
}

/// What the table says, without any misbehaviour.
fn respond(query: &Message, table: &[Line], question: &Query) -> Message {
    let mut message = Message::response(query.metadata.id, OpCode::Query);
    message.metadata.recursion_desired = query.metadata.recursion_desired;
    message.metadata.recursion_available = true;
    message.add_query(question.clone());
    let mut owner = question.name().clone();
    // An alias leads on, though not for ever.
    for _ in 0..8 {
        let lines = lines_of(table, &text(&owner));
        let data: Vec<RData> = lines.iter().filter_map(|line| line.data()).collect();
        let wanted = |data: &&RData| data.record_type() == question.query_type();
        let found = data.iter().filter(wanted);
        message.add_answers(found.map(|data| Record::from_rdata(owner.clone(), TTL, data.clone())));
        if data.is_empty() {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        let alias = data.iter().find_map(|data| match data {
            RData::CNAME(alias) if question.query_type() != RecordType::CNAME => Some(alias.0.clone()),
            _ => None,
        });
        let Some(alias) = alias else { break };
        let record = Record::from_rdata(owner, TTL, RData::CNAME(CNAME(alias.clone())));
        message.add_answer(record);
        owner = alias;
    }
    if message.answers.is_empty() {
        // Without it nobody may remember that there is nothing (RFC 2308 §5).
        let zone = question.name().base_name();
        let ttl = i32::try_from(TTL).expect("it fits");
        let soa = SOA::new(zone.clone(), zone.clone(), 1, ttl, ttl, ttl, TTL);
        message.add_authority(Record::from_rdata(zone, TTL, RData::SOA(soa)));
    }
    message
}

/// A name's own lines, or where it has none those of the longest pattern that fits.
fn lines_of<'a>(table: &'a [Line], name: &str) -> Vec<&'a Line> {
    let fitting = table.iter().filter(|line| line.matches(name));
    let best = fitting
        .clone()
        .max_by_key(|line| (line.name == name, line.name.len()))
        .map(|line| line.name.as_str());
    fitting.filter(|line| Some(line.name.as_str()) == best).collect()
}

/// As it stands in the table.
fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name under which an address keeps its own name. RFC 1035 §3.5.
pub fn reverse_of(address: impl Into<IpAddr>) -> String {
    text(&Name::from(address.into()))
}
