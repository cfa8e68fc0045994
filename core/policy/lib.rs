//! The rules, pure: configuration, recipient access, routes, lists, the decision and its trail.
//!
//! This room knows what an administrator wrote and what follows from it. It has no sockets, files, clocks or threads
//! (clippy bans them here): the caller reads the configuration file and brings its text, gathers the facts and brings
//! them, and carries out what is decided. The same call therefore decides live mail, `postern trace`, and last week's
//! mail under a candidate policy.
//!
//! Read in this order: [`config`] (what can be written, and what becomes of it), [`hat`] and [`flow`] (who may connect,
//! and how much they may do), [`sender_rules`] (who may be a sender), [`rat`] and [`routes`] (who gets mail and where it
//! goes), [`slbl`] (whose word counts), [`mod@judge`] and [`mod@decide`] (what happens to a message, and why).

pub mod config;
pub mod decide;
pub mod duration;
pub mod first_match;
pub mod flow;
pub mod hat;
pub mod hop;
pub mod judge;
pub mod policy;
pub mod rat;
pub mod replies;
pub mod routes;
pub mod sender_rules;
pub mod senders;
pub mod size;
pub mod slbl;

mod ambiguity;
mod hosts;
mod hosts_index;
mod parents;
mod rulings;

pub use config::{
    CertificateFiles, Config, ConfigError, Directory, DkimKey, Driver, Limits, Listener, ListenerRules,
    Portal, Quarantine, Tls, TlsMode, WhenDown, load, load_with, starter,
};
pub use decide::decide;
pub use first_match::{AddressPattern, FirstMatch};
pub use flow::{BareLineEnds, FlowPolicy, Greylist, Rate, RejectAt, Requirement, Verification};
pub use hat::{Client, Hat, HostPattern, Hosts, SenderGroup};
pub use hop::{Hop, HopHost};
pub use judge::{Judgement, judge};
pub use policy::{Action, AntiSpam, InjectionDebug, Policy, ReputationRules};
pub use rat::{
    Check, LocalDomain, LocalRecipient, Rat, RatAnswer, RecipientAction, RecipientRow, Recipients,
};
pub use routes::{Route, Routes};
pub use sender_rules::{
    Exception, Refusal, SenderAccess, SenderAnswer, SenderExceptions, SenderListing, needs_sender_domain,
    verify_domain, verify_form, verify_host,
};
pub use senders::{Senders, Which};
pub use slbl::{Lists, Match};
