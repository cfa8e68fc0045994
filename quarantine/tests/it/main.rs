//! The store from outside: fed by hand, asked through a real Unix socket.

#![allow(missing_docs)]

mod digest;
mod feed;
mod harness;
mod held;
mod lists;
mod mail_logs;
mod people;
mod release;
mod track;
