//! Bodies that need core/smtp only. Its tests include this file: `core/smtp/tests/protocol/replays.rs`.

pub mod body;
pub mod client_replies;
pub mod commands;
mod conversation;
pub mod proxy;
