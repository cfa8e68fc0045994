//! The one door to the store: a closed set of requests and replies, who asks, and a client over a Unix socket.
//!
//! A request and its reply are one JSON value each, in a frame of a 4-octet big-endian length and that many octets
//! ([`frame`]); a connection carries any number of them in turn. There are two sockets. On `operator.sock`, which only
//! the appliance's own user and root can open, every request is allowed. On `portal.sock` a request is worth what its
//! [`Who`] proves, and the store checks that for each one: the portal is believed in nothing.
//!
//! This room knows how to ask; it may not know RocksDB, journals, HTTP or SMTP.

mod client;
mod client_facts;
pub mod frame;
pub mod gateway;
mod held;
pub mod request;
pub mod tracking;

pub use client::{Client, DoorError};
pub use gateway::{GreylistFilter, Greylisted, ServiceHealth};
pub use held::{HeldAction, HeldFilter, HeldKey, HeldMessage, HeldOutcome, HeldRow, HeldStatus};
pub use request::{
    Account, Call, DigestContent, DigestRow, Failure, Health, LinkView, Page, Reply, Request, Role, Who,
};
pub use tracking::{
    Detail, RecipientFate, RecipientState, Subject, TimelineEntry, TrackQuery, TrackRow, TrackState,
};

/// The socket for the command line, in the run directory.
pub const OPERATOR_SOCKET: &str = "operator.sock";
/// The socket for the portal, in the run directory.
pub const PORTAL_SOCKET: &str = "portal.sock";
