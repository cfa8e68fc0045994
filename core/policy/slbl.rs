//! Safelists and blocklists: whose word about a sender counts. A snapshot that many threads read while one makes the
//! next; a change shares every other owner's entries with the snapshot before it.
//!
//! Within one owner's lists the closest pattern wins, wherever it fitted: an address before its domain, the domain
//! before its parents, a nearer parent before a farther; at the same closeness a block wins. Between the two owners
//! that a recipient has:
//!
//! | everyone's lists say | the mailbox's lists say | so |
//! |---|---|---|
//! | block | block, safe or nothing | everyone's block |
//! | safe or nothing | block | the mailbox's block |
//! | safe or nothing | safe | the mailbox's safe |
//! | safe | nothing | everyone's safe |
//! | nothing | nothing | nothing |

use crate::senders::{Closeness, Sender, Senders, Which};
use postern_vocab::{Address, ListChange, ListEntry, ListKind, ListOwner, ListPattern};
use std::collections::HashMap;
use std::sync::Arc;

/// All lists of all owners.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    everyone: Arc<Entries>,
    /// By the mailbox's folded address.
    mailboxes: HashMap<Arc<str>, Arc<Entries>>,
}

/// One owner's entries on both lists, by the pattern's text.
type Entries = HashMap<String, Slot>;

/// What one owner has under one pattern.
#[derive(Clone, Debug, Default)]
struct Slot {
    safe: Option<ListEntry>,
    block: Option<ListEntry>,
}

/// The entry that counts, and the address it fitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Match<'a> {
    /// The entry.
    pub entry: &'a ListEntry,
    /// Where the address stood.
    pub which: Which,
    sender: &'a Sender,
    closeness: Closeness,
}

impl Lists {
    /// A snapshot of these entries.
    pub fn from_entries(entries: impl IntoIterator<Item = ListEntry>) -> Self {
        let mut lists = Self::default();
        for entry in entries {
            lists.apply(ListChange::Added(entry));
        }
        lists
    }

    /// The snapshot after a change.
    #[must_use]
    pub fn with_change(&self, change: ListChange) -> Self {
        let mut next = self.clone();
        next.apply(change);
        next
    }

    /// How many entries there are, on all lists of all owners.
    #[must_use]
    pub fn count(&self) -> usize {
        let of_owner = |entries: &Entries| -> usize {
            entries
                .values()
                .map(|slot| usize::from(slot.safe.is_some()) + usize::from(slot.block.is_some()))
                .sum()
        };
        of_owner(&self.everyone)
            + self
                .mailboxes
                .values()
                .map(|entries| of_owner(entries))
                .sum::<usize>()
    }

    /// The entry that counts for one recipient of a message from these senders, by the two rules above.
    #[must_use]
    pub fn find<'a>(&'a self, recipient: &Address, senders: &'a Senders) -> Option<Match<'a>> {
        stronger(self.find_everyones(senders), self.find_own(recipient, senders))
    }

    /// The entry of everyone's lists that fits closest: the same for all recipients of a message.
    pub(crate) fn find_everyones<'a>(&'a self, senders: &'a Senders) -> Option<Match<'a>> {
        closest(&self.everyone, senders)
    }

    /// The entry of the recipient's own lists that fits closest.
    pub(crate) fn find_own<'a>(&'a self, recipient: &Address, senders: &'a Senders) -> Option<Match<'a>> {
        closest(self.mailboxes.get(recipient.folded().as_str())?, senders)
    }

    fn apply(&mut self, change: ListChange) {
        match change {
            ListChange::Added(entry) => {
                let slot = self
                    .entries_mut(&entry.owner)
                    .entry(entry.pattern.to_string())
                    .or_default();
                let list = slot.list_mut(entry.kind);
                *list = Some(entry);
            }
            ListChange::Removed { owner, kind, pattern } => self.remove(&owner, kind, &pattern),
        }
    }

    fn remove(&mut self, owner: &ListOwner, kind: ListKind, pattern: &ListPattern) {
        let pattern = pattern.to_string();
        let entries = self.entries_mut(owner);
        if let Some(slot) = entries.get_mut(&pattern) {
            *slot.list_mut(kind) = None;
            if slot.safe.is_none() && slot.block.is_none() {
                entries.remove(&pattern);
            }
        }
        if let ListOwner::Mailbox(address) = owner
            && self
                .mailboxes
                .get(address.as_str())
                .is_some_and(|entries| entries.is_empty())
        {
            self.mailboxes.remove(address.as_str());
        }
    }

    /// The owner's entries, apart from any snapshot that shared them.
    fn entries_mut(&mut self, owner: &ListOwner) -> &mut Entries {
        match owner {
            ListOwner::Everyone => Arc::make_mut(&mut self.everyone),
            ListOwner::Mailbox(address) => {
                Arc::make_mut(self.mailboxes.entry(Arc::from(address.as_str())).or_default())
            }
        }
    }
}

impl Slot {
    fn list_mut(&mut self, kind: ListKind) -> &mut Option<ListEntry> {
        match kind {
            ListKind::Safe => &mut self.safe,
            ListKind::Block => &mut self.block,
        }
    }
}

impl Match<'_> {
    /// The address that the entry fitted, and where it stood: `From bob@example.org`.
    #[must_use]
    pub fn saw(&self) -> String {
        self.sender.to_string()
    }

    fn is_block(&self) -> bool {
        self.entry.kind == ListKind::Block
    }
}

/// The match that wins within one owner's lists.
fn closest<'a>(entries: &'a Entries, senders: &'a Senders) -> Option<Match<'a>> {
    if entries.is_empty() {
        return None;
    }
    let mut best: Option<Match<'a>> = None;
    for found in senders.0.iter().filter_map(|sender| closest_to(entries, sender)) {
        let rank = |one: &Match<'_>| (one.closeness, one.is_block());
        if best.as_ref().is_none_or(|best| rank(&found) > rank(best)) {
            best = Some(found);
        }
    }
    best
}

/// One look-up a pattern; the first that is there is the closest.
fn closest_to<'a>(entries: &'a Entries, sender: &'a Sender) -> Option<Match<'a>> {
    sender.patterns().find_map(|(closeness, pattern)| {
        let slot = entries.get(pattern)?;
        let entry = slot.block.as_ref().or(slot.safe.as_ref())?;
        Some(Match {
            entry,
            which: sender.which,
            sender,
            closeness,
        })
    })
}

/// The match that wins between everyone's lists and a mailbox's own: the table above.
pub(crate) fn stronger<'a>(everyones: Option<Match<'a>>, own: Option<Match<'a>>) -> Option<Match<'a>> {
    match everyones {
        Some(block) if block.is_block() => Some(block),
        weaker => own.or(weaker),
    }
}

#[cfg(test)]
mod tests;
