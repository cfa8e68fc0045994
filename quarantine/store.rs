//! The store: opening it, feeding it, and what the wiring asks of it.

use crate::changes::{Changes, TOTALS};
use crate::columns::{Column, Columns, Durability};
use crate::login::Attempts;
use crate::record::{FedRecord, Totals};
use crate::{StoreError, feed, keys};
use bytes::Bytes;
use postern_vocab::{Address, Dcid, Icid, Mid, Recorded, Timestamp};
use rocksdb::WriteBatch;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The layout of keys and values; another number is another version's.
const LAYOUT: u32 = 1;
/// In `meta`: the layout.
const LAYOUT_KEY: &[u8] = b"layout";
/// In `meta`: the key that signs digest links.
const LINK_KEY: &[u8] = b"link-key";

/// What the store is told when it is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long mail stays, by the name of its quarantine.
    pub retention: BTreeMap<String, Duration>,
    /// How long it stays in a quarantine that is not named there.
    pub retention_default: Duration,
    /// The address in a digest's From: field; a digest that says another is not sent.
    pub digest_from: Address,
    /// The daemon's version, for [`crate::api::Health`].
    pub version: String,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// One journal record to be fed.
#[derive(Clone, PartialEq, Debug)]
pub struct Fed {
    /// Its number in its shard's journal, rising.
    pub sequence: u64,
    /// What the feeder wants back to go on behind this record.
    pub position: Vec<u8>,
    /// The record.
    pub recorded: Recorded,
    /// The message's content; needed with an [`Accepted`](postern_vocab::events::Accepted) whose decision holds it for
    /// someone.
    pub body: Option<Bytes>,
}

/// How far a shard's journal is fed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FedUpTo {
    /// The last record's number.
    pub sequence: u64,
    /// The last record's position.
    pub position: Vec<u8>,
}

/// The store. Share it in an `Arc`.
pub struct Store {
    pub(crate) columns: Columns,
    pub(crate) settings: Settings,
    /// The numbers, and the lock of everyone who changes the shared records; see `changes.rs`.
    totals: Mutex<Totals>,
    /// The same numbers for those who only look: they do not wait for a batch.
    pub(crate) shown: Mutex<Totals>,
    /// Held from a list's write to the end of its callback, so that callbacks come in the order of the writes.
    pub(crate) lists_lock: Mutex<()>,
    pub(crate) attempts: Attempts,
    pub(crate) link_key: [u8; 32],
    /// Up to which held row the last digest content of a mailbox went.
    pub(crate) offered: Mutex<BTreeMap<String, u64>>,
    pub(crate) behind: AtomicU64,
    pub(crate) started_at: Timestamp,
}

impl Store {
    /// Opens the index in `dir`, or makes a new one there.
    ///
    /// # Errors
    /// [`StoreError`], with cause and remedy.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self, StoreError> {
        let columns = Columns::open(dir)?;
        let link_key = prepare(&columns)?;
        let totals: Totals = columns.read(Column::Meta, TOTALS)?.unwrap_or_default();
        let started_at = (settings.clock)();
        Ok(Self {
            columns,
            settings,
            totals: Mutex::new(totals.clone()),
            shown: Mutex::new(totals),
            lists_lock: Mutex::new(()),
            attempts: Attempts::default(),
            link_key,
            offered: Mutex::default(),
            behind: AtomicU64::new(0),
            started_at,
        })
    }

    /// Feeds records of one shard, in one write with how far the shard is fed. Records that were fed before are skipped,
    /// so a batch may be fed again. Durable only after [`Store::sync`].
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the batch was fed.
    pub fn apply(&self, shard: u16, batch: &[Fed]) -> Result<(), StoreError> {
        let mut totals = lock(&self.totals);
        let mut last = self.fed_record(shard)?.map(|fed| fed.sequence);
        let mut changes = Changes::begin(&self.columns, &totals);
        let before = last;
        for fed in batch {
            if last.is_some_and(|last| fed.sequence <= last) {
                continue;
            }
            feed::record(&mut changes, &self.settings, fed)?;
            changes.fed(
                shard,
                &FedRecord {
                    sequence: fed.sequence,
                    position: Bytes::copy_from_slice(&fed.position),
                },
            );
            last = Some(fed.sequence);
        }
        if last != before {
            *totals = changes.commit(Durability::Later)?;
            *lock(&self.shown) = totals.clone();
        }
        Ok(())
    }

    /// How far a shard is fed; `None` when it never was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fed_up_to(&self, shard: u16) -> Result<Option<FedUpTo>, StoreError> {
        Ok(self.fed_record(shard)?.map(|fed| FedUpTo {
            sequence: fed.sequence,
            position: fed.position.to_vec(),
        }))
    }

    /// What was fed is on stable storage when this returns; only then may the journal's space be reclaimed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sync(&self) -> Result<(), StoreError> {
        self.columns.sync()
    }

    /// The greatest ids ever fed: new ones begin above them.
    #[must_use]
    pub fn highest_ids(&self) -> (Icid, Mid, Dcid) {
        let totals = lock(&self.shown);
        (totals.icid, totals.mid, totals.dcid)
    }

    /// Does `what` under the lock of the shared records and writes it, durably, before returning.
    pub(crate) fn change<T>(
        &self,
        what: impl FnOnce(&mut Changes<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut totals = lock(&self.totals);
        let mut changes = Changes::begin(&self.columns, &totals);
        let result = what(&mut changes)?;
        *totals = changes.commit(Durability::Now)?;
        *lock(&self.shown) = totals.clone();
        Ok(result)
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    fn fed_record(&self, shard: u16) -> Result<Option<FedRecord>, StoreError> {
        self.columns.read(Column::Meta, &keys::fed(shard))
    }
}

/// A lock whose holder panicked guards nothing half done: numbers are replaced whole, and only after a write.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks the layout, or makes a new index's; gives the key of the links.
fn prepare(columns: &Columns) -> Result<[u8; 32], StoreError> {
    let path = || columns.path().to_owned();
    if let Some(found) = columns.read::<u32>(Column::Meta, LAYOUT_KEY)?
        && found != LAYOUT
    {
        return Err(StoreError::OtherLayout {
            path: path(),
            found,
            known: LAYOUT,
        });
    }
    if let Some(key) = columns.read::<[u8; 32]>(Column::Meta, LINK_KEY)? {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| StoreError::Other {
        path: path(),
        detail: format!("the system gives no random numbers: {error}"),
    })?;
    let mut batch = WriteBatch::default();
    columns.put(&mut batch, (Column::Meta, LAYOUT_KEY), &LAYOUT);
    columns.put(&mut batch, (Column::Meta, LINK_KEY), &key);
    columns.write(batch, Durability::Now)?;
    Ok(key)
}
