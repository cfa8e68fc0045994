//! Carries octets between the sending machine and a tokio socket. Knows no SMTP.

use bytes::{Buf as _, Bytes, BytesMut};
use postern_smtp::{Client, ClientStep, Outgoing, Sent};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What is read at once: replies are short.
const READ_BYTES: usize = 4096;
/// Pieces in one vectored write.
const PIECES_MAX: usize = 64;

/// One connection to a mail server.
pub struct Sending {
    stream: TcpStream,
    client: Client,
    buffer: BytesMut,
    began: Instant,
    /// From the first octet of the connection to the first of the banner.
    banner: Option<Duration>,
    /// When the last octet of the last write was taken by the system.
    sent_at: Instant,
    /// When the last octets came.
    received_at: Instant,
}

/// What a message came to.
pub struct Outcome {
    /// Recipient by recipient.
    pub sent: Sent,
    /// From the end of data to the reply; without meaning unless someone was taken.
    pub waited: Duration,
}

impl Sending {
    /// Connects.
    pub async fn connect(to: SocketAddr, hello_name: &str) -> io::Result<Self> {
        let began = Instant::now();
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            client: Client::new(hello_name),
            buffer: BytesMut::with_capacity(READ_BYTES),
            began,
            banner: None,
            sent_at: began,
            received_at: began,
        })
    }

    /// Sends one message; `None` when the connection is over.
    pub async fn send(&mut self, outgoing: Outgoing) -> Option<Outcome> {
        self.client.begin(outgoing);
        self.go_on().await
    }

    /// Says QUIT and hears the reply.
    pub async fn quit(&mut self) {
        self.client.quit();
        self.go_on().await;
    }

    /// How long the banner took; once.
    pub fn take_banner(&mut self) -> Option<Duration> {
        self.banner.take()
    }

    async fn go_on(&mut self) -> Option<Outcome> {
        loop {
            match self.client.next_step() {
                ClientStep::Send(pieces) => {
                    if self.write(pieces).await.is_err() {
                        self.client.closed();
                    }
                    self.sent_at = Instant::now();
                }
                ClientStep::Read => self.read().await,
                ClientStep::Sent(sent) => {
                    let waited = self.received_at.saturating_duration_since(self.sent_at);
                    return Some(Outcome { sent, waited });
                }
                ClientStep::Ready | ClientStep::Done => return None,
            }
        }
    }

    async fn read(&mut self) {
        self.buffer.clear();
        self.buffer.reserve(READ_BYTES);
        match timeout(self.client.deadline(), self.stream.read_buf(&mut self.buffer)).await {
            Err(_) => self.client.timed_out(),
            Ok(Err(_) | Ok(0)) => self.client.closed(),
            Ok(Ok(_)) => {
                let first = self.received_at == self.began;
                self.received_at = Instant::now();
                if first {
                    self.banner = Some(self.received_at.saturating_duration_since(self.began));
                }
                self.client.received(&self.buffer);
            }
        }
    }

    async fn write(&mut self, pieces: Vec<Bytes>) -> io::Result<()> {
        let mut pieces: VecDeque<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        while !pieces.is_empty() {
            let slices: Vec<_> = pieces
                .iter()
                .take(PIECES_MAX)
                .map(|piece| IoSlice::new(piece))
                .collect();
            let mut written = self.stream.write_vectored(&slices).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            while let Some(piece) = pieces.front_mut() {
                if written < piece.len() {
                    piece.advance(written);
                    break;
                }
                written -= piece.len();
                pieces.pop_front();
            }
        }
        Ok(())
    }
}
