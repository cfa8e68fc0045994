//! The protocol held to its rules: the body scanner, both machines, and every transcript.

mod body;
mod client;
mod house;
mod server;
mod transcript;
mod transcripts;
