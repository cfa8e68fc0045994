//! The index writer: reads the shards' journals as they grow and feeds the store and the mail log. Live and after a
//! crash it is the same: it goes on where the store says it was.

use bytes::Bytes;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use postern_engine::journal::{BodyAt, Entry, Position, StdFiles, Tail, read_body};
use postern_engine::recovery::RecoveredShard;
use postern_engine::{Engine, Notice};
use postern_quarantine::{Fed, MailLogs, Store, StoreError};
use postern_vocab::{Disposition, Event, Mid, Recorded, Submission, limits};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often what was fed is put on stable storage and the journals are told that they may forget it.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// How often expired held mail is looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);
/// The wait after the store took nothing: a full disk, say.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What the store asks of the mail side.
pub type Submit = Sender<(Submission, Sender<Result<Mid, String>>)>;

/// One shard's journal as it is followed.
pub struct ShardTail {
    number: u16,
    directory: PathBuf,
    tail: Tail<StdFiles>,
    durable: Position,
}

/// What the writer is made of.
pub struct Parts {
    /// Fed.
    pub store: Arc<Store>,
    /// Written.
    pub logs: MailLogs,
    /// One a shard.
    pub tails: Vec<ShardTail>,
    /// What the shards say; closed when they have ended.
    pub heard: Receiver<Notice>,
    /// Told what is indexed.
    pub engine: Arc<Engine>,
    /// For releases that a crash interrupted.
    pub submit: Submit,
}

/// Where to go on in each shard's journal.
///
/// # Errors
/// Store or journal cannot be read.
pub fn tails(store: &Store, shards: &[RecoveredShard]) -> Result<Vec<ShardTail>, super::StartError> {
    let tail = |shard: &RecoveredShard| {
        let fed = store.fed_up_to(shard.number)?;
        let after = fed.and_then(|fed| decode(&fed.position));
        Ok(ShardTail {
            number: shard.number,
            directory: shard.directory.clone(),
            tail: Tail::from(StdFiles, &shard.directory, after)?,
            durable: shard.recovered.end,
        })
    };
    shards.iter().map(tail).collect()
}

/// Starts the writer's thread; it ends when the shards have, with everything fed.
///
/// # Errors
/// A thread cannot be made.
pub fn start(parts: Parts) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("index-writer".to_owned())
        .spawn(move || Writer { parts }.run())
}

struct Writer {
    parts: Parts,
}

impl Writer {
    fn run(mut self) {
        self.feed_all();
        self.finish_releases();
        let (mut synced, mut expired) = (Instant::now(), Instant::now());
        loop {
            match self.parts.heard.recv_timeout(SYNC_EVERY) {
                Ok(notice) => self.note(notice),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok(notice) = self.parts.heard.try_recv() {
                self.note(notice);
            }
            self.say_how_far_behind();
            self.feed_all();
            self.say_how_far_behind();
            if synced.elapsed() >= SYNC_EVERY {
                self.sync();
                synced = Instant::now();
            }
            if expired.elapsed() >= EXPIRE_EVERY {
                self.expire();
                expired = Instant::now();
            }
        }
        self.feed_all();
        self.sync();
    }

    fn note(&mut self, notice: Notice) {
        if let Some(shard) = self.parts.tails.get_mut(usize::from(notice.shard)) {
            shard.durable = shard.durable.max(notice.durable);
        }
    }

    fn say_how_far_behind(&self) {
        let behind = |shard: &ShardTail| {
            shard
                .durable
                .sequence
                .saturating_sub(shard.tail.position().sequence)
        };
        self.parts
            .store
            .note_behind(self.parts.tails.iter().map(behind).sum());
    }

    fn feed_all(&mut self) {
        let Parts {
            store, tails, logs, ..
        } = &mut self.parts;
        for shard in tails {
            loop {
                match shard.next_batch() {
                    Ok(batch) if batch.is_empty() => break,
                    Ok(batch) => feed(store, logs, shard.number, batch),
                    Err(error) => {
                        eprintln!(
                            "postern: the index cannot read {}: {error}",
                            shard.directory.display()
                        );
                        break;
                    }
                }
            }
        }
    }

    /// What a person released just before a crash, and no journal has: it is on its way again.
    fn finish_releases(&self) {
        let unconfirmed = self.parts.store.unconfirmed_releases().unwrap_or_else(|error| {
            eprintln!("postern: releases that a crash interrupted wait for the next start: {error}");
            Vec::new()
        });
        for submission in unconfirmed {
            let (done, _) = crossbeam::channel::bounded(1);
            // The channel is closed only when the daemon stops; the release stays unconfirmed and is tried at the next
            // start.
            let _ = self.parts.submit.send((submission, done));
        }
    }

    fn sync(&self) {
        if let Err(error) = self.parts.store.sync() {
            return eprintln!(
                "postern: the index is not on stable storage: {error}; the journals keep everything"
            );
        }
        for shard in &self.parts.tails {
            self.parts.engine.indexed(shard.number, shard.tail.position());
        }
    }

    fn expire(&self) {
        if let Err(error) = self.parts.store.expire(super::now()) {
            eprintln!("postern: held mail cannot be expired: {error}");
        }
    }
}

impl ShardTail {
    fn next_batch(&mut self) -> io::Result<Vec<Fed>> {
        let batch = self.tail.next_batch(
            self.durable,
            limits::INDEX_BATCH_RECORDS_MAX,
            limits::INDEX_BATCH_BYTES_MAX,
        )?;
        Ok(batch.into_iter().map(|entry| self.fed(entry)).collect())
    }

