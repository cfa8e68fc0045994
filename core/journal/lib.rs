//! The per-core append-only log: record format, group commit, recovery, following, space.
//!
//! The journal is the truth (DESIGN §1.3): a message is in our care when its `Accepted` record is on stable storage,
//! and [`Durable`] is the proof of it that only this room can make. The room knows records, segments and groups; it
//! may not know sockets, clocks, threads, policy or SMTP. It reaches the disk through two small traits in [`disk`].
//! The format, byte by byte, is in `README.md`.

mod damage;
mod error;
mod files;
mod format;
mod group;
mod handle;
mod position;
mod scan;
mod segments;
mod tail;
mod walk;
mod window;
mod writer;

pub mod disk;
pub mod sim;

pub use damage::{Damage, DamageKind};
pub use disk::{Disk, DiskFile, DiskRead, Found};
pub use error::JournalError;
pub use files::StdFiles;
pub use format::FORMAT_VERSION;
pub use handle::{Journal, Settings};
pub use position::{BodyAt, Durable, Entry, Position};
pub use scan::{Recovered, Scan, recover};
pub use sim::SimDisk;
pub use tail::Tail;
pub use window::read_body;
