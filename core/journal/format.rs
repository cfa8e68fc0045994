//! The octets of a segment, all numbers little-endian; the tables are in `README.md`. Pure: octets in, values out.
//!
//! Every record header repeats its segment's seal, a random number that nobody outside can know. Reading goes on behind
//! a damaged record by searching for the next header, and without the seal a message could carry a forged record in
//! its body and wait for a damaged block to have it believed.

use bytes::Bytes;
use postern_vocab::NodeId;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The version in the segment header. A segment with a later one is not read, and nothing starts.
pub const FORMAT_VERSION: u16 = 1;

/// What the two copies of the segment header take: a block each, so that one bad block never takes both.
pub(crate) const HEADER_AREA: u64 = 8_192;
/// Where the second copy is.
pub(crate) const HEADER_COPY_AT: usize = 4_096;
pub(crate) const SEGMENT_HEADER: usize = 48;
pub(crate) const RECORD_HEADER: usize = 44;
/// Records begin at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;

const SEGMENT_MAGIC: &[u8; 8] = b"PSTNJRNL";
pub(crate) const RECORD_MAGIC: &[u8; 4] = b"PREC";
static ZEROS: [u8; 8] = [0; 8];

/// What a segment says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHeader {
    pub shard: u16,
    pub node: NodeId,
    /// The sequence of the first record, and the file's name.
    pub first: u64,
    /// The last record that counts before this segment: a later one in an older segment was never acknowledged.
    pub follows: u64,
    /// See the file's preface.
    pub seal: u64,
    /// Whether the segment before may end in a torn record, because it ended by a crash or a failed write.
    pub after_tear: bool,
}

/// What the header area of a segment came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderRead {
    Whole(SegmentHeader),
    Damaged,
    /// Whole, but of a version this program does not know.
    Later(u16),
}

