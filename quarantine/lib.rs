//! One RocksDB: held mail, the tracking index, safelists and blocklists, accounts, sessions. The journals feed it
//! through one writer ([`Store::apply`]); people ask it through the door ([`Door`]).
//!
//! It may not know the engine, the journal or the policy: what it needs of the mail side is two calls ([`Mail`]), and
//! what a journal's position means is the feeder's business. The key layouts stand in `README.md`.

mod account;
mod act;
mod answer;
mod changes;
mod columns;
mod content;
mod cursor;
mod digest;
mod door;
mod error;
mod expiry;
mod fate;
mod feed;
mod health;
mod held;
mod keys;
mod link;
mod lists;
mod login;
mod mail;
mod mail_logs;
mod record;
mod session;
mod show;
mod store;
mod time;
mod track;

pub use door::{Door, DoorOpenError};
pub use error::StoreError;
pub use mail::{Gateway, GatewayHealth, Mail};
pub use mail_logs::{MailLogs, MailLogsError};
pub use postern_quarantine_api as api;
pub use store::{Fed, FedUpTo, Settings, Store};
