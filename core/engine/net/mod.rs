//! The seam between the shard and what carries its bytes: a listener, a connection, owned buffers.
//!
//! Small on purpose: a driver is these three traits and the journal's `Disk`. The same shard, unchanged, runs over
//! io_uring ([`uring`]), over plain tokio where io_uring is forbidden ([`epoll`]), over a network and a disk in memory
//! ([`sim`]), and later over a TCP stack in user space. Timers are tokio's in all of them.
//!
//! This is the only place in core with sockets and with `unsafe`.

pub mod epoll;
pub mod sim;
mod sockets;
pub mod threads;
pub mod uring;
mod uring_disk;

pub use sockets::{BindError, bind};
pub use uring_disk::UringDisk;

use bytes::{Bytes, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What carries a shard's bytes. One value a shard; nothing crosses threads.
#[allow(
    async_fn_in_trait,
    reason = "a shard is one thread: no future here has to be Send"
)]
pub trait Net: 'static {
    /// Where connections come in.
    type Listener: Listener<Conn = Self::Conn>;
    /// One connection.
    type Conn: Conn;

    /// Connects to a next hop; dropping the future gives up.
    ///
    /// # Errors
    /// What the network says.
    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Conn>;
}

/// Where connections come in.
#[allow(
    async_fn_in_trait,
    reason = "a shard is one thread: no future here has to be Send"
)]
pub trait Listener: 'static {
    /// What comes in.
    type Conn: Conn;

    /// The next connection.
    ///
    /// # Errors
    /// What the network says: out of descriptors, say; the listener itself stays good.
    async fn accept(&self) -> io::Result<Self::Conn>;
}

/// One connection. Receiving and sending are independent of each other and of `shutdown_receive`.
#[allow(
    async_fn_in_trait,
    reason = "a shard is one thread: no future here has to be Send"
)]
pub trait Conn: 'static {
    /// Appends what has arrived, at least one octet, to the buffer's spare capacity, which must not be empty. 0 is the
    /// end of the stream. The buffer comes back in every case, as rings need.
    async fn receive(&self, buffer: BytesMut) -> (io::Result<usize>, BytesMut);

    /// Sends all pieces, in order.
    ///
    /// # Errors
    /// The connection is gone; some of the pieces may have left.
    async fn send(&self, pieces: Vec<Bytes>) -> io::Result<()>;

    /// Whether a `receive` would return at once: octets have arrived that nobody has read yet, or the peer has closed.
    fn has_input(&self) -> bool;

    /// Ends receiving: a `receive` under way, and every later one, returns 0. A ring has no other way to call a read
    /// back.
    fn shutdown_receive(&self);

    /// Tells the peer that no more will be sent.
    fn shutdown_send(&self);

    /// The other end.
    fn remote(&self) -> SocketAddr;

    /// This end.
    fn local(&self) -> SocketAddr;
}

/// What became of a read that had a deadline.
#[derive(Debug)]
pub enum Received {
    /// Octets were appended; 0 is the end of the stream.
    Octets(usize),
    /// Nothing came in time. The connection receives nothing any more; it can still send.
    TimedOut,
    /// We stopped waiting for another reason. The connection receives nothing any more; it can still send.
    Interrupted,
    /// The connection broke.
    Lost,
}

/// Receives for at most `limit`, and not beyond `interrupt`. On a ring a read cannot be taken back, so one that is no
/// longer wanted is ended by shutting the receiving side down, and then awaited.
pub async fn receive_within<C: Conn>(
    conn: &C,
    buffer: BytesMut,
    limit: Duration,
    interrupt: impl Future<Output = ()>,
) -> (Received, BytesMut) {
    let read = conn.receive(buffer);
    tokio::pin!(read);
    let ended = tokio::select! {
        biased;
        (result, buffer) = &mut read => {
            return (result.map_or(Received::Lost, Received::Octets), buffer);
        }
        () = interrupt => Received::Interrupted,
        () = tokio::time::sleep(limit) => Received::TimedOut,
    };
    conn.shutdown_receive();
    let (_, buffer) = read.await;
    (ended, buffer)
}

/// Takes `sent` octets off the front of the pieces that were to be sent.
fn advance(pieces: &mut Vec<Bytes>, mut sent: usize) {
    let mut whole = 0;
    for piece in pieces.iter_mut() {
        if sent < piece.len() {
            let _ = piece.split_to(sent);
            break;
        }
        sent -= piece.len();
        whole += 1;
    }
    pieces.drain(..whole);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_send_goes_on_where_it_stopped() {
        let pieces = || {
            vec![
                Bytes::from_static(b"abc"),
                Bytes::new(),
                Bytes::from_static(b"de"),
            ]
        };
        for (sent, left) in [(0, "abcde"), (2, "cde"), (3, "de"), (4, "e"), (5, "")] {
            let mut pieces = pieces();
            advance(&mut pieces, sent);
            assert_eq!(
                String::from_utf8(pieces.concat()).expect("ASCII"),
                left,
                "after {sent}"
            );
            assert!(sent < 5 || pieces.is_empty(), "nothing is left to send");
        }
    }
}