impl SegmentHeader {
    fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(SEGMENT_MAGIC);
        out[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[10..12].copy_from_slice(&self.shard.to_le_bytes());
        out[12..16].copy_from_slice(&self.node.0.to_le_bytes());
        out[16..24].copy_from_slice(&self.first.to_le_bytes());
        out[24..32].copy_from_slice(&self.follows.to_le_bytes());
        out[32..40].copy_from_slice(&self.seal.to_le_bytes());
        out[40..44].copy_from_slice(&u32::from(self.after_tear).to_le_bytes());
        let checksum = crc32c::crc32c(&out[..44]);
        out[44..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Both copies and the zeros between, as they are written.
    pub(crate) fn area(&self) -> Bytes {
        let mut area = vec![0; HEADER_AREA as usize];
        let header = self.encode();
        area[..SEGMENT_HEADER].copy_from_slice(&header);
        area[HEADER_COPY_AT..HEADER_COPY_AT + SEGMENT_HEADER].copy_from_slice(&header);
        area.into()
    }

    /// The first copy that is whole.
    pub(crate) fn parse_area(area: &[u8]) -> HeaderRead {
        let copies = [
            area.get(..SEGMENT_HEADER),
            area.get(HEADER_COPY_AT..HEADER_COPY_AT + SEGMENT_HEADER),
        ];
        let mut read = copies.into_iter().flatten().map(Self::parse);
        read.find(|one| *one != HeaderRead::Damaged)
            .unwrap_or(HeaderRead::Damaged)
    }

    fn parse(octets: &[u8]) -> HeaderRead {
        if &octets[..8] != SEGMENT_MAGIC || u32_at(octets, 44) != crc32c::crc32c(&octets[..44]) {
            return HeaderRead::Damaged;
        }
        let version = u16_at(octets, 8);
        if version != FORMAT_VERSION {
            return HeaderRead::Later(version);
        }
        HeaderRead::Whole(Self {
            shard: u16_at(octets, 10),
            node: NodeId(u32_at(octets, 12)),
            first: u64_at(octets, 16),
            follows: u64_at(octets, 24),
            seal: u64_at(octets, 32),
            after_tear: u32_at(octets, 40) != 0,
        })
    }
}

/// What stands in front of every record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RecordHeader {
    pub meta_bytes: u32,
    pub body_bytes: u64,
    pub sequence: u64,
    pub seal: u64,
    pub meta_checksum: u32,
    pub body_checksum: u32,
}

impl RecordHeader {
    pub(crate) fn encode(&self) -> [u8; RECORD_HEADER] {
        let mut out = [0; RECORD_HEADER];
        out[..4].copy_from_slice(RECORD_MAGIC);
        out[4..8].copy_from_slice(&self.meta_bytes.to_le_bytes());
        out[8..16].copy_from_slice(&self.body_bytes.to_le_bytes());
        out[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        out[24..32].copy_from_slice(&self.seal.to_le_bytes());
        out[32..36].copy_from_slice(&self.meta_checksum.to_le_bytes());
        out[36..40].copy_from_slice(&self.body_checksum.to_le_bytes());
        let checksum = crc32c::crc32c(&out[..40]);
        out[40..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// The header at the start of `octets`, if it is whole and of the segment with this seal.
    pub(crate) fn parse(octets: &[u8], seal: u64) -> Option<Self> {
        let octets = octets.get(..RECORD_HEADER)?;
        let whole = &octets[..4] == RECORD_MAGIC
            && u64_at(octets, 24) == seal
            && u32_at(octets, 40) == crc32c::crc32c(&octets[..40]);
        whole.then(|| Self {
            meta_bytes: u32_at(octets, 4),
            body_bytes: u64_at(octets, 8),
            sequence: u64_at(octets, 16),
            seal,
            meta_checksum: u32_at(octets, 32),
            body_checksum: u32_at(octets, 36),
        })
    }

    /// From the start of the record to the start of its body.
    pub(crate) fn body_at(&self) -> u64 {
        RECORD_HEADER as u64 + u64::from(self.meta_bytes)
    }

    /// From the start of the record to the start of the next; `None` for a length that no file has.
    pub(crate) fn record_bytes(&self) -> Option<u64> {
        self.body_at()
            .checked_add(self.body_bytes)?
            .checked_next_multiple_of(ALIGNMENT)
    }
}

/// The zeros that bring `bytes` octets to the alignment.
pub(crate) fn padding(bytes: u64) -> Bytes {
    let missing: Range<usize> = 0..(bytes.next_multiple_of(ALIGNMENT) - bytes) as usize;
    Bytes::from_static(&ZEROS[missing])
}

/// The file of a segment.
pub(crate) fn segment_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.log"))
}

/// The segment of a file, if its name is one's.
pub(crate) fn segment_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".log")?;
    let proper = digits.len() == 20 && digits.bytes().all(|c| c.is_ascii_digit());
    if proper { digits.parse().ok() } else { None }
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([octets[at], octets[at + 1]])
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from(u16_at(octets, at)) | u32::from(u16_at(octets, at + 2)) << 16
}

fn u64_at(octets: &[u8], at: usize) -> u64 {
    u64::from(u32_at(octets, at)) | u64::from(u32_at(octets, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        let seal = 0x1122_3344_5566_7788;
        SegmentHeader {
            shard: 3,
            node: NodeId(2),
            first: 1000,
            follows: 997,
            seal,
            after_tear: true,
        }
    }

    #[test]
    fn one_bad_block_never_takes_both_copies_of_a_segment_header() {
        for block in 0..2 {
            let mut area = header().area().to_vec();
            area[block * 4096..(block + 1) * 4096].fill(0);
            assert_eq!(SegmentHeader::parse_area(&area), HeaderRead::Whole(header()));
        }
        assert_eq!(SegmentHeader::parse_area(&[0; 8192]), HeaderRead::Damaged);
        assert_eq!(SegmentHeader::parse_area(&[]), HeaderRead::Damaged);
    }

    #[test]
    fn a_later_version_is_told_apart_from_damage() {
        let mut area = header().area().to_vec();
        area[8] = 2;
        let checksum = crc32c::crc32c(&area[..44]);
        area[44..48].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(SegmentHeader::parse_area(&area), HeaderRead::Later(2));
    }

    #[test]
    fn names_and_segments_agree() {
        let path = segment_path(Path::new("journal/0"), 42);
        assert_eq!(path, Path::new("journal/0/00000000000000000042.log"));
        assert_eq!(segment_of(&path), Some(42));
        for other in [
            "42.log",
            "0000000000000000004x.log",
            "00000000000000000042.tmp",
            "99999999999999999999.log",
        ] {
            assert_eq!(segment_of(Path::new(other)), None, "{other}");
        }
    }
}
