//! A disk in memory that breaks in the ways disks do: for tests here and in the engine.
//!
//! What was written is readable at once, but survives [`SimDisk::crash`] for certain only once it was synced; before
//! that each sector of each write is kept, lost or torn as the seed decides, in any order. A file whose directory was
//! not synced may vanish. After a failed sync the octets it should have kept are never promised again, even if a later
//! sync succeeds, as Linux drops the dirty mark of pages it could not write.

use crate::disk::{Disk, DiskFile, DiskRead, Found};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

/// What a power cut keeps or loses as one.
const SECTOR: usize = 512;

/// The disk; clones are the same one, and may be read from another thread.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// An open file of it.
#[derive(Debug)]
pub struct SimFile {
    disk: SimDisk,
    path: PathBuf,
}

/// What was asked of the disk so far, failures included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Operations {
    /// Files made.
    pub creates: u64,
    /// Writes.
    pub writes: u64,
    /// Syncs of files.
    pub syncs: u64,
    /// Syncs of directories.
    pub directory_syncs: u64,
}

impl Operations {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.creates + self.writes + self.syncs + self.directory_syncs
    }
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Contents>,
    done: Operations,
    failing: Option<(u64, ErrorKind)>,
    power_off_after: Option<u64>,
    capacity_bytes: Option<u64>,
}

#[derive(Debug, Default)]
struct Contents {
    /// What a reader sees.
    current: Vec<u8>,
    /// What is certain to survive.
    synced: Vec<u8>,
    /// Writes since the last sync.
    pending: Vec<(usize, Vec<u8>)>,
    /// Writes that a failed sync gave up on.
    doomed: Vec<(usize, Vec<u8>)>,
    linked: bool,
}

impl SimDisk {
    /// An empty disk without limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the `nth` operation from now on (counted from 1) fail with `kind`, once.
    pub fn fail_nth(&self, nth: u64, kind: ErrorKind) {
        let mut state = self.lock();
        state.failing = Some((state.done.total() + nth, kind));
    }

    /// Lets the power fail after `count` more operations: those that come then never end. [`SimDisk::crash`] follows.
    pub fn power_off_after(&self, count: u64) {
        let mut state = self.lock();
        state.power_off_after = Some(state.done.total() + count);
    }

    /// Sets the room there is for the octets of all files; `None` for no end. A write that does not fit writes what
    /// does, then fails with `StorageFull`.
    pub fn set_capacity_bytes(&self, capacity: Option<u64>) {
        self.lock().capacity_bytes = capacity;
    }

    /// What was asked of it so far.
    #[must_use]
    pub fn operations(&self) -> Operations {
        self.lock().done
    }

    /// The power fails, and comes back. Files that were open are not to be used any more.
    pub fn crash(&self, seed: u64) {
        let mut state = self.lock();
        let mut dice = Dice(seed);
        (state.failing, state.power_off_after) = (None, None);
        state.files.retain(|_, file| file.linked || dice.below(2) == 0);
        for file in state.files.values_mut() {
            file.crash(&mut dice);
        }
    }

    /// Changes a file's octets in place, as a failing medium does.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(file) = self.lock().files.get_mut(path) {
            change(&mut file.current);
            file.synced.clone_from(&file.current);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Lets the other tasks of the thread run, and never goes on when the power is off.
    async fn take_time(&self) {
        Yield::default().await;
        let off = {
            let state = self.lock();
            state
                .power_off_after
                .is_some_and(|count| state.done.total() >= count)
        };
        if off {
            std::future::pending().await
        }
    }

    /// Counts an operation, and fails it if its turn has come.
    fn operation(&self, count: impl FnOnce(&mut Operations)) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        count(&mut state.done);
        match state.failing {
            Some((nth, kind)) if nth == state.done.total() => {
                state.failing = None;
                Err(kind.into())
            }
            _ => Ok(state),
        }
    }
}

impl Contents {
    fn write(&mut self, offset: usize, octets: &[u8]) {
        overwrite(&mut self.current, offset, octets);
        self.pending.push((offset, octets.to_vec()));
    }

    fn sync(&mut self) {
        for (offset, octets) in std::mem::take(&mut self.pending) {
            overwrite(&mut self.synced, offset, &octets);
        }
    }

