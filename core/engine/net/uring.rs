//! The io_uring driver: tokio-uring's sockets and files, with owned buffers all the way.

use super::sockets::has_input;
use super::{Conn, Listener, Net, advance};
use bytes::{Bytes, BytesMut};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use tokio_uring::buf::BoundedBuf;
use tokio_uring::net::{TcpListener, TcpStream};

/// Pieces in one vectored operation: IOV_MAX.
const PIECES_MAX: usize = 1024;

/// Sockets on the shard's ring.
pub struct UringNet;

/// A listening socket on the shard's ring.
pub struct UringListener(TcpListener);

/// A connection on the shard's ring.
pub struct UringConn {
    stream: TcpStream,
    remote: SocketAddr,
    local: SocketAddr,
}

impl UringListener {
    /// Takes a listening socket over. Needs the shard's ring.
    #[must_use]
    pub fn new(socket: std::net::TcpListener) -> Self {
        Self(TcpListener::from_std(socket))
    }
}

impl UringConn {
    fn new(stream: TcpStream, remote: SocketAddr) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let local = socket2::SockRef::from(&descriptor(&stream)).local_addr()?;
        let local = local.as_socket().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self {
            stream,
            remote,
            local,
        })
    }
}

/// The stream's descriptor: tokio-uring's streams tell neither their own address nor what has arrived.
#[allow(unsafe_code, reason = "tokio-uring gives the raw descriptor only")]
fn descriptor(stream: &TcpStream) -> BorrowedFd<'_> {
    // SAFETY: the descriptor belongs to `stream`, which the result borrows and so cannot outlive.
    unsafe { BorrowedFd::borrow_raw(stream.as_raw_fd()) }
}

impl Net for UringNet {
    type Listener = UringListener;
    type Conn = UringConn;

    async fn connect(&self, address: SocketAddr) -> io::Result<UringConn> {
        UringConn::new(TcpStream::connect(address).await?, address)
    }
}

impl Listener for UringListener {
    type Conn = UringConn;

    async fn accept(&self) -> io::Result<UringConn> {
        let (stream, remote) = self.0.accept().await?;
        UringConn::new(stream, remote)
    }
}

impl Conn for UringConn {
    async fn receive(&self, buffer: BytesMut) -> (io::Result<usize>, BytesMut) {
        let filled = buffer.len();
        let (result, slice) = self.stream.read(buffer.slice(filled..)).await;
        (result, slice.into_inner())
    }

    async fn send(&self, mut pieces: Vec<Bytes>) -> io::Result<()> {
        pieces.retain(|piece| !piece.is_empty());
        while !pieces.is_empty() {
            let rest = pieces.split_off(pieces.len().min(PIECES_MAX));
            let (result, mut unsent) = self.stream.writev(pieces).await;
            match result? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                sent => advance(&mut unsent, sent),
            }
            unsent.extend(rest);
            pieces = unsent;
        }
        Ok(())
    }

    fn has_input(&self) -> bool {
        has_input(descriptor(&self.stream))
    }

    fn shutdown_receive(&self) {
        // The only failure is that the peer is gone already, which the read under way will tell.
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    fn shutdown_send(&self) {
        // As above.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn remote(&self) -> SocketAddr {
        self.remote
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}
