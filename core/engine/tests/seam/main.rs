//! The seam is real: the same shard, unchanged, speaks the same transcripts over a simulated network and disk, over
//! plain tokio, and over io_uring; and over the simulated one, mail goes all the way through.

#![allow(clippy::panic)] // A transcript that does not fit is a test that fails.

mod certificates;
mod rig;
mod simulated;
mod tls;
mod tls_peer;
#[path = "../../../smtp/tests/protocol/transcript.rs"]
mod transcript;
mod transcripts;