    fn crash(&mut self, dice: &mut Dice) {
        let mut survived = std::mem::take(&mut self.synced);
        let unsynced = self.doomed.drain(..).chain(self.pending.drain(..));
        for (offset, octets) in unsynced {
            let mut at = 0;
            while at < octets.len() {
                let sector = (SECTOR - (offset + at) % SECTOR).min(octets.len() - at);
                let kept = match dice.below(4) {
                    0 => 0,
                    1 => dice.below(sector as u64 + 1) as usize,
                    _ => sector,
                };
                if kept > 0 {
                    overwrite(&mut survived, offset + at, &octets[at..at + kept]);
                }
                at += sector;
            }
        }
        *self = Self {
            current: survived.clone(),
            synced: survived,
            linked: true,
            ..Self::default()
        };
    }
}

fn overwrite(file: &mut Vec<u8>, offset: usize, octets: &[u8]) {
    let end = offset + octets.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(octets);
}

impl Disk for SimDisk {
    type File = SimFile;

    async fn create(&self, path: &Path) -> io::Result<SimFile> {
        self.take_time().await;
        let mut state = self.operation(|done| done.creates += 1)?;
        if state.files.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.files.insert(path.to_owned(), Contents::default());
        Ok(SimFile {
            disk: self.clone(),
            path: path.to_owned(),
        })
    }

    async fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.take_time().await;
        let mut state = self.operation(|done| done.directory_syncs += 1)?;
        for (_, file) in state
            .files
            .iter_mut()
            .filter(|(file, _)| file.parent() == Some(path))
        {
            file.linked = true;
        }
        Ok(())
    }
}

impl SimFile {
    /// Writes as much as there is room for.
    fn write(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        let broken = self.disk.operation(|done| done.writes += 1).err();
        let mut state = self.disk.lock();
        let used: u64 = state.files.values().map(|file| file.current.len() as u64).sum();
        let capacity = state.capacity_bytes.unwrap_or(u64::MAX);
        let file = state.files.get_mut(&self.path).ok_or(ErrorKind::NotFound)?;
        let growth_max = capacity.saturating_sub(used);
        let end_max = (file.current.len() as u64).saturating_add(growth_max);
        let room = usize::try_from(end_max.saturating_sub(offset)).unwrap_or(usize::MAX);
        let offset = offset as usize;
        match broken {
            Some(error) => {
                file.write(offset, &octets[..octets.len() / 2]);
                Err(error)
            }
            None if room < octets.len() => {
                file.write(offset, &octets[..room]);
                Err(ErrorKind::StorageFull.into())
            }
            None => {
                file.write(offset, octets);
                Ok(())
            }
        }
    }
}

impl DiskFile for SimFile {
    async fn write_all_at(&self, pieces: Vec<Bytes>, offset: u64) -> io::Result<()> {
        self.disk.take_time().await;
        self.write(&pieces.concat(), offset)
    }

    async fn sync(&self) -> io::Result<()> {
        self.disk.take_time().await;
        match self.disk.operation(|done| done.syncs += 1) {
            Ok(mut state) => {
                state.files.get_mut(&self.path).ok_or(ErrorKind::NotFound)?.sync();
                Ok(())
            }
            Err(error) => {
                let mut state = self.disk.lock();
                let file = state.files.get_mut(&self.path).ok_or(ErrorKind::NotFound)?;
                let lost = std::mem::take(&mut file.pending);
                file.doomed.extend(lost);
                Err(error)
            }
        }
    }
}

impl DiskRead for SimDisk {
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Bytes> {
        let state = self.lock();
        let file = &state.files.get(path).ok_or(ErrorKind::NotFound)?.current;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(file.len());
        let end = start.saturating_add(len).min(file.len());
        Ok(Bytes::copy_from_slice(&file[start..end]))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Found>> {
        let state = self.lock();
        let inside = state
            .files
            .iter()
            .filter(|(path, _)| path.parent() == Some(directory));
        Ok(inside
            .map(|(path, file)| Found {
                path: path.clone(),
                bytes: file.current.len() as u64,
            })
            .collect())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.lock()
            .files
            .remove(path)
            .map(|_| ())
            .ok_or(ErrorKind::NotFound.into())
    }
}

/// Lets the other tasks of the thread run once.
#[derive(Default)]
struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

/// SplitMix64: the same seed, the same crash.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
