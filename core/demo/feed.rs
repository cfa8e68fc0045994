//! One connection to the gateway, as a stranger's mail server makes it: the same protocol machine as our own deliveries',
//! over a blocking socket.

use bytes::Bytes;
use postern_engine::smtp::{Client, ClientStep, Outgoing, body_kind};
use postern_vocab::{Address, BodyKind, Mid, Reply, ReversePath, Rid, limits};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// What the sender calls itself.
const HELLO: &str = "sender.example";
const READ_BYTES: usize = 4_096;

/// An open connection.
pub struct Connection {
    stream: TcpStream,
    client: Client,
}

/// Where the machine stands.
enum Came {
    Sent(Vec<(Rid, Reply)>),
    Ready,
    Done,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(limits::SEND_TIMEOUT))?;
        Ok(Self {
            stream,
            client: Client::new(HELLO),
        })
    }

    /// Sends one message; every recipient's reply, in order. With it comes the connection, if it can take another one.
    pub fn send(mut self, outgoing: Outgoing) -> io::Result<(Vec<Reply>, Option<Self>)> {
        let count = outgoing.recipients.len();
        self.client.begin(outgoing);
        let outcomes = loop {
            match self.go_on()? {
                Came::Sent(outcomes) => break outcomes,
                Came::Ready => {}
                Came::Done => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        };
        let reply = |rid| {
            outcomes
                .iter()
                .find(|(of, _)| *of == rid)
                .map(|(_, reply)| reply.clone())
        };
        let replies: Option<Vec<Reply>> = (0u16..).map(Rid).take(count).map(reply).collect();
        let replies = replies.ok_or_else(|| io::Error::other("a recipient got no reply"))?;
        let open = matches!(self.go_on(), Ok(Came::Ready)).then_some(self);
        Ok((replies, open))
    }

    /// Says goodbye. Whether it is heard does not matter: every message has its reply.
    pub fn quit(mut self) {
        self.client.quit();
        while let Ok(Came::Sent(_) | Came::Ready) = self.go_on() {}
    }

    /// Drives the machine until it has something to tell.
    fn go_on(&mut self) -> io::Result<Came> {
        loop {
            match self.client.next_step() {
                ClientStep::Send(pieces) => {
                    if pieces
                        .iter()
                        .try_for_each(|piece| self.stream.write_all(piece))
                        .is_err()
                    {
                        self.client.closed();
                    }
                }
                ClientStep::Read => self.read()?,
                ClientStep::Sent(sent) => return Ok(Came::Sent(sent.outcomes)),
                ClientStep::Ready => return Ok(Came::Ready),
                ClientStep::Done => return Ok(Came::Done),
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(self.client.deadline()))?;
        let mut octets = [0; READ_BYTES];
        match self.stream.read(&mut octets) {
            Ok(0) => self.client.closed(),
            Ok(count) => self.client.received(&octets[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                self.client.timed_out();
            }
            Err(_) => self.client.closed(),
        }
        Ok(())
    }
}

/// A message in wire form, ready to send.
pub fn outgoing(
    message: Vec<u8>,
    sender: ReversePath,
    recipients: impl IntoIterator<Item = Address>,
) -> Outgoing {
    let bytes = message.len() as u64;
    let pieces = vec![Bytes::from(message)];
    Outgoing {
        sender,
        recipients: (0u16..).map(Rid).zip(recipients).collect(),
        body: body_kind(BodyKind::default(), &pieces),
        bytes,
        pieces,
        ..Outgoing::default()
    }
}

/// The id in `250 2.0.0 Ok: queued as 7`.
pub fn mid(reply: &Reply) -> Option<Mid> {
    let (_, mid) = reply.text.split_once("queued as ")?;
    mid.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stands_in_the_reply() {
        let reply = |text: &str| Reply::made(250, "2.0.0", text);
        assert_eq!(mid(&reply("Ok: queued as 7")), Some(Mid(7)));
        assert_eq!(mid(&reply("2.0.0 Ok: queued as 7 (thanks)")), Some(Mid(7)));
        assert_eq!(mid(&reply("Ok")), None);
    }
}
