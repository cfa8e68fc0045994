//! An SMTP client that says exactly what it is told to, and shows the whole conversation when something unexpected comes
//! back.

use super::lines::Lines;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a reply may take: longer than the product's own second of delay for clients that err.
const PATIENCE: Duration = Duration::from_secs(60);
/// Characters of one step that are shown when a test fails.
const SHOWN_MAX: usize = 300;

/// One connection to the gateway.
pub struct Smtp {
    lines: Lines,
    said: String,
}

/// A reply, all its lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// As they came, without line ends.
    pub lines: Vec<String>,
}

impl Reply {
    /// The last line.
    pub fn text(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }
}

impl Smtp {
    /// Connects, and reads nothing.
    #[track_caller]
    pub fn raw(address: SocketAddr) -> Self {
        let stream =
            TcpStream::connect(address).unwrap_or_else(|why| panic!("connecting to {address}: {why}"));
        Self {
            lines: Lines::new(stream, PATIENCE),
            said: String::new(),
        }
    }

    /// Connects from an address of our choice, so that tracking can tell the connections apart, and reads nothing.
    #[track_caller]
    pub fn raw_from(source: Ipv4Addr, address: SocketAddr) -> Self {
        let own = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&own, &SocketAddr::from((source, 0))).expect("all of 127.0.0.0/8 is ours");
        connect(&own, &address).unwrap_or_else(|why| panic!("connecting to {address}: {why}"));
        Self {
            lines: Lines::new(TcpStream::from(own), PATIENCE),
            said: String::new(),
        }
    }

    /// Connects and takes the banner.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let mut smtp = Self::raw(address);
        smtp.expect(220);
        smtp
    }

    /// Connects, takes the banner and greets someone who may not be there.
    pub fn try_greeted(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|why| why.to_string())?;
        let mut smtp = Self {
            lines: Lines::new(stream, PATIENCE),
            said: String::new(),
        };
        smtp.try_reply()?;
        smtp.try_send(b"EHLO client.example.com\r\n")
            .map_err(|why| why.to_string())?;
        smtp.try_reply().map(|_| smtp)
    }

    /// Connects, takes the banner and greets.
    #[track_caller]
    pub fn greeted(address: SocketAddr) -> Self {
        let mut smtp = Self::connect(address);
        smtp.ask("EHLO client.example.com", 250);
        smtp
    }

    /// The same from an address of our choice.
    #[track_caller]
    pub fn greeted_from(source: Ipv4Addr, address: SocketAddr) -> Self {
        let mut smtp = Self::raw_from(source, address);
        smtp.expect(220);
        smtp.ask("EHLO client.example.com", 250);
        smtp
    }

    /// Sends octets.
    #[track_caller]
    pub fn send(&mut self, octets: &[u8]) {
        self.try_send(octets)
            .unwrap_or_else(|why| panic!("sending: {why}\n{}", self.said));
    }

    /// Sends octets to someone who may be gone.
    pub fn try_send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.note("C", octets);
        self.lines.send(octets)
    }

    /// Sends one line.
    #[track_caller]
    pub fn line(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes());
    }

    /// Sends one line and takes the reply, which must have this code.
    #[track_caller]
    pub fn ask(&mut self, line: &str, code: u16) -> Reply {
        self.line(line);
        self.expect(code)
    }

    /// Sends one line; the reply's last line.
    #[track_caller]
    pub fn reply_to(&mut self, line: &str) -> String {
        self.line(line);
        self.reply().text().to_owned()
    }

    /// The next reply, which must have this code.
    #[track_caller]
    pub fn expect(&mut self, code: u16) -> Reply {
        let reply = self.reply();
        assert_eq!(reply.code, code, "the reply's code\n{}", self.said);
        reply
    }

    /// The next reply, which must begin so.
    #[track_caller]
    pub fn expect_text(&mut self, beginning: &str) -> Reply {
        let reply = self.reply();
        assert!(
            reply.text().starts_with(beginning),
            "expected: {beginning}\n{}",
            self.said
        );
        reply
    }

    /// The next reply.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        self.try_reply()
            .unwrap_or_else(|why| panic!("no reply: {why}\n{}", self.said))
    }

    /// The next reply of someone who may be gone.
    pub fn try_reply(&mut self) -> Result<Reply, String> {
        let mut lines = Vec::new();
        loop {
            let line = self.try_line()?;
            let (code, more) = (
                line.get(..3).and_then(|code| code.parse().ok()),
                line.get(3..4) == Some("-"),
            );
            let code = code.ok_or_else(|| format!("not a reply: {line}"))?;
            lines.push(line);
            if !more {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// The next line.
    pub fn try_line(&mut self) -> Result<String, String> {
        let line = self
            .lines
            .line()
            .map_err(|why| why.to_string())?
            .ok_or("the connection was closed")?;
        self.note("S", &line);
        let line = line.strip_suffix(b"\r\n").ok_or("a line without CRLF")?;
        String::from_utf8(line.to_vec()).map_err(|why| why.to_string())
    }

    /// MAIL, RCPT and DATA up to 354.
    #[track_caller]
    pub fn envelope(&mut self, from: &str, to: &[&str]) {
        self.ask(&format!("MAIL FROM:<{from}>"), 250);
        for recipient in to {
            self.ask(&format!("RCPT TO:<{recipient}>"), 250);
        }
        self.ask("DATA", 354);
    }

    /// A whole message, dot-stuffed here; the reply to its end.
    #[track_caller]
    pub fn message(&mut self, from: &str, to: &[&str], message: &[u8]) -> Reply {
        self.envelope(from, to);
        self.send(&stuffed(message));
        self.reply()
    }

    /// A whole message that must be taken; its MID.
    #[track_caller]
    pub fn accepted(&mut self, from: &str, to: &[&str], message: &[u8]) -> u64 {
        let reply = self.message(from, to, message);
        let mid = reply
            .text()
            .strip_prefix("250 2.0.0 Ok: queued as ")
            .and_then(|mid| mid.parse().ok());
        mid.unwrap_or_else(|| panic!("not accepted\n{}", self.said))
    }

    /// The same with someone who may go away at any moment: the reply to the end of data, if it came.
    pub fn try_message(&mut self, from: &str, to: &str, message: &[u8]) -> Result<Reply, String> {
        let commands = format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        self.try_send(commands.as_bytes())
            .map_err(|why| why.to_string())?;
        for code in [250, 250, 354] {
            let reply = self.try_reply()?;
            if reply.code != code {
                return Err(reply.text().to_owned());
            }
        }
        self.try_send(&stuffed(message)).map_err(|why| why.to_string())?;
        self.try_reply()
    }

    /// The server must close, having said nothing more.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        let rest = self
            .lines
            .rest()
            .unwrap_or_else(|why| panic!("not closed: {why}\n{}", self.said));
        assert!(
            rest.is_empty(),
            "more than expected: {}\n{}",
            String::from_utf8_lossy(&rest),
            self.said
        );
    }

    /// What comes up to the end of the stream.
    pub fn rest(&mut self) -> Result<Vec<u8>, String> {
        self.lines.rest().map_err(|why| why.to_string())
    }

    /// Closes our side.
    pub fn close(&mut self) {
        // A server that closed first is no failure.
        let _ = self.lines.stream().shutdown(Shutdown::Write);
        self.note("C", b"(closes)");
    }

    /// What was said so far, for a failed test.
    pub fn said(&self) -> &str {
        &self.said
    }

    fn note(&mut self, who: &str, octets: &[u8]) {
        let shown = octets.escape_ascii().to_string();
        let more = if shown.len() > SHOWN_MAX { "..." } else { "" };
        self.said.push_str(&format!(
            "{who}: {}{more}\n",
            &shown[..shown.len().min(SHOWN_MAX)]
        ));
    }
}

/// A message as it goes over the wire behind 354: lines that begin with a dot get another, and the end of data follows.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    assert!(
        message.is_empty() || message.ends_with(b"\r\n"),
        "SMTP can only carry whole lines"
    );
    let mut wire = Vec::with_capacity(message.len() + message.len() / 50 + 3);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
