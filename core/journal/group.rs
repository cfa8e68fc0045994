//! Records that wait for the disk, and the octets they become. One group is one write and one sync.

use crate::error::JournalError;
use crate::format::{RECORD_HEADER, RecordHeader, padding};
use crate::position::{BodyAt, Durable, Position};
use crate::segments::Mark;
use bytes::Bytes;
use postern_vocab::limits::{COMMIT_GROUP_BYTES_MAX, RECORD_META_BYTES_MAX};
use postern_vocab::{Mid, Recorded};
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// Who waits for a record: a message's session, told when it is durable.
pub(crate) struct Waiter {
    pub mid: Mid,
    pub done: oneshot::Sender<Result<Durable, JournalError>>,
}

/// One record on its way.
pub(crate) struct Waiting {
    /// Room for the header, then the meta.
    head: Bytes,
    meta_checksum: u32,
    body: Bytes,
    body_checksum: u32,
    pub mark: Mark,
    pub waiter: Option<Waiter>,
}

/// The records of one write, with their octets.
pub(crate) struct Group {
    pub records: Vec<Waiting>,
    /// Where each record will be, once the write is done.
    pub positions: Vec<Position>,
}

impl Waiting {
    /// Encodes a record. The body is not copied, now or later.
    pub(crate) fn new(recorded: &Recorded, body: Bytes) -> Result<Self, JournalError> {
        let mut head = vec![0; RECORD_HEADER];
        rmp_serde::encode::write_named(&mut head, recorded).map_err(|error| JournalError::Unwritable {
            cause: error.to_string(),
        })?;
        let meta = &head[RECORD_HEADER..];
        if meta.len() > RECORD_META_BYTES_MAX {
            let cause = format!(
                "{} octets without the body, over the limit of {RECORD_META_BYTES_MAX}",
                meta.len()
            );
            return Err(JournalError::Unwritable { cause });
        }
        Ok(Self {
            meta_checksum: crc32c::crc32c(meta),
            body_checksum: crc32c::crc32c(&body),
            head: head.into(),
            body,
            mark: Mark::of(&recorded.event),
            waiter: None,
        })
    }

    fn unpadded_bytes(&self) -> u64 {
        (self.head.len() + self.body.len()) as u64
    }

    fn bytes(&self) -> u64 {
        self.unpadded_bytes() + padding(self.unpadded_bytes()).len() as u64
    }

    /// Puts the header in, and adds the record's octets to `pieces`.
    fn seal(&mut self, sequence: u64, seal: u64, pieces: &mut Vec<Bytes>) {
        let header = RecordHeader {
            // Bounded by RECORD_META_BYTES_MAX in `new`.
            meta_bytes: (self.head.len() - RECORD_HEADER) as u32,
            body_bytes: self.body.len() as u64,
            sequence,
            seal,
            meta_checksum: self.meta_checksum,
            body_checksum: self.body_checksum,
        };
        let mut head = Vec::from(std::mem::take(&mut self.head));
        head[..RECORD_HEADER].copy_from_slice(&header.encode());
        self.head = head.into();
        let parts = [
            self.head.clone(),
            self.body.clone(),
            padding(self.unpadded_bytes()),
        ];
        pieces.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }

    /// Where the body is when the record is at `position`.
    pub(crate) fn body_at(&self, position: Position) -> BodyAt {
        BodyAt {
            segment: position.segment,
            offset: position.offset + self.head.len() as u64,
            bytes: self.body.len() as u64,
            checksum: self.body_checksum,
        }
    }
}

impl Group {
    /// Takes records from the front, at least one, up to `COMMIT_GROUP_BYTES_MAX`. `None` when nothing waits.
    pub(crate) fn take(waiting: &mut VecDeque<Waiting>) -> Option<Self> {
        let mut bytes = 0;
        let fits = |one: &Waiting| {
            let first = bytes == 0;
            bytes += one.bytes();
            first || bytes <= COMMIT_GROUP_BYTES_MAX as u64
        };
        let count = waiting.iter().map(fits).take_while(|fits| *fits).count();
        let records: Vec<_> = waiting.drain(..count).collect();
        (!records.is_empty()).then_some(Self {
            records,
            positions: Vec::new(),
        })
    }

    /// Gives every record its place, the first one at `start`, and returns the octets to write and the place behind
    /// the last.
    pub(crate) fn seal(&mut self, start: Position, seal: u64) -> (Vec<Bytes>, Position) {
        let (mut pieces, mut next) = (Vec::with_capacity(self.records.len() * 3), start);
        self.positions.clear();
        for record in &mut self.records {
            record.seal(next.sequence, seal, &mut pieces);
            self.positions.push(next);
            next = Position {
                offset: next.offset + record.bytes(),
                sequence: next.sequence + 1,
                segment: start.segment,
            };
        }
        next.sequence -= 1;
        (pieces, next)
    }
}
