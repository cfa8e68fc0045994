//! SMTP without I/O: bytes and the time go in; bytes, questions and deadlines come out. RFC 5321, with RFC 2920
//! (pipelining), RFC 1870 (size), RFC 6152 (8-bit), RFC 6531 (UTF-8), RFC 3030 (chunks), RFC 3461 (delivery status
//! requests), RFC 3207 (TLS), RFC 4954 (log-in), RFC 9422 (limits), RFC 2034 and RFC 3463 (enhanced codes).
//!
//! Nothing here knows a socket, DNS, policy, the journal or a clock. Two machines and what they share:
//!
//! - [`server`]: the receiving machine, [`Server`]. Its driver brings octets in owned buffers and asks for the next
//!   [`Step`]; what only policy or the journal can know comes out as a [`Question`]. A body is received, unstuffed and
//!   checked in the one buffer that it leaves in. The final 250 needs a [`Stored`] value, which only what is on stable
//!   storage can give.
//! - [`client`]: the sending machine, [`Client`], with a [`ClientStep`] at a time and a reply for each recipient at the
//!   end. A body leaves as slices of the memory it is in. Beside it [`Probe`], which only asks whether a recipient is taken.
//! - [`body`]: the scanner for line ends and the end of data; [`proxy`]: the header in front of a conversation that comes
//!   through a load balancer; [`replies`]: every fixed reply that refuses nothing, in one table. What refuses is in
//!   [`postern_vocab::refusals`].
//!
//! Both machines give the same result however the octets are split into reads; the tests hold them to it.

pub mod body;
pub mod client;
pub mod proxy;
pub mod replies;
pub mod server;

pub use client::{Client, ClientStep, Outgoing, Probe, ProbeAnswer, ProbeStep, Sent, body_kind};
pub use server::{
    BareLineEnds, Credentials, Offer, ProtocolRefusal, Question, Server, ServerSettings, Step, Stored,
    XclientAttribute, XclientName,
};
