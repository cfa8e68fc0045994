//! A driver: everything below the shard, as one type. The shard is written against this and against nothing else.

use crate::net::epoll::EpollNet;
use crate::net::sim::SimNet;
use crate::net::threads::ThreadDisk;
use crate::net::uring::UringNet;
use crate::net::{Net, UringDisk};
use postern_journal::{Disk, DiskRead, SimDisk, StdFiles};
use std::fmt;

/// What carries a shard.
pub trait Driver: 'static {
    /// Its network.
    type Net: Net;
    /// The journal's disk, for writing.
    type Disk: Disk + 'static;
    /// The journal's disk, for reading.
    type Files: DiskRead + Clone + 'static;
}

/// io_uring: sockets and files on the shard's own ring.
pub struct Uring;

impl Driver for Uring {
    type Net = UringNet;
    type Disk = UringDisk;
    type Files = StdFiles;
}

/// Plain tokio.
pub struct Epoll;

impl Driver for Epoll {
    type Net = EpollNet;
    type Disk = ThreadDisk;
    type Files = StdFiles;
}

/// All in memory, for tests.
pub struct Simulated;

impl Driver for Simulated {
    type Net = SimNet;
    type Disk = SimDisk;
    type Files = SimDisk;
}

/// Which driver carries the shards, chosen at start and said in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// [`Uring`].
    Uring,
    /// [`Epoll`].
    Epoll,
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uring => "io_uring",
            Self::Epoll => "epoll",
        })
    }
}

/// Follows the configuration; where it leaves the choice, io_uring unless this kernel or sandbox forbids it.
///
/// # Errors
/// The configuration insists on io_uring and there is none: the text says why and what to do.
pub fn choose(wanted: postern_policy::Driver) -> Result<Chosen, String> {
    use postern_policy::Driver as Wanted;
    if wanted == Wanted::Epoll {
        return Ok(Chosen::Epoll);
    }
    match tokio_uring::Runtime::new(tokio_uring::builder().entries(8)) {
        Ok(_) => Ok(Chosen::Uring),
        Err(_) if wanted == Wanted::Auto => Ok(Chosen::Epoll),
        Err(error) => Err(format!(
            "driver = \"io_uring\", but a ring cannot be made: {error}; look at /proc/sys/kernel/io_uring_disabled and \
             the service's SystemCallFilter, or write driver = \"auto\""
        )),
    }
}
