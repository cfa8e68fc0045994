//! Whether a recipient exists, asked of who knows: the directory (LDAP) or the next hop (SMTP). Shared by all shards.
//!
//! Answers are kept for a while, good ones for days, bad ones for minutes. Nobody waits longer than
//! `limits::RECIPIENT_CHECK_TIMEOUT`, and after a failure nobody waits at all for a few seconds. "I cannot tell" is an
//! answer of its own: what the sender hears then is the configuration's to say, and it is never 550. While nobody can
//! tell, an old positive answer still counts: a mailbox that was there last week most likely still is, and a wrong guess
//! costs one bounce, where the right answer "later" would cost everyone's mail.

mod answers;
mod call_ahead;
mod circuit;
mod connection;
mod directory;
mod filter;

pub use call_ahead::Asker;

use crate::net::Net;
use answers::{Answers, Asked, Turn};
use call_ahead::{HopAnswer, Hops};
use directory::AskedDirectory;
use postern_policy::{Directory, Hop};
use postern_vocab::{Address, Timestamp};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Whether a recipient exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Validity {
    /// It does, or whoever was asked takes everyone.
    Valid,
    /// It does not.
    Unknown,
    /// Nobody can tell now. Why is for logs and the status page, not for the sender.
    Unavailable(String),
}

/// Everyone who can be asked, and what they have said.
#[derive(Default)]
pub struct Recipients {
    answers: Answers,
    directory: Option<Arc<AskedDirectory>>,
    hops: Hops,
}

impl Recipients {
    /// With the directory that is configured, if there is one; it is asked on the runtime of this handle.
    #[must_use]
    pub fn new(directory: Option<(Directory, Handle)>) -> Self {
        Self {
            directory: directory.map(|(settings, service)| AskedDirectory::new(settings, service)),
            ..Self::default()
        }
    }

    /// Whether the directory knows an address.
    pub async fn ask_directory(&self, address: &Address, now: Timestamp) -> Validity {
        let Some(directory) = &self.directory else {
            let why = "no directory is configured: set [directory] url and start again";
            return Validity::Unavailable(why.to_owned());
        };
        match self.answers.turn(Asked::directory(address), now).await {
            Turn::Known(validity) => validity,
            Turn::Ask(question) => {
                let found = directory.ask(address).await;
                question.answer(found, now)
            }
        }
    }

    /// Whether a next hop takes an address. One that takes every recipient of the domain is not asked.
    pub async fn ask_hop<N: Net>(&self, hop: &Hop, address: &Address, asker: &Asker<'_, N>) -> Validity {
        let now = asker.now;
        match self.answers.turn(Asked::hop(hop, address), now).await {
            Turn::Known(validity) => validity,
            Turn::Ask(question) if self.hops.takes_all(hop, address.domain(), now) == Some(true) => {
                question.tell(Validity::Valid)
            }
            Turn::Ask(question) => match self.hops.ask(hop, address, asker).await {
                HopAnswer::Said(found) => question.answer(found, now),
                // Known for the hop, and not worth a place for each address.
                HopAnswer::TakesAll => question.tell(Validity::Valid),
            },
        }
    }

    /// Everyone who was or would be asked, by name, with what went wrong the last time if it did.
    #[must_use]
    pub fn health(&self) -> Vec<(String, Option<String>)> {
        let directory = self.directory.as_ref().map(|directory| directory.health());
        directory.into_iter().chain(self.hops.health()).collect()
    }
}
