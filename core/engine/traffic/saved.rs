//! What is kept over a restart, as octets: one line that says what it is and in which version, a checksum (CRC-32C,
//! little-endian) over the rest, then the records, one MessagePack value each. It knows nothing of what they mean, and
//! nothing of files.
//!
//! Losing it costs a client its good name or a second wait, never mail: so what is damaged is ignored as a whole, and
//! said.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The checksum's octets.
const CHECKSUM_OCTETS: usize = 4;

/// Why saved octets are not taken up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Damage {
    /// They do not begin as this version's do.
    #[error("it is of another version, or something else")]
    Foreign,
    /// They are not what was written.
    #[error("its checksum is wrong: it was cut short or changed")]
    Checksum,
    /// A record cannot be read although the checksum is right.
    #[error("a record in it cannot be read: another version wrote it")]
    Record,
}

/// Octets that are being put together.
pub(super) struct Saving {
    octets: Vec<u8>,
    /// Where the checksum belongs.
    checksum: usize,
}

impl Saving {
    /// Nothing yet but the line: `kind` has the version in it.
    pub(super) fn new(kind: &str) -> Self {
        let mut octets = line(kind);
        let checksum = octets.len();
        octets.extend([0; CHECKSUM_OCTETS]);
        Self { octets, checksum }
    }

    /// One more record.
    pub(super) fn push(&mut self, record: &impl Serialize) {
        rmp_serde::encode::write(&mut self.octets, record).expect(
            "a vector takes every octet, and records are structs, sequences of known length and numbers",
        );
    }

    /// All of it, with its checksum.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let records = self.checksum + CHECKSUM_OCTETS;
        let sum = crc32c::crc32c(&self.octets[records..]).to_le_bytes();
        self.octets[self.checksum..records].copy_from_slice(&sum);
        self.octets
    }
}

/// The records of what [`Saving`] put together.
pub(super) fn records<T: DeserializeOwned>(kind: &str, octets: &[u8]) -> Result<Vec<T>, Damage> {
    let rest = octets
        .strip_prefix(line(kind).as_slice())
        .ok_or(Damage::Foreign)?;
    let (sum, mut rest) = rest.split_first_chunk().ok_or(Damage::Checksum)?;
    if crc32c::crc32c(rest) != u32::from_le_bytes(*sum) {
        return Err(Damage::Checksum);
    }
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(rmp_serde::decode::from_read(&mut rest).map_err(|_| Damage::Record)?);
    }
    Ok(records)
}

fn line(kind: &str) -> Vec<u8> {
    format!("postern {kind}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_comes_back_and_nothing_else_does() {
        let saved = |kind: &str, records: &[(u32, String)]| {
            let mut saving = Saving::new(kind);
            for record in records {
                saving.push(record);
            }
            saving.finish()
        };
        let some = vec![(1, "one".to_owned()), (2, String::new())];
        let read = |octets: &[u8]| records::<(u32, String)>("things 1", octets);
        assert_eq!(read(&saved("things 1", &some)), Ok(some.clone()));
        assert_eq!(read(&saved("things 1", &[])), Ok(vec![]));
        assert_eq!(read(&saved("things 2", &some)), Err(Damage::Foreign));
        assert_eq!(read(b""), Err(Damage::Foreign));
        assert_eq!(read(b"postern things 1\n\0\0"), Err(Damage::Checksum));
        let other = records::<u64>("things 1", &saved("things 1", &some));
        assert_eq!(other, Err(Damage::Record));
    }
}
