//! The web portal: a user's quarantine, lists and digests, and the administrators' tracking.
//!
//! A process of its own that knows one thing: the door (`postern_quarantine_api`). It may not know the store, the
//! journal, the mail process or any file; it holds no key and no state, so a portal that is taken over can do what the
//! session it holds may do, and nothing more (DESIGN §4). Every page works without JavaScript; there is none.

pub mod digest;

mod app;
mod assets;
mod confine;
mod door;
mod guard;
mod listen;
mod pages;
mod params;
mod preview;
mod problem;
mod routes;
mod server;
mod session;
mod shell;
mod when;
mod words;

pub use confine::{ConfineError, Files, confine};
pub use server::{PortalError, Settings, run};
