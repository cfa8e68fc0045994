//! One read-modify-write over the shared records: what is read is kept, what is changed is read back changed, and all of
//! it is written in one batch.
//!
//! Two kinds of writers change the same records (a message's fates, held rows): the one that feeds the journals, and the
//! door's threads for what people do. `RocksDB` has no transactions here, so whoever changes them holds the store's
//! `totals` lock from the first read to the write. Nobody waits for the mail side while holding it.

use crate::StoreError;
use crate::columns::{Column, Columns, Durability};
use crate::record::{
    ConnectionRecord, DeliveryRecord, FedRecord, Found, HeldRecord, MessageRecord, Timeline, Totals,
};
use crate::{fate, keys};
use postern_quarantine_api::{HeldKey, HeldRow, HeldStatus};
use postern_vocab::{Address, Classification, Dcid, Icid, Mid, ReverseName, Rid, Timestamp};
use rocksdb::WriteBatch;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A record with what it counted as when it was read.
struct Read<T> {
    record: T,
    counted: bool,
}

/// See the module.
pub(crate) struct Changes<'a> {
    columns: &'a Columns,
    /// The numbers after these changes.
    pub totals: Totals,
    /// What is written besides the records below.
    pub batch: WriteBatch,
    messages: BTreeMap<Mid, Read<MessageRecord>>,
    connections: BTreeMap<Icid, ConnectionRecord>,
    deliveries: BTreeMap<Dcid, DeliveryRecord>,
    held: BTreeMap<HeldKey, Read<HeldRecord>>,
}

impl<'a> Changes<'a> {
    /// Begins, from the present numbers. The caller holds their lock.
    pub(crate) fn begin(columns: &'a Columns, totals: &Totals) -> Self {
        Self {
            columns,
            totals: totals.clone(),
            batch: WriteBatch::default(),
            messages: BTreeMap::new(),
            connections: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            held: BTreeMap::new(),
        }
    }

