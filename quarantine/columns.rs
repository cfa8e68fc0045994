//! RocksDB itself: the column families, how they are tuned, and reading and writing them. It knows columns and octets,
//! and nothing of what they mean; key layouts are in `keys.rs`, values in `record.rs`.

use crate::StoreError;
use crate::record;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    Direction, IteratorMode, Options, WriteBatch, WriteOptions,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Blocks kept in memory over all columns.
const BLOCK_CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Written and not yet in a table file, over all columns.
const WRITE_BUFFERS_BYTES: usize = 128 * 1024 * 1024;
/// The write-ahead log; over it the oldest column is flushed.
const LOG_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Table files open at once.
const OPEN_FILES_MAX: i32 = 512;
/// Held content from this size on lives in files of its own, so that compaction does not copy it about.
const BLOB_BYTES_MIN: u64 = 4 * 1024;
/// `RocksDB`'s own diagnostic log.
const DIAGNOSTIC_LOG_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Files of it that are kept.
const DIAGNOSTIC_LOGS_KEPT: usize = 3;

/// A column family. The table in `README.md` tells keys and values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    Meta,
    Tracking,
    Messages,
    Judged,
    MessageIds,
    Connections,
    Deliveries,
    Held,
    HeldByMailbox,
    HeldByTime,
    HeldByExpiry,
    Untold,
    Content,
    Pending,
    Lists,
    Accounts,
    Sessions,
}

impl Column {
    const ALL: [Self; 17] = [
        Self::Meta,
        Self::Tracking,
        Self::Messages,
        Self::Judged,
        Self::MessageIds,
        Self::Connections,
        Self::Deliveries,
        Self::Held,
        Self::HeldByMailbox,
        Self::HeldByTime,
        Self::HeldByExpiry,
        Self::Untold,
        Self::Content,
        Self::Pending,
        Self::Lists,
        Self::Accounts,
        Self::Sessions,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Tracking => "tracking",
            Self::Messages => "messages",
            Self::Judged => "judged",
            Self::MessageIds => "message_ids",
            Self::Connections => "connections",
            Self::Deliveries => "deliveries",
            Self::Held => "held",
            Self::HeldByMailbox => "held_by_mailbox",
            Self::HeldByTime => "held_by_time",
            Self::HeldByExpiry => "held_by_expiry",
            Self::Untold => "untold",
            Self::Content => "content",
            Self::Pending => "pending",
            Self::Lists => "lists",
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
        }
    }
}

/// When a write must be on stable storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    /// With the next [`Columns::sync`]: what the journals still have.
    Later,
    /// When the call returns: what a person began.
    Now,
}

/// A key with its raw value.
pub(crate) struct Stored(pub Box<[u8]>, pub Box<[u8]>);

/// The open database.
pub(crate) struct Columns {
    db: DB,
    path: PathBuf,
}

impl Columns {
    /// Opens or makes the database in `path`, which only the owner may enter: it holds people's mail.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| StoreError::system(path, &error))?;
        let cache = Cache::new_lru_cache(BLOCK_CACHE_BYTES);
        let descriptors = Column::ALL
            .into_iter()
            .map(|column| ColumnFamilyDescriptor::new(column.name(), column_options(column, &cache)));
        let db = DB::open_cf_descriptors(&database_options(), path, descriptors)
            .map_err(|error| StoreError::of(path, &error))?;
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// One value.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        column: Column,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let octets = self
            .db
            .get_pinned_cf(self.family(column), key)
            .map_err(|error| StoreError::of(&self.path, &error))?;
        octets.map(|octets| self.decode(column, &octets)).transpose()
    }

    /// Whether there is a value.
    pub(crate) fn has(&self, column: Column, key: &[u8]) -> Result<bool, StoreError> {
        let octets = self.db.get_pinned_cf(self.family(column), key);
        Ok(octets
            .map_err(|error| StoreError::of(&self.path, &error))?
            .is_some())
    }

    /// Keys and raw values from `start` on, in order, as long as the key begins with `prefix`.
    pub(crate) fn scan<'a>(
        &'a self,
        column: Column,
        prefix: &'a [u8],
        start: &[u8],
    ) -> impl Iterator<Item = Result<Stored, StoreError>> + use<'a> {
        self.db
            .iterator_cf(self.family(column), IteratorMode::From(start, Direction::Forward))
            .take_while(move |item| item.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)))
            .map(|item| match item {
                Ok((key, value)) => Ok(Stored(key, value)),
                Err(error) => Err(StoreError::of(&self.path, &error)),
            })
    }

    /// A raw value from [`Columns::scan`], read.
    pub(crate) fn decode<T: DeserializeOwned>(&self, column: Column, octets: &[u8]) -> Result<T, StoreError> {
        record::decode(octets).map_err(|why| StoreError::Damaged {
            path: self.path.clone(),
            detail: format!("a record in column {} does not read: {why}", column.name()),
        })
    }

    /// Puts a value into a batch.
    pub(crate) fn put(&self, batch: &mut WriteBatch, place: (Column, &[u8]), value: &impl Serialize) {
        batch.put_cf(self.family(place.0), place.1, record::encode(value));
    }

    /// Puts a key that is its own meaning into a batch.
    pub(crate) fn mark(&self, batch: &mut WriteBatch, column: Column, key: &[u8]) {
        batch.put_cf(self.family(column), key, []);
    }

    /// Takes a key away, in a batch.
    pub(crate) fn delete(&self, batch: &mut WriteBatch, column: Column, key: &[u8]) {
        batch.delete_cf(self.family(column), key);
    }

    /// Writes a batch: all of it or nothing.
    pub(crate) fn write(&self, batch: WriteBatch, durability: Durability) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Now);
        self.db
            .write_opt(batch, &options)
            .map_err(|error| StoreError::of(&self.path, &error))
    }

    /// Everything written so far is on stable storage when this returns.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.db
            .flush_wal(true)
            .map_err(|error| StoreError::of(&self.path, &error))
    }

    fn family(&self, column: Column) -> &ColumnFamily {
        self.db
            .cf_handle(column.name())
            .expect("every column is opened with the database")
    }
}

fn database_options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    // What follows a torn end of the log was never promised: it is fed from the journals again, by the position that
    // lies in the same log.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(LOG_BYTES_MAX);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_max_log_file_size(DIAGNOSTIC_LOG_BYTES_MAX);
    options.set_keep_log_file_num(DIAGNOSTIC_LOGS_KEPT);
    options
}

fn column_options(column: Column, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_bloom_filter(10.0, false);
    blocks.set_cache_index_and_filter_blocks(true);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    if column == Column::Content {
        options.set_enable_blob_files(true);
        options.set_min_blob_size(BLOB_BYTES_MIN);
        options.set_blob_compression_type(DBCompressionType::Lz4);
        options.set_enable_blob_gc(true);
    }
    options
}
