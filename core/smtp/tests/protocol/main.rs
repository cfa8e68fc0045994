//! The protocol held to its rules: the body scanner, both machines, and every transcript.

mod bad_input;
mod body;
mod client;
mod extensions;
mod house;
mod messages;
mod proxy;
mod reference;
mod replays;
mod secrets;
mod server;
mod slowness;
mod splits;
mod transcript;
mod transcripts;
