//! The journal as a shard holds it: records go in, proofs come out. The loop that writes them is in `writer.rs`.

use crate::disk::{Disk, DiskRead};
use crate::error::JournalError;
use crate::format::segment_path;
use crate::group::{Waiter, Waiting};
use crate::position::{Durable, Position};
use crate::scan::Recovered;
use crate::segments::Segments;
use bytes::Bytes;
use postern_vocab::limits::{COMMIT_WAITING_MAX, SEGMENT_BYTES};
use postern_vocab::{Event, NodeId, Recorded};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use tokio::sync::{Notify, oneshot};

/// Whose journal it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The appliance.
    pub node: NodeId,
    /// The shard.
    pub shard: u16,
    /// A random number that nobody outside can know, fresh at every start; see `README.md`, "The seal".
    pub seal: u64,
    /// When the next segment is begun.
    pub segment_bytes: u64,
}

impl Settings {
    /// The settings of a real shard.
    #[must_use]
    pub fn new(node: NodeId, shard: u16, seal: u64) -> Self {
        Self {
            node,
            shard,
            seal,
            segment_bytes: SEGMENT_BYTES,
        }
    }
}

/// A handle on one shard's journal; clones are the same journal.
pub struct Journal<D: Disk> {
    pub(crate) inner: Rc<Inner<D>>,
}

pub(crate) struct Inner<D> {
    pub disk: D,
    pub directory: PathBuf,
    pub settings: Settings,
    pub on_durable: Box<dyn Fn(Position)>,
    pub state: RefCell<State>,
    pub wake: Notify,
}

pub(crate) struct State {
    pub waiting: VecDeque<Waiting>,
    pub flushing: bool,
    /// After a full disk: nothing is tried until something new comes in.
    pub held_back: bool,
    pub failed: Option<JournalError>,
    pub next_sequence: u64,
    pub durable: Position,
    pub segments: Segments,
    pub settling: Vec<oneshot::Sender<Result<(), JournalError>>>,
}

impl<D: Disk> Clone for Journal<D> {
    fn clone(&self) -> Self {
        Self {
            inner: Rc::clone(&self.inner),
        }
    }
}

