//! The plain tokio driver, for kernels and sandboxes that forbid io_uring. Same shard, same promises, more syscalls.

use super::sockets::has_input;
use super::{Conn, Listener, Net, advance};
use bytes::{Bytes, BytesMut};
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};

/// Pieces in one vectored operation; more gain nothing.
const PIECES_MAX: usize = 64;

/// Sockets on the shard's tokio runtime.
pub struct EpollNet;

/// A listening socket on the shard's tokio runtime.
pub struct EpollListener(TcpListener);

/// A connection on the shard's tokio runtime.
pub struct EpollConn {
    stream: TcpStream,
    remote: SocketAddr,
    local: SocketAddr,
}

impl EpollListener {
    /// Takes a listening socket over. Needs the shard's runtime.
    ///
    /// # Errors
    /// The runtime cannot watch the socket.
    pub fn new(socket: std::net::TcpListener) -> io::Result<Self> {
        TcpListener::from_std(socket).map(Self)
    }
}

impl EpollConn {
    fn new(stream: TcpStream, remote: SocketAddr) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self {
            stream,
            remote,
            local,
        })
    }

    fn shutdown(&self, how: Shutdown) {
        // The only failure is that the peer is gone already, which the next read or write tells.
        let _ = socket2::SockRef::from(&self.stream).shutdown(how);
    }
}

impl Net for EpollNet {
    type Listener = EpollListener;
    type Conn = EpollConn;

    async fn connect(&self, address: SocketAddr) -> io::Result<EpollConn> {
        EpollConn::new(TcpStream::connect(address).await?, address)
    }
}

impl Listener for EpollListener {
    type Conn = EpollConn;

    async fn accept(&self) -> io::Result<EpollConn> {
        let (stream, remote) = self.0.accept().await?;
        EpollConn::new(stream, remote)
    }
}

impl Conn for EpollConn {
    async fn receive(&self, mut buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        let result = self
            .stream
            .async_io(Interest::READABLE, || self.stream.try_read_buf(&mut buffer))
            .await;
        (result, buffer)
    }

    async fn send(&self, mut pieces: Vec<Bytes>) -> io::Result<()> {
        pieces.retain(|piece| !piece.is_empty());
        while !pieces.is_empty() {
            self.stream.writable().await?;
            let slices: Vec<_> = pieces
                .iter()
                .take(PIECES_MAX)
                .map(|piece| IoSlice::new(piece))
                .collect();
            match self.stream.try_write_vectored(&slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => advance(&mut pieces, sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn has_input(&self) -> bool {
        has_input(&self.stream)
    }

    fn shutdown_receive(&self) {
        self.shutdown(Shutdown::Read);
    }

    fn shutdown_send(&self) {
        self.shutdown(Shutdown::Write);
    }

    fn remote(&self) -> SocketAddr {
        self.remote
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}