    /// The store keeps the content of what is held; all else stays in the journal.
    fn fed(&self, entry: Entry) -> Fed {
        let is_held = |one: &Disposition| matches!(one, Disposition::Quarantine(_));
        let held = match &entry.recorded.event {
            Event::Accepted(accepted) => !accepted.decision.rids(is_held).is_empty(),
            _ => false,
        };
        let body = held.then(|| self.held_body(&entry.body));
        Fed {
            sequence: entry.position.sequence,
            position: encode(entry.position),
            recorded: entry.recorded,
            body,
        }
    }

    /// Read for as long as it takes while the disk only fails to answer. A body that the disk has changed is gone: what
    /// is held in its place says so, and does not keep the index from what comes after it.
    fn held_body(&self, at: &BodyAt) -> Bytes {
        loop {
            match read_body(&StdFiles, &self.directory, at) {
                Ok(body) => return body,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    eprintln!("postern: the content of a held message is lost: {error}");
                    return Bytes::from(format!(
                        "Subject: this message was damaged on disk\r\n\r\nIts content is lost: {error}\r\n"
                    ));
                }
                Err(error) => eprintln!("postern: a held message cannot be read yet: {error}"),
            }
            thread::sleep(AFTER_FAILURE);
        }
    }
}

/// Feeds one batch, however long the store takes to be able to: the journal keeps what waits.
fn feed(store: &Store, logs: &mut MailLogs, shard: u16, batch: Vec<Fed>) {
    let mut said = None;
    while let Err(error) = store.apply(shard, &batch) {
        say_once(&mut said, &error);
        thread::sleep(AFTER_FAILURE);
    }
    let records: Vec<Recorded> = batch.into_iter().map(|fed| fed.recorded).collect();
    if let Err(error) = logs.write(&records) {
        eprintln!("postern: {error}; tracking has what the mail log lacks");
    }
}

fn say_once(said: &mut Option<String>, error: &StoreError) {
    let text = error.to_string();
    if said.as_ref() != Some(&text) {
        eprintln!("postern: the index takes nothing: {text}; mail goes on, tracking waits");
        *said = Some(text);
    }
}

fn encode(position: Position) -> Vec<u8> {
    [position.segment, position.offset, position.sequence]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .collect()
}

/// `None` for what this version did not write: the index is then fed from the journal's beginning, and leaves out what
/// it has.
fn decode(octets: &[u8]) -> Option<Position> {
    let part = |at: usize| Some(u64::from_be_bytes(octets.get(at..at + 8)?.try_into().ok()?));
    Some(Position {
        segment: part(0)?,
        offset: part(8)?,
        sequence: part(16)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_and_garbage_does_not() {
        let position = Position {
            segment: 1,
            offset: 2,
            sequence: u64::MAX,
        };
        assert_eq!(decode(&encode(position)), Some(position));
        assert_eq!(decode(b"short"), None);
    }
}
