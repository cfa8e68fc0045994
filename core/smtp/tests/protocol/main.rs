//! The protocol held to its rules: the body scanner, both machines, and every transcript.

mod body;
mod client;
mod extensions;
mod house;
mod server;
mod transcript;
mod transcripts;
