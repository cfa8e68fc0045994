//! The shard: sessions, pipeline, delivery, and the drivers below them.
//!
//! This is where the pure rooms meet the world: [`session`] carries octets to the protocol and its questions to those
//! who answer, [`arrival`] takes a message from its end of data to the commit, [`delivery`] empties the queue, and
//! [`net`] is the only place in core with sockets and `unsafe`. It may not know the store or the portal: they meet in
//! `main.rs`, through journal records ([`Notice`]) and submissions.

pub mod arrival;
pub mod clock;
pub mod countries;
pub mod credentials;
mod cuts;
pub mod delivery;
pub mod dkim;
pub mod dns;
pub mod driver;
pub mod injection_debug;
pub mod link;
pub mod net;
pub mod recipients;
pub mod recovery;
pub mod services;
mod session;
pub mod shard;
pub mod shared;
mod start;
pub mod stopping;
pub mod submission;
pub mod tls;
mod trace_header;
pub mod traffic;

pub use credentials::Credentials;
pub use driver::{Chosen, choose};
pub use net::{BindError, bind};
pub use recipients::Recipients;
pub use services::Services;
pub use shared::{Equipment, HighestIds, Shared};
pub use start::{Engine, Notice, Preparation};

pub use postern_journal as journal;
pub use postern_policy as policy;
pub use postern_scan as scan;
pub use postern_smtp as smtp;
