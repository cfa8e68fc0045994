//! Following a journal that is still being written, on another thread: what the index writer reads. It goes no further
//! than what it is told is durable, and keeps no file open.

use crate::damage::{Damage, DamageKind};
use crate::disk::DiskRead;
use crate::position::{Entry, Position};
use crate::walk::{Bounds, Opening, Walk, bounds_by, list_segments, open_segment};
use std::io;
use std::path::{Path, PathBuf};

/// A reader that remembers where it was.
pub struct Tail<F> {
    files: F,
    directory: PathBuf,
    after: Position,
    /// The newest segment there was at the start: it may end in a torn record.
    newest_at_start: u64,
    /// The lowest segment that is to be read next, while there is no `walk`.
    wanted: u64,
    walk: Option<Walk<F>>,
    damage: Vec<Damage>,
}

impl<F: DiskRead + Clone> Tail<F> {
    /// Begins behind the record at `after` (the last one indexed), or at the very beginning. Segments that have been
    /// removed since are passed over.
    pub fn from(files: F, directory: &Path, after: Option<Position>) -> io::Result<Self> {
        let newest_at_start = list_segments(&files, directory)?
            .last()
            .map_or(0, |(segment, _)| *segment);
        let after = after.unwrap_or_default();
        Ok(Self {
            files,
            directory: directory.to_owned(),
            after,
            newest_at_start,
            wanted: after.segment,
            walk: None,
            damage: Vec::new(),
        })
    }

    /// The next records up to the durable end `up_to`: at most `records_max`, and no more once their octets have
    /// reached `bytes_max`. Empty when there is nothing new.
    pub fn next_batch(
        &mut self,
        up_to: Position,
        records_max: usize,
        bytes_max: usize,
    ) -> io::Result<Vec<Entry>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < records_max && bytes < bytes_max as u64 {
            let Some(walk) = &mut self.walk else {
                if self.begin_next(up_to)? {
                    continue;
                }
                break;
            };
            let before = walk.here();
            match walk.step(&mut self.damage)? {
                Some(entry) => {
                    bytes += walk.here() - before;
                    if entry.position.sequence > self.after.sequence {
                        self.after = entry.position;
                        batch.push(entry);
                    }
                }
                None if self.leave(up_to)? => {}
                None => break,
            }
        }
        Ok(batch)
    }

    /// The last record that was handed out, or where it began.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    /// What could not be read since this was asked last. Recovery says it as well.
    pub fn take_damage(&mut self) -> Vec<Damage> {
        std::mem::take(&mut self.damage)
    }

    /// Opens the next segment that holds durable records. False when there is none yet.
    fn begin_next(&mut self, up_to: Position) -> io::Result<bool> {
        let segments = list_segments(&self.files, &self.directory)?;
        let wanted = segments.iter().find(|(segment, _)| *segment >= self.wanted);
        let Some((segment, found)) = wanted.filter(|(segment, _)| *segment <= up_to.segment) else {
            return Ok(false);
        };
        match open_segment(&self.files, *segment, found)? {
            Opening::Whole(header) => {
                let nothing = Bounds {
                    limit: 0,
                    ceiling: u64::MAX,
                    check_bodies: true,
                };
                let mut walk = Walk::new(self.files.clone(), found, &header, nothing);
                if self.after.segment == *segment {
                    walk.resume(self.after);
                }
                self.walk = Some(walk);
                self.widen(up_to)?;
            }
            Opening::Damaged => {
                let (offset, bytes, kind) = (0, found.bytes, DamageKind::SegmentHeader);
                self.damage.push(Damage {
                    segment: *segment,
                    offset,
                    bytes,
                    kind,
                });
                self.wanted = segment + 1;
            }
            Opening::Unborn => self.wanted = segment + 1,
        }
        Ok(true)
    }

    /// At the end of what could be read: reads more of the same segment if there is more, or leaves it when it is
    /// finished. False when there is nothing more yet.
    fn leave(&mut self, up_to: Position) -> io::Result<bool> {
        if self.widen(up_to)? {
            return Ok(true);
        }
        let finished = self
            .walk
            .as_ref()
            .is_some_and(|walk| walk.segment < up_to.segment);
        if finished {
            self.wanted = self.walk.take().map_or(0, |walk| walk.segment) + 1;
        }
        Ok(finished)
    }

    /// Brings the walk's bounds up to what is durable now. False if that changed nothing.
    fn widen(&mut self, up_to: Position) -> io::Result<bool> {
        let Some(walk) = &mut self.walk else {
            return Ok(false);
        };
        let bounds = if walk.segment == up_to.segment {
            let check_bodies = walk.segment <= self.newest_at_start;
            Bounds {
                limit: up_to.offset,
                ceiling: up_to.sequence,
                check_bodies,
            }
        } else {
            let segments = list_segments(&self.files, &self.directory)?;
            let later = segments.partition_point(|(segment, _)| *segment <= walk.segment);
            match later
                .checked_sub(1)
                .map(|own| &segments[own])
                .filter(|(own, _)| *own == walk.segment)
            {
                Some((_, found)) => bounds_by(&self.files, found, &segments[later..])?,
                None => return Ok(false),
            }
        };
        let changed = bounds != walk.bounds;
        walk.bounds = bounds;
        Ok(changed)
    }
}
