//! The commit loop: group commit, segments one after the other, and what a failing disk means.
//!
//! A group is everything that came in while the previous one was being flushed: no timer, and a lone record never
//! waits. A failed write or sync ends all acknowledgements until the journal is opened again, because nobody can say
//! what the disk holds then; only "no space" is told apart, since such a write leaves nothing in doubt: the segment
//! ends at its last durable record, and a new one is begun when there is room.

use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::format::{HEADER_AREA, SegmentHeader, segment_path};
use crate::group::{Group, Waiter};
use crate::handle::{Journal, Settings, panic_on_misuse};
use crate::position::{Durable, Position};
use std::io;

/// The segment that is being written.
struct Current<F> {
    file: F,
    segment: u64,
    end: u64,
}

impl<D: Disk> Journal<D> {
    /// The commit loop: the shard runs it once, as a task, for as long as the journal is open. It never returns; drop it
    /// only after [`Journal::settled`].
    pub async fn run(&self) {
        let mut current = None;
        loop {
            match self.next_group() {
                Some(group) => self.flush(group, &mut current).await,
                None => self.inner.wake.notified().await,
            }
        }
    }

    fn next_group(&self) -> Option<Group> {
        let mut state = self.inner.state.borrow_mut();
        if state.held_back {
            return None;
        }
        let group = Group::take(&mut state.waiting);
        state.flushing = group.is_some();
        group
    }

    async fn flush(&self, mut group: Group, current: &mut Option<Current<D::File>>) {
        let outcome = self.write(&mut group, current).await;
        self.inner.state.borrow_mut().flushing = false;
        match outcome {
            Ok(end) => self.acknowledge(group, end),
            Err(error) => {
                *current = None;
                self.refuse(group, error);
            }
        }
    }

    /// Writes and syncs one group; the place behind it.
    async fn write(
        &self,
        group: &mut Group,
        current: &mut Option<Current<D::File>>,
    ) -> Result<Position, JournalError> {
        let (count, seal) = (group.records.len() as u64, self.inner.settings.seal);
        let sequence = {
            // Numbers are used once, even by a group that fails: a new segment always gets a new name.
            let mut state = self.inner.state.borrow_mut();
            let sequence = state.next_sequence;
            state.next_sequence += count;
            sequence
        };
        let full = current
            .as_ref()
            .is_some_and(|one| one.end >= self.inner.settings.segment_bytes);
        let mut head = None;
        if full || current.is_none() {
            head = Some(self.segment_header(sequence, !full).area());
            *current = None;
            *current = Some(self.begin(sequence).await?);
        }
        let Some(current) = current.as_mut() else {
            panic_on_misuse("a segment was just begun")
        };
        let start = current.end.max(HEADER_AREA);
        let (pieces, end) = group.seal(
            Position {
                segment: current.segment,
                offset: start,
                sequence,
            },
            seal,
        );
        let pieces = head.into_iter().chain(pieces).collect();
        let written = current.file.write_all_at(pieces, current.end).await;
        written.map_err(|error| self.write_failure(&error))?;
        let synced = current.file.sync().await;
        synced.map_err(|error| self.failure_of("sync", &error))?;
        current.end = end.offset;
        Ok(end)
    }

    fn segment_header(&self, first: u64, after_tear: bool) -> SegmentHeader {
        let Settings {
            node, shard, seal, ..
        } = self.inner.settings;
        SegmentHeader {
            shard,
            node,
            first,
            follows: self.durable_position().sequence,
            seal,
            after_tear,
        }
    }

    /// Makes a segment's file. Its name is on stable storage before anything in it counts; its header goes with the
    /// first group.
    async fn begin(&self, first: u64) -> Result<Current<D::File>, JournalError> {
        let path = segment_path(&self.inner.directory, first);
        let file = match self.inner.disk.create(&path).await {
            Err(error) if is_full(&error) => return Err(self.write_failure(&error)),
            Err(error) => {
                return Err(JournalError::NoSegment {
                    path,
                    cause: error.to_string(),
                });
            }
            Ok(file) => file,
        };
        self.inner.state.borrow_mut().segments.add(first);
        let synced = self.inner.disk.sync_directory(&self.inner.directory).await;
        synced.map_err(|error| self.failure_of("sync of the directory", &error))?;
        Ok(Current {
            file,
            segment: first,
            end: 0,
        })
    }

    fn acknowledge(&self, group: Group, end: Position) {
        let mut state = self.inner.state.borrow_mut();
        state.durable = end;
        for record in &group.records {
            state.segments.note(end.segment, record.mark);
        }
        let settled = if state.waiting.is_empty() {
            std::mem::take(&mut state.settling)
        } else {
            Vec::new()
        };
        drop(state);
        (self.inner.on_durable)(end);
        for (record, position) in group.records.into_iter().zip(group.positions) {
            let body = record.body_at(position);
            if let Some(Waiter { mid, done }) = record.waiter {
                // A session that has gone away meanwhile needs no answer; its message is safe.
                let _ = done.send(Ok(Durable::new(mid, position, body)));
            }
        }
        for done in settled {
            let _ = done.send(Ok(()));
        }
    }

    /// Tells all who wait, and keeps what nobody waits for if it can still be written later.
    fn refuse(&self, group: Group, error: JournalError) {
        let mut state = self.inner.state.borrow_mut();
        let rest = std::mem::take(&mut state.waiting);
        let all = group.records.into_iter().chain(rest);
        let (told, kept): (Vec<_>, Vec<_>) = all.partition(|record| record.waiter.is_some());
        if error.is_temporary() {
            state.waiting = kept.into();
            state.held_back = true;
        } else {
            state.failed = Some(error.clone());
        }
        let settling = std::mem::take(&mut state.settling);
        drop(state);
        for waiter in told.into_iter().filter_map(|record| record.waiter) {
            let _ = waiter.done.send(Err(error.clone()));
        }
        for done in settling {
            let _ = done.send(Err(error.clone()));
        }
    }

    fn write_failure(&self, error: &io::Error) -> JournalError {
        match is_full(error) {
            true => JournalError::DiskFull {
                directory: self.inner.directory.clone(),
            },
            false => self.failure_of("write", error),
        }
    }

    fn failure_of(&self, operation: &str, error: &io::Error) -> JournalError {
        JournalError::Failed {
            directory: self.inner.directory.clone(),
            cause: format!("{operation}: {error}"),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
