//! From record to record through one segment, round what is damaged.

use crate::damage::{Damage, DamageKind};
use crate::disk::{DiskRead, Found};
use crate::format::{
    ALIGNMENT, HEADER_AREA, HeaderRead, RECORD_HEADER, RECORD_MAGIC, RecordHeader, SegmentHeader, segment_of,
};
use crate::position::{BodyAt, Entry, Position};
use crate::window::Window;
use postern_vocab::limits::{JOURNAL_READ_BYTES, RECORD_META_BYTES_MAX};
use std::io;

/// How far a segment may be read, and how closely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    /// No octet at or behind this.
    pub limit: u64,
    /// No record with a higher sequence.
    pub ceiling: u64,
    /// Whether bodies may be torn and are compared with their checksums.
    pub check_bodies: bool,
}

/// A place in one segment.
pub(crate) struct Walk<F> {
    pub segment: u64,
    pub bounds: Bounds,
    seal: u64,
    offset: u64,
    /// The highest sequence seen so far, damaged records with a whole header included.
    pub highest: u64,
    window: Window<F>,
}

/// The segment's own description.
pub(crate) enum Opening {
    Whole(SegmentHeader),
    /// Shorter than its header: made, but never acknowledged.
    Unborn,
    Damaged,
}

/// The segments of a directory with their names, oldest first.
pub(crate) fn list_segments(
    files: &impl DiskRead,
    directory: &std::path::Path,
) -> io::Result<Vec<(u64, Found)>> {
    let found = files.list(directory)?;
    let mut segments: Vec<_> = found
        .into_iter()
        .filter_map(|one| Some((segment_of(&one.path)?, one)))
        .collect();
    segments.sort();
    Ok(segments)
}

/// Reads a segment's header.
pub(crate) fn open_segment(files: &impl DiskRead, segment: u64, found: &Found) -> io::Result<Opening> {
    let area = files.read_at(&found.path, 0, HEADER_AREA as usize)?;
    match SegmentHeader::parse_area(&area) {
        HeaderRead::Whole(header) if header.first == segment => Ok(Opening::Whole(header)),
        HeaderRead::Later(version) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "journal segment {} has format {version}, made by a later version of Postern: run that version",
                found.path.display()
            ),
        )),
        _ if found.bytes <= HEADER_AREA => Ok(Opening::Unborn),
        _ => Ok(Opening::Damaged),
    }
}

/// How far a segment counts, as the next one with a whole header says; to its end if there is none.
pub(crate) fn bounds_by(files: &impl DiskRead, found: &Found, later: &[(u64, Found)]) -> io::Result<Bounds> {
    for (segment, next) in later {
        if let Opening::Whole(header) = open_segment(files, *segment, next)? {
            let (ceiling, check_bodies) = (header.follows, header.after_tear);
            return Ok(Bounds {
                limit: found.bytes,
                ceiling,
                check_bodies,
            });
        }
    }
    Ok(Bounds {
        limit: found.bytes,
        ceiling: u64::MAX,
        check_bodies: true,
    })
}

impl<F: DiskRead> Walk<F> {
    pub(crate) fn new(files: F, found: &Found, header: &SegmentHeader, bounds: Bounds) -> Self {
        let window = Window::new(files, found.path.clone());
        let highest = header.first.saturating_sub(1);
        Self {
            segment: header.first,
            bounds,
            seal: header.seal,
            offset: HEADER_AREA,
            highest,
            window,
        }
    }

    /// Goes on from a position of this segment. The record that starts there, if one does, is read again.
    pub(crate) fn resume(&mut self, at: Position) {
        self.offset = at.offset.next_multiple_of(ALIGNMENT).max(HEADER_AREA);
        self.highest = self.highest.max(at.sequence.saturating_sub(1));
    }

