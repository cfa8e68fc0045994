//! Safelists and blocklists. A change is on stable storage, and the mail side works by it, before the person is told.

use crate::columns::{Column, Durability};
use crate::store::lock;
use crate::{Mail, Store, StoreError, keys};
use postern_quarantine_api::Failure;
use postern_vocab::ListChange;
use postern_vocab::{Address, ListEntry, ListKind, ListOwner, ListPattern, limits};
use rocksdb::WriteBatch;

/// Whose list, which list, and the sender as typed.
pub(crate) type Wanted<'a> = (ListOwner, ListKind, &'a str);

impl Store {
    /// All entries of all lists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lists(&self) -> Result<Vec<ListEntry>, StoreError> {
        self.entries(&[])
    }

    /// One owner's entries, of both lists.
    pub(crate) fn lists_of(&self, owner: &ListOwner) -> Result<Vec<ListEntry>, StoreError> {
        self.entries(&keys::list_owner(owner))
    }

    /// Adds an entry; one that is there already stays as it is, and the same sender on the owner's other list moves.
    pub(crate) fn list_add(&self, mail: &Mail, wanted: Wanted<'_>, by: &str) -> Result<(), Failure> {
        let (owner, kind, pattern) = read(wanted)?;
        let entry = ListEntry {
            owner,
            kind,
            pattern,
            added_at: self.now(),
            added_by: by.to_owned(),
        };
        let _order = lock(&self.lists_lock);
        let key = keys::of_list_entry(&entry);
        if self.columns.has(Column::Lists, &key)? {
            return Ok(());
        }
        let list = keys::list(&entry.owner, kind);
        let entries = self.columns.scan(Column::Lists, &list, &list);
        if entries.take(limits::LIST_ENTRIES_MAX).count() >= limits::LIST_ENTRIES_MAX {
            return Err(Failure::Invalid(format!(
                "the {} of {} is full ({} entries); remove some, or list a whole domain",
                kind.as_str(),
                entry.owner,
                limits::LIST_ENTRIES_MAX
            )));
        }
        let other = match kind {
            ListKind::Safe => ListKind::Block,
            ListKind::Block => ListKind::Safe,
        };
        let other_key = keys::list_entry(&entry.owner, other, &entry.pattern);
        let moves = self.columns.has(Column::Lists, &other_key)?;
        let mut batch = WriteBatch::default();
        self.columns.delete(&mut batch, Column::Lists, &other_key);
        self.columns.put(&mut batch, (Column::Lists, &key), &entry);
        self.columns.write(batch, Durability::Now)?;
        if moves {
            (mail.lists_changed)(ListChange::Removed {
                owner: entry.owner.clone(),
                kind: other,
                pattern: entry.pattern.clone(),
            });
        }
        (mail.lists_changed)(ListChange::Added(entry));
        Ok(())
    }

    /// Takes an entry off.
    pub(crate) fn list_remove(&self, mail: &Mail, wanted: Wanted<'_>) -> Result<(), Failure> {
        let (owner, kind, pattern) = read(wanted)?;
        let _order = lock(&self.lists_lock);
        let key = keys::list_entry(&owner, kind, &pattern);
        if !self.columns.has(Column::Lists, &key)? {
            return Err(Failure::NotFound(format!(
                "{pattern} is not on the {} of {owner}",
                kind.as_str()
            )));
        }
        let mut batch = WriteBatch::default();
        self.columns.delete(&mut batch, Column::Lists, &key);
        self.columns.write(batch, Durability::Now)?;
        (mail.lists_changed)(ListChange::Removed { owner, kind, pattern });
        Ok(())
    }

    fn entries(&self, prefix: &[u8]) -> Result<Vec<ListEntry>, StoreError> {
        self.columns
            .scan(Column::Lists, prefix, prefix)
            .map(|item| self.columns.decode(Column::Lists, &item?.1))
            .collect()
    }
}

/// The owner in the form that lists are kept by.
pub(crate) fn folded(owner: ListOwner) -> Result<ListOwner, Failure> {
    match owner {
        ListOwner::Everyone => Ok(owner),
        ListOwner::Mailbox(text) => match text.parse::<Address>() {
            Ok(address) => Ok(ListOwner::of(&address)),
            Err(why) => Err(Failure::Invalid(format!("\"{text}\" is not a mailbox: {why}"))),
        },
    }
}

fn read((owner, kind, pattern): Wanted<'_>) -> Result<(ListOwner, ListKind, ListPattern), Failure> {
    let pattern = pattern.parse().map_err(Failure::Invalid)?;
    Ok((folded(owner)?, kind, pattern))
}
