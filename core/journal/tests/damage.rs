//! Torn, flipped, zeroed: damage is found, said, and costs at most the records it hit.

mod common;

use bytes::Bytes;
use common::*;
use postern_journal::{DamageKind, DiskRead, Entry, SimDisk};
use proptest::prelude::*;
use std::ops::Range;

const BODY: usize = 700;

/// The octets of a record, as far as the next one.
fn extent(entries: &[Entry], index: usize) -> Range<u64> {
    let start = entries[index].position.offset;
    let body = entries[index].body;
    start..(body.offset + body.bytes).next_multiple_of(8)
}

#[test]
fn a_journal_cut_at_any_octet_keeps_every_whole_record_before_the_cut() {
    let whole = read_all(&written(3, 100, 1 << 20)).0;
    let end = extent(&whole, 2).end;
    for length in 0..=end {
        let disk = written(3, 100, 1 << 20);
        disk.damage(&segment_path(1), |octets| octets.truncate(length as usize));
        let (entries, recovered) = read_all(&disk);
        let expected: Vec<_> = (0..3)
            .filter(|index| extent(&whole, *index).end <= length)
            .collect();
        assert_eq!(entries.len(), expected.len(), "cut at {length}");
        assert_eq!(intact(&disk, &entries, 100).len(), expected.len());
        let last_whole = expected.last().map_or(8192, |index| extent(&whole, *index).end);
        assert_eq!(
            recovered.damage.is_empty(),
            length <= last_whole,
            "a torn record is said: cut at {length}"
        );
    }
}

#[test]
fn a_torn_record_is_told_once_and_the_journal_goes_on() {
    let disk = written(2, 100, 1 << 20);
    disk.damage(&segment_path(1), |octets| octets.truncate(octets.len() - 50));
    let kinds = |disk| {
        read_all(disk)
            .1
            .damage
            .iter()
            .map(|one| one.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&disk), [DamageKind::Torn]);
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        let message = body(9, 100);
        let _ = journal
            .commit(accepted(9, &message), message)
            .await
            .expect("a healthy disk");
    });
    assert_eq!(kinds(&disk), [], "the next segment says where this one ends");
    assert_eq!(intact(&disk, &read_all(&disk).0, 100), [1, 9]);
}

#[test]
fn a_zeroed_block_costs_the_records_in_it_and_no_other() {
    let whole = read_all(&written(30, BODY, 16_000)).0;
    let clean = written(30, BODY, 16_000);
    for found in clean.list(directory()).expect("there") {
        for block in 0..found.bytes.div_ceil(4096) {
            let disk = written(30, BODY, 16_000);
            let zeroed = block * 4096..((block + 1) * 4096).min(found.bytes);
            disk.damage(&found.path, |octets| {
                octets[zeroed.start as usize..zeroed.end as usize].fill(0)
            });
            let hit = |index: usize| {
                let extent = extent(&whole, index);
                segment_path(whole[index].position.segment) == found.path
                    && extent.start < zeroed.end
                    && zeroed.start < extent.end
            };
            let expected: Vec<_> = (0..30)
                .filter(|index| !hit(*index))
                .map(|index| index as u64 + 1)
                .collect();
            assert_eq!(
                intact(&disk, &read_all(&disk).0, BODY),
                expected,
                "{found:?} block {block}"
            );
        }
    }
}

#[test]
fn a_message_cannot_carry_a_record_into_the_journal() {
    // A record made elsewhere: with another seal, as a stranger would; with ours, to see that the seal is what counts.
    for (seal_known, expected) in [(false, [1, 3]), (true, [1, 100])] {
        let elsewhere = written(100, BODY, 1 << 20);
        let forged = forged_body(&elsewhere, seal_known);
        let disk = SimDisk::new();
        on_a_shard(async {
            let journal = open(&disk, 1 << 20);
            for (mid, body) in [(1, body(1, 9)), (2, forged), (3, body(3, 9))] {
                let _ = journal
                    .commit(accepted(mid, &body), body)
                    .await
                    .expect("a healthy disk");
            }
        });
        let second = read_all(&disk).0[1].position.offset as usize;
        disk.damage(&segment_path(1), |octets| octets[second] ^= 1);
        let mids: Vec<_> = read_all(&disk).0.iter().map(mid_of).collect();
        assert_eq!(mids, expected);
    }
}

/// A record at each of the eight alignments.
fn forged_body(elsewhere: &SimDisk, seal_known: bool) -> Bytes {
    let entries = read_all(elsewhere).0;
    let extent = extent(&entries, 99);
    let octets = elsewhere.read_at(&segment_path(1), 0, 1 << 20).expect("there");
    let mut record = octets[extent.start as usize..extent.end as usize].to_vec();
    if !seal_known {
        record[24] ^= 1;
        let checksum = crc32c::crc32c(&record[..40]);
        record[40..44].copy_from_slice(&checksum.to_le_bytes());
    }
    let copies = (0..8).flat_map(|shift| record.iter().copied().chain(std::iter::repeat_n(0, shift + 1)));
    copies.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_costs_at_most_the_record_it_is_in(place in 0.0..1.0f64, bit in 0..8u8, newest: bool) {
        let disk = written(30, BODY, 16_000);
        let mut files = disk.list(directory()).expect("there");
        files.sort();
        let found = if newest { files.last() } else { files.first() }.expect("several");
        let at = (place * found.bytes as f64) as usize;
        disk.damage(&found.path, |octets| octets[at] ^= 1 << bit);
        let (entries, recovered) = read_all(&disk);
        let left = intact(&disk, &entries, BODY);
        prop_assert!(left.len() >= 29, "{} left after a flip at {at}", left.len());
        prop_assert!(left.is_sorted());
        let said = !recovered.damage.is_empty() || entries.len() > left.len();
        prop_assert_eq!(said, left.len() < 30);
    }
}
