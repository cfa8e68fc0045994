//! The words all rooms share: ids, addresses, envelope, peer, facts, verdicts, decision, events, limits.
//!
//! This room knows values and how they are written, and nothing that happens: no sockets, files, clocks or threads
//! (clippy bans them here). Every type that enters a journal or the index is `serde` with named fields, so that a field
//! added later reads back as its default from an older record (`core/decisions/0002-record-encoding.md`).

pub mod address;
pub mod connection;
pub mod decision;
pub mod envelope;
pub mod events;
pub mod facts;
pub mod ids;
pub mod limits;
pub mod lists;
pub mod peer;
pub mod refusals;
pub mod reply;
pub mod submission;
pub mod text;
pub mod time;
pub mod verdict;

pub use address::{Address, AddressError, Domain, ReversePath};
pub use connection::{
    Access, Classification, ClientCertificate, Direction, DnsListAnswer, DnsListing, Reputation, TlsFacts,
};
pub use decision::{Decision, Disposition, RecipientDecision, TrailStep};
pub use envelope::{BodyKind, DsnRequest, DsnReturn, Envelope, Notify, RecipientDsn};
pub use events::{Event, Recorded};
pub use facts::{Facts, Finding, HeaderFacts, MimeFacts};
pub use ids::{Dcid, Icid, Mid, NodeId, Rid};
pub use lists::{ListChange, ListEntry, ListKind, ListOwner, ListPattern};
pub use peer::{Peer, ReverseName, SenderDomain};
pub use refusals::Refusal;
pub use reply::Reply;
pub use submission::Submission;
pub use time::Timestamp;
pub use verdict::Verdict;
