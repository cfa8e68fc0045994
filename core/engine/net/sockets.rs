//! Listening sockets, made before the shards start, so that an address in use is one clear error and not N.

use postern_vocab::limits;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::thread;
use std::time::Instant;

/// Connections the kernel holds for a shard that is busy.
const BACKLOG: i32 = 1024;

/// A listener's address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("listener \"{name}\" cannot use {address}: {}", remedy(.source))]
pub struct BindError {
    /// The listener.
    pub name: String,
    /// Its address.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

fn remedy(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there; stop it (`ss -ltnp` names it) or change [[listener]] address"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; `ip address` lists those it has".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need CAP_NET_BIND_SERVICE; the shipped systemd unit grants it".to_owned()
        }
        _ => error.to_string(),
    }
}

/// One listening socket a shard on the same address, among which the kernel spreads connections (SO_REUSEPORT).
///
/// # Errors
/// [`BindError`] with the remedy.
pub fn bind(name: &str, address: SocketAddr, shards: usize) -> Result<Vec<TcpListener>, BindError> {
    let failed = |source| BindError {
        name: name.to_owned(),
        address,
        source,
    };
    // SO_REUSEPORT would share the port even with another postern of the same user, in silence. A socket without it
    // cannot be bound while anyone listens there, so this one asks first.
    drop(open_when_released(address).map_err(failed)?);
    (0..shards)
        .map(|_| {
            open(address, Sharing::Shards)
                .map(TcpListener::from)
                .map_err(failed)
        })
        .collect()
}

/// The kernel takes a ring apart after its process is gone, and until then the listeners in it hold their address.
fn open_when_released(address: SocketAddr) -> io::Result<Socket> {
    let begun = Instant::now();
    loop {
        match open(address, Sharing::Alone) {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse && begun.elapsed() < limits::TAKEOVER_TIMEOUT =>
            {
                thread::sleep(limits::TAKEOVER_LOOK);
            }
            opened => return opened,
        }
    }
}

/// Whether a read would return at once, asked without reading.
pub(super) fn has_input(socket: impl AsFd) -> bool {
    let peeked = rustix::net::recv(socket, &mut [0u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    !matches!(peeked, Err(Errno::AGAIN | Errno::INTR))
}

#[derive(PartialEq)]
enum Sharing {
    Alone,
    Shards,
}

fn open(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if sharing == Sharing::Shards {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}