    /// The columns, for what is written besides the records.
    pub(crate) fn columns(&self) -> &'a Columns {
        self.columns
    }

    /// A message; a new one begins at `at`.
    pub(crate) fn message(&mut self, mid: Mid, at: Timestamp) -> Result<&mut MessageRecord, StoreError> {
        self.totals.mid = self.totals.mid.max(mid);
        let vacant = match self.messages.entry(mid) {
            Entry::Occupied(read) => return Ok(&mut read.into_mut().record),
            Entry::Vacant(vacant) => vacant,
        };
        let stored: Option<MessageRecord> = self.columns.read(Column::Messages, &mid.0.to_be_bytes())?;
        let record = stored.unwrap_or_else(|| {
            let mut found = Found::new(at);
            found.row.mid = Some(mid);
            MessageRecord {
                found,
                recipients: Vec::new(),
                timeline: Timeline::default(),
            }
        });
        let counted = fate::is_queued(&record.recipients);
        Ok(&mut vacant.insert(Read { record, counted }).record)
    }

    /// A connection; a new one begins at `at`.
    pub(crate) fn connection(
        &mut self,
        icid: Icid,
        at: Timestamp,
    ) -> Result<&mut ConnectionRecord, StoreError> {
        self.totals.icid = self.totals.icid.max(icid);
        let vacant = match self.connections.entry(icid) {
            Entry::Occupied(record) => return Ok(record.into_mut()),
            Entry::Vacant(vacant) => vacant,
        };
        let stored: Option<ConnectionRecord> =
            self.columns.read(Column::Connections, &icid.0.to_be_bytes())?;
        Ok(vacant.insert(stored.unwrap_or_else(|| {
            let mut found = Found::new(at);
            found.row.icid = Some(icid);
            ConnectionRecord {
                found,
                listed: false,
                peer: None,
                reverse: ReverseName::NotAsked,
                classification: Classification::default(),
                proxy: None,
                timeline: Timeline::default(),
                incidents: Vec::new(),
                disconnected: None,
                messages: Vec::new(),
            }
        })))
    }

    /// A delivery connection; a new one begins at `at`.
    pub(crate) fn delivery(&mut self, dcid: Dcid, at: Timestamp) -> Result<&mut DeliveryRecord, StoreError> {
        self.totals.dcid = self.totals.dcid.max(dcid);
        let vacant = match self.deliveries.entry(dcid) {
            Entry::Occupied(record) => return Ok(record.into_mut()),
            Entry::Vacant(vacant) => vacant,
        };
        let stored: Option<DeliveryRecord> = self.columns.read(Column::Deliveries, &dcid.0.to_be_bytes())?;
        Ok(vacant.insert(stored.unwrap_or_else(|| DeliveryRecord {
            row: Found::new(at).row,
            timeline: Timeline::default(),
            messages: Vec::new(),
        })))
    }

    /// A held row, if there is one.
    pub(crate) fn held(&mut self, key: HeldKey) -> Result<Option<&mut HeldRecord>, StoreError> {
        let vacant = match self.held.entry(key) {
            Entry::Occupied(read) => return Ok(Some(&mut read.into_mut().record)),
            Entry::Vacant(vacant) => vacant,
        };
        let stored: Option<HeldRecord> = self.columns.read(Column::Held, &keys::held(key))?;
        Ok(stored.map(|record| {
            let counted = record.row.status == HeldStatus::Held;
            &mut vacant.insert(Read { record, counted }).record
        }))
    }

    /// A new held row, with its places in every index.
    pub(crate) fn hold(&mut self, row: HeldRow) {
        let (key, mailbox) = (row.key(), mailbox_of(&row));
        self.totals.count("quarantined", 1);
        let number = self.totals.counts.get("quarantined").copied().unwrap_or(0);
        let place = keys::held_place(row.received_at, key);
        let expiry = keys::held_expiry(row.expires_at, key);
        let columns = self.columns;
        columns.mark(
            &mut self.batch,
            Column::HeldByMailbox,
            &keys::in_mailbox(&mailbox, &place),
        );
        columns.mark(&mut self.batch, Column::HeldByTime, &place);
        columns.mark(&mut self.batch, Column::HeldByExpiry, &expiry);
        let record = HeldRecord {
            row,
            number,
            done: None,
        };
        self.held.insert(
            key,
            Read {
                record,
                counted: false,
            },
        );
    }

    /// Takes a held row away, with its places.
    pub(crate) fn forget_held(&mut self, record: &HeldRecord) {
        let (key, mailbox) = (record.row.key(), mailbox_of(&record.row));
        let place = keys::held_place(record.row.received_at, key);
        let columns = self.columns;
        columns.delete(&mut self.batch, Column::Held, &keys::held(key));
        columns.delete(&mut self.batch, Column::HeldByTime, &place);
        columns.delete(
            &mut self.batch,
            Column::HeldByMailbox,
            &keys::in_mailbox(&mailbox, &place),
        );
        self.held.remove(&key);
    }

    /// The recipients a message is or was held for.
    pub(crate) fn held_rids(&self, mid: Mid) -> Result<Vec<Rid>, StoreError> {
        let prefix = mid.0.to_be_bytes();
        let mut rids: Vec<Rid> = self
            .held
            .keys()
            .filter(|key| key.mid == mid)
            .map(|key| key.rid)
            .collect();
        for item in self.columns.scan(Column::Held, &prefix, &prefix) {
            rids.extend(keys::held_key(&item?.0).map(|key| key.rid));
        }
        rids.sort_unstable();
        rids.dedup();
        Ok(rids)
    }

    /// Takes a message's content away unless someone may still want it.
    pub(crate) fn drop_content_unless_wanted(&mut self, mid: Mid, now: Timestamp) -> Result<(), StoreError> {
        for rid in self.held_rids(mid)? {
            let key = HeldKey { mid, rid };
            let wanted = self.held(key)?.is_some_and(|record| record.wants_content(now));
            if wanted || self.columns.has(Column::Pending, &keys::held(key))? {
                return Ok(());
            }
        }
        self.columns
            .delete(&mut self.batch, Column::Content, &mid.0.to_be_bytes());
        Ok(())
    }

    /// A shard is fed up to here.
    pub(crate) fn fed(&mut self, shard: u16, upto: &FedRecord) {
        self.columns
            .put(&mut self.batch, (Column::Meta, &keys::fed(shard)), upto);
    }

    /// Writes everything, and gives back the new numbers.
    pub(crate) fn commit(mut self, durability: Durability) -> Result<Totals, StoreError> {
        self.put_messages();
        self.put_connections();
        for (dcid, record) in &self.deliveries {
            self.columns.put(
                &mut self.batch,
                (Column::Deliveries, &dcid.0.to_be_bytes()),
                record,
            );
        }
        self.put_held();
        self.columns
            .put(&mut self.batch, (Column::Meta, TOTALS), &self.totals);
        self.columns.write(self.batch, durability)?;
        Ok(self.totals)
    }

    fn put_messages(&mut self) {
        for (mid, read) in &mut self.messages {
            fate::settle_message(&mut read.record);
            let found = &read.record.found;
            let key = keys::tracking(found.row.at, keys::Tracked::Message(mid.0));
            self.columns.put(&mut self.batch, (Column::Tracking, &key), found);
            self.columns.put(
                &mut self.batch,
                (Column::Messages, &mid.0.to_be_bytes()),
                &read.record,
            );
            let queued = fate::is_queued(&read.record.recipients);
            recount(&mut self.totals.queued, read.counted, queued);
        }
    }

    fn put_connections(&mut self) {
        for (icid, record) in &mut self.connections {
            fate::settle_connection(record);
            if record.listed {
                let key = keys::tracking(record.found.row.at, keys::Tracked::Connection(icid.0));
                self.columns
                    .put(&mut self.batch, (Column::Tracking, &key), &record.found);
            }
            self.columns.put(
                &mut self.batch,
                (Column::Connections, &icid.0.to_be_bytes()),
                record,
            );
        }
    }

    fn put_held(&mut self) {
        for (key, read) in &self.held {
            self.columns
                .put(&mut self.batch, (Column::Held, &keys::held(*key)), &read.record);
            let held = read.record.row.status == HeldStatus::Held;
            recount(&mut self.totals.held, read.counted, held);
            let untold = keys::in_mailbox(&mailbox_of(&read.record.row), &keys::held(*key));
            if read.counted && !held {
                self.columns.delete(&mut self.batch, Column::Untold, &untold);
            } else if held && !read.counted && read.record.done.is_none() {
                let number = &read.record.number;
                self.columns
                    .put(&mut self.batch, (Column::Untold, &untold), number);
            }
        }
    }
}

/// In `meta`: the numbers.
pub(crate) const TOTALS: &[u8] = b"totals";

/// The mailbox a row is held for.
pub(crate) fn mailbox_of(row: &HeldRow) -> String {
    let address: Result<Address, _> = row.recipient.parse();
    address.map_or_else(|_| row.recipient.to_lowercase(), |address| address.folded())
}

fn recount(total: &mut u64, before: bool, after: bool) {
    match (before, after) {
        (false, true) => *total += 1,
        (true, false) => *total = total.saturating_sub(1),
        (true, true) | (false, false) => {}
    }
}
