//! Recovery: every record of a journal in order, and what the writer needs to go on.
//!
//! Headers and metas are always verified. Bodies are, where they can be torn: in the newest segment, and in one that
//! ended by a crash or a failed write, as the header of the segment after it says. Everywhere else the flush that
//! preceded the acknowledgement covers them, so recovery skips them (a million queued messages come back without
//! reading their bodies) and [`crate::read_body`] verifies a body when it is used.

use crate::damage::{Damage, DamageKind};
use crate::disk::{DiskRead, Found};
use crate::position::{Entry, Position};
use crate::segments::Segments;
use crate::walk::{Opening, Walk, bounds_by, list_segments, open_segment};
use std::io;
use std::path::{Path, PathBuf};

/// Begins to read the journal in `directory`; a missing or empty directory is an empty journal.
pub fn recover<F: DiskRead + Clone>(files: F, directory: &Path) -> io::Result<Scan<F>> {
    let segments = list_segments(&files, directory)?;
    let recovered = Recovered {
        directory: directory.to_owned(),
        damage: Vec::new(),
        end: Position::default(),
        highest: segments.last().map_or(0, |(segment, _)| *segment),
        segments: Segments::default(),
    };
    Ok(Scan {
        files,
        segments,
        begun: 0,
        walk: None,
        recovered,
    })
}

/// The records of a journal, oldest first.
pub struct Scan<F> {
    files: F,
    segments: Vec<(u64, Found)>,
    begun: usize,
    walk: Option<Walk<F>>,
    recovered: Recovered,
}

/// What recovery came to; the way into [`crate::Journal::open`].
#[derive(Debug)]
#[must_use = "a journal is opened with it"]
pub struct Recovered {
    pub(crate) directory: PathBuf,
    /// What could not be read, in order. To be logged: each is a record that is lost, or was never acknowledged.
    pub damage: Vec<Damage>,
    /// Just behind the last record: how far the index may read before the first new group.
    pub end: Position,
    pub(crate) highest: u64,
    pub(crate) segments: Segments,
}

impl<F: DiskRead + Clone> Scan<F> {
    /// Reads on to the end and hands over what the writer needs.
    pub fn finish(mut self) -> io::Result<Recovered> {
        for entry in &mut self {
            entry?;
        }
        Ok(self.recovered)
    }

    fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some(walk) = &mut self.walk else {
                if !self.begin_next()? {
                    return Ok(None);
                }
                continue;
            };
            match walk.step(&mut self.recovered.damage)? {
                Some(entry) => {
                    self.recovered.end = Position {
                        offset: walk.here(),
                        ..entry.position
                    };
                    self.recovered.segments.note_entry(&entry);
                    return Ok(Some(entry));
                }
                None => {
                    self.recovered.highest = self.recovered.highest.max(walk.highest);
                    self.walk = None;
                }
            }
        }
    }

    /// Opens the next segment, if there is one.
    fn begin_next(&mut self) -> io::Result<bool> {
        let Some((segment, found)) = self.segments.get(self.begun) else {
            return Ok(false);
        };
        self.begun += 1;
        match open_segment(&self.files, *segment, found)? {
            Opening::Whole(header) => {
                let bounds = bounds_by(&self.files, found, &self.segments[self.begun..])?;
                self.walk = Some(Walk::new(self.files.clone(), found, &header, bounds));
                self.recovered.segments.add(*segment);
            }
            Opening::Unborn => self.recovered.segments.add(*segment),
            Opening::Damaged => self.recovered.damage.push(Damage {
                segment: *segment,
                offset: 0,
                bytes: found.bytes,
                kind: DamageKind::SegmentHeader,
            }),
        }
        Ok(true)
    }
}

impl<F: DiskRead + Clone> Iterator for Scan<F> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}
