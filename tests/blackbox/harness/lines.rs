//! A TCP connection read by lines, with a deadline on every read.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Octets as they come, cut at line ends.
pub struct Lines {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Lines {
    /// Over a connection. A read that waits longer than `patience` gives up.
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        stream
            .set_read_timeout(Some(patience))
            .expect("a socket takes a timeout");
        stream
            .set_write_timeout(Some(patience))
            .expect("a socket takes a timeout");
        stream.set_nodelay(true).expect("a socket takes an option");
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends.
    pub fn send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(octets)
    }

    /// The next line with its line end; `None` at the end of the stream, a rest without line end included in `rest`.
    pub fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.buffer[seen..].iter().position(|octet| *octet == b'\n') {
                return Ok(Some(self.buffer.drain(..=seen + at).collect()));
            }
            seen = self.buffer.len();
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Exactly so many octets.
    pub fn exactly(&mut self, count: usize) -> std::io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.fill()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    /// Everything up to the end of the stream. A reset counts as one.
    pub fn rest(&mut self) -> std::io::Result<Vec<u8>> {
        while self.fill()? {}
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Whether more came; false at the end of the stream.
    fn fill(&mut self) -> std::io::Result<bool> {
        let mut piece = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// The connection itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