impl<D: Disk> Journal<D> {
    /// Goes on after recovery. The first group begins a new segment: what was there before is never written again.
    /// `on_durable` is called with the new durable end after each group, before those who wait for it go on. The
    /// directory must exist when the first group is written.
    pub fn open(
        disk: D,
        recovered: Recovered,
        settings: Settings,
        on_durable: Box<dyn Fn(Position)>,
    ) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            flushing: false,
            held_back: false,
            failed: None,
            next_sequence: recovered.highest + 1,
            durable: recovered.end,
            segments: recovered.segments,
            settling: Vec::new(),
        };
        let (directory, state, wake) = (recovered.directory, RefCell::new(state), Notify::new());
        Self {
            inner: Rc::new(Inner {
                disk,
                directory,
                settings,
                on_durable,
                state,
                wake,
            }),
        }
    }

    /// Writes an `Accepted` record with the message and waits until it is on stable storage. If the future is dropped
    /// before that, the record is written all the same.
    ///
    /// # Panics
    /// On any other event, and when `body_bytes` is not the body's length: mistakes of the caller.
    pub async fn commit(&self, record: Recorded, body: Bytes) -> Result<Durable, JournalError> {
        let Event::Accepted(accepted) = &record.event else {
            panic_on_misuse("only an Accepted record is committed; append the others")
        };
        assert_eq!(
            accepted.body_bytes,
            body.len() as u64,
            "body_bytes is the body's length"
        );
        let (done, outcome) = oneshot::channel();
        let mid = accepted.mid;
        self.check(COMMIT_WAITING_MAX)?;
        let mut waiting = Waiting::new(&record, body)?;
        waiting.waiter = Some(Waiter { mid, done });
        self.push(waiting);
        outcome.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Writes a record with the next group, without waiting for it. After a full disk it is tried again with what comes
    /// next. Outcomes of deliveries still find room when messages are refused as [`JournalError::Full`].
    ///
    /// # Panics
    /// On an `Accepted` record, which has a body: a mistake of the caller.
    pub fn append(&self, record: Recorded) -> Result<(), JournalError> {
        assert!(
            !matches!(record.event, Event::Accepted(_)),
            "an Accepted record is committed, not appended"
        );
        self.check(2 * COMMIT_WAITING_MAX)?;
        self.push(Waiting::new(&record, Bytes::new())?);
        Ok(())
    }

    /// Waits until everything that was appended before is on stable storage; for a shutdown.
    pub async fn settled(&self) -> Result<(), JournalError> {
        let outcome = {
            let mut state = self.inner.state.borrow_mut();
            if let Some(failure) = &state.failed {
                return Err(failure.clone());
            }
            if state.waiting.is_empty() && !state.flushing {
                return Ok(());
            }
            let (done, outcome) = oneshot::channel();
            state.settling.push(done);
            state.held_back = false;
            outcome
        };
        self.inner.wake.notify_one();
        outcome.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Just behind the last record on stable storage.
    #[must_use]
    pub fn durable_position(&self) -> Position {
        self.inner.state.borrow().durable
    }

    /// The failure that ended all acknowledgements, if there was one.
    #[must_use]
    pub fn failure(&self) -> Option<JournalError> {
        self.inner.state.borrow().failed.clone()
    }

    /// Records that wait for the disk.
    #[must_use]
    pub fn waiting_records(&self) -> usize {
        self.inner.state.borrow().waiting.len()
    }

    /// Messages to be delivered that have no durable `Finished` yet.
    #[must_use]
    pub fn unfinished_messages(&self) -> usize {
        self.inner.state.borrow().segments.unfinished_messages()
    }

    /// The index has every record up to and with this one on stable storage.
    pub fn indexed_up_to(&self, position: Position) {
        self.inner.state.borrow_mut().segments.indexed_up_to(position);
    }

    /// The files that nothing needs any more, oldest first. They are to be removed in this order, and
    /// [`Journal::removed`] told of each; on another thread if removing takes long.
    #[must_use]
    pub fn removable(&self) -> Vec<(u64, PathBuf)> {
        let removable = self.inner.state.borrow().segments.removable();
        removable
            .into_iter()
            .map(|segment| (segment, segment_path(&self.inner.directory, segment)))
            .collect()
    }

    /// A segment's file is gone.
    pub fn removed(&self, segment: u64) {
        self.inner.state.borrow_mut().segments.removed(segment);
    }

    /// Removes what is removable here and now, with blocking calls, and returns the segments. It stops at the first
    /// failure, since a younger segment must not go before an older one.
    pub fn reclaim(&self, files: &impl DiskRead) -> io::Result<Vec<u64>> {
        let mut gone = Vec::new();
        for (segment, path) in self.removable() {
            match files.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.removed(segment),
            }
            gone.push(segment);
        }
        Ok(gone)
    }

    fn check(&self, waiting_max: usize) -> Result<(), JournalError> {
        let state = self.inner.state.borrow();
        match &state.failed {
            Some(failure) => Err(failure.clone()),
            None if state.waiting.len() >= waiting_max => Err(JournalError::Full {
                waiting: state.waiting.len(),
            }),
            None => Ok(()),
        }
    }

    fn push(&self, waiting: Waiting) {
        let mut state = self.inner.state.borrow_mut();
        state.waiting.push_back(waiting);
        state.held_back = false;
        self.inner.wake.notify_one();
    }
}

#[expect(
    clippy::panic,
    reason = "a mistake of ours: the shard drops that connection and counts it"
)]
pub(crate) fn panic_on_misuse(what: &str) -> ! {
    panic!("{what}")
}