    /// The next whole record.
    pub(crate) fn step(&mut self, damage: &mut Vec<Damage>) -> io::Result<Option<Entry>> {
        while self.highest < self.bounds.ceiling && self.offset < self.bounds.limit {
            let octets = self.window.at(self.offset, RECORD_HEADER, self.bounds.limit)?;
            let Some(header) = self.acceptable(&octets) else {
                self.search(damage)?;
                continue;
            };
            if header.sequence > self.bounds.ceiling {
                break;
            }
            let (start, end) = (self.offset, self.end(&header));
            self.highest = header.sequence;
            self.offset = end.min(self.bounds.limit);
            let kind = if end > self.bounds.limit {
                DamageKind::Torn
            } else {
                match self.read(start, &header)? {
                    Ok(entry) => return Ok(Some(entry)),
                    Err(kind) => kind,
                }
            };
            damage.push(Damage {
                segment: self.segment,
                offset: start,
                bytes: self.offset - start,
                kind,
            });
        }
        Ok(None)
    }

    /// A header that can follow what was read so far.
    fn acceptable(&self, octets: &[u8]) -> Option<RecordHeader> {
        RecordHeader::parse(octets, self.seal)
            .filter(|header| header.sequence > self.highest)
            .filter(|header| header.meta_bytes as usize <= RECORD_META_BYTES_MAX)
    }

    fn end(&self, header: &RecordHeader) -> u64 {
        header
            .record_bytes()
            .and_then(|bytes| self.offset.checked_add(bytes))
            .unwrap_or(u64::MAX)
    }

    fn read(&mut self, start: u64, header: &RecordHeader) -> io::Result<Result<Entry, DamageKind>> {
        let limit = self.bounds.limit;
        let meta = self
            .window
            .at(start + RECORD_HEADER as u64, header.meta_bytes as usize, limit)?;
        if meta.len() != header.meta_bytes as usize || crc32c::crc32c(&meta) != header.meta_checksum {
            return Ok(Err(DamageKind::Meta));
        }
        let body = BodyAt {
            segment: self.segment,
            offset: start + header.body_at(),
            bytes: header.body_bytes,
            checksum: header.body_checksum,
        };
        let compared = self.bounds.check_bodies && body.bytes > 0;
        if compared && self.window.checksum(body.offset, body.bytes, limit)? != Some(body.checksum) {
            return Ok(Err(DamageKind::Body));
        }
        let position = Position {
            segment: self.segment,
            offset: start,
            sequence: header.sequence,
        };
        let entry = rmp_serde::from_slice(&meta).map(|recorded| Entry {
            position,
            recorded,
            body,
        });
        Ok(entry.map_err(|_| DamageKind::Undecodable))
    }

    /// Moves to the next whole record header, or to the limit.
    fn search(&mut self, damage: &mut Vec<Damage>) -> io::Result<()> {
        let start = self.offset;
        self.offset = start + ALIGNMENT;
        while self.offset < self.bounds.limit {
            let octets = self
                .window
                .at(self.offset, JOURNAL_READ_BYTES, self.bounds.limit)?;
            if octets.is_empty() {
                self.offset = self.bounds.limit;
                break;
            }
            let candidates = octets.chunks(ALIGNMENT as usize);
            match candidates
                .clone()
                .position(|chunk| chunk.starts_with(RECORD_MAGIC))
            {
                None => self.offset += (candidates.len() as u64) * ALIGNMENT,
                Some(index) => {
                    self.offset += index as u64 * ALIGNMENT;
                    let header = self.window.at(self.offset, RECORD_HEADER, self.bounds.limit)?;
                    if self.acceptable(&header).is_some() {
                        break;
                    }
                    self.offset += ALIGNMENT;
                }
            }
        }
        self.offset = self.offset.min(self.bounds.limit);
        let bytes = self.offset - start;
        damage.push(Damage {
            segment: self.segment,
            offset: start,
            bytes,
            kind: DamageKind::RecordHeader,
        });
        Ok(())
    }

    /// The place just behind what was read.
    pub(crate) fn here(&self) -> u64 {
        self.offset
    }
}
