//! What is written can be read back, and the octets are those that `README.md` documents.

mod common;

use bytes::Bytes;
use common::*;
use postern_journal::{DiskRead, Position, SimDisk, StdFiles, read_body, recover};
use std::fs;

#[test]
fn records_and_bodies_come_back_in_order_across_segments() {
    let disk = written(40, 1_000, 12_000);
    let (entries, recovered) = read_all(&disk);
    assert_eq!(intact(&disk, &entries, 1_000), (1..=40).collect::<Vec<_>>());
    assert!(recovered.damage.is_empty());
    assert!(entries.windows(2).all(|pair| pair[0].position < pair[1].position));
    let last = entries.last().expect("forty").position;
    assert!(last.segment > 1, "the segments rolled");
    assert!(recovered.end > last && recovered.end.sequence == last.sequence);
}

#[test]
fn an_empty_body_and_no_journal_at_all_are_ordinary() {
    let (entries, recovered) = read_all(&SimDisk::new());
    assert_eq!((entries.len(), recovered.end), (0, Position::default()));
    let disk = written(1, 0, 1 << 20);
    assert_eq!(intact(&disk, &read_all(&disk).0, 0), [1]);
}

#[test]
fn each_opening_begins_a_segment_and_goes_on_counting() {
    let disk = written(3, 10, 1 << 20);
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        journal.append(finished(2)).expect("room");
        journal.settled().await.expect("a healthy disk");
    });
    let (entries, _) = read_all(&disk);
    let places: Vec<_> = entries
        .iter()
        .map(|entry| (entry.position.segment, entry.position.sequence))
        .collect();
    assert_eq!(places, [(1, 1), (1, 2), (1, 3), (4, 4)]);
}

/// One message with its end.
fn message_seven() -> SimDisk {
    let disk = SimDisk::new();
    on_a_shard(async {
        let journal = open(&disk, 1 << 20);
        let message = Bytes::from_static(b"Hi\r\n");
        let _ = journal
            .commit(accepted(7, &message), message)
            .await
            .expect("a healthy disk");
        journal.append(finished(7)).expect("room");
        journal.settled().await.expect("a healthy disk");
    });
    disk
}

#[test]
fn the_octets_on_disk_are_the_documented_ones() {
    let octets = message_seven()
        .read_at(&segment_path(1), 0, 1 << 20)
        .expect("written");
    assert_eq!(hex(&octets[..48]), unspaced(SEGMENT_HEADER));
    assert_eq!(octets[..48], octets[4096..4144], "the second copy");
    assert!(
        octets[48..4096]
            .iter()
            .chain(&octets[4144..8192])
            .all(|octet| *octet == 0)
    );
    let last = octets.len() - unspaced(FINISHED).len() / 2;
    assert_eq!(hex(&octets[last..]), unspaced(FINISHED));
}

/// The words of the meta may gain fields; what was written before must read back for ever.
#[test]
fn a_journal_of_the_first_version_can_be_read() {
    let disk = message_seven();
    disk.damage(&segment_path(1), |octets| {
        octets.truncate(8192);
        octets.extend(octets_of(ACCEPTED).chain(octets_of(FINISHED)));
    });
    let (entries, recovered) = read_all(&disk);
    let message = Bytes::from_static(b"Hi\r\n");
    let recorded: Vec<_> = entries.iter().map(|entry| entry.recorded.clone()).collect();
    assert_eq!(recorded, [accepted(7, &message), finished(7)]);
    assert_eq!(
        read_body(&disk, directory(), &entries[0].body).expect("whole"),
        message
    );
    assert!(recovered.damage.is_empty());
}

#[test]
fn plain_files_are_read_like_the_simulated_disk() {
    let (disk, home) = (
        written(5, 100, 1 << 20),
        tempfile::tempdir().expect("a temporary directory"),
    );
    let directory = home.path().join("journal/0");
    assert!(
        recover(StdFiles, &directory)
            .expect("missing is empty")
            .next()
            .is_none()
    );
    StdFiles.make_directory(&directory).expect("made");
    StdFiles.make_directory(&directory).expect("there already");
    let path = directory.join("00000000000000000001.log");
    fs::write(
        &path,
        disk.read_at(&segment_path(1), 0, 1 << 20).expect("written"),
    )
    .expect("copied");
    let entries: Vec<_> = recover(StdFiles, &directory)
        .expect("there")
        .map(|entry| entry.expect("whole"))
        .collect();
    assert_eq!(entries, read_all(&disk).0);
    assert_eq!(
        read_body(&StdFiles, &directory, &entries[4].body).expect("whole"),
        body(5, 100)
    );
    StdFiles.remove(&path).expect("there");
    assert_eq!(StdFiles.list(&directory).expect("there"), []);
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
}

fn octets_of(text: &str) -> impl Iterator<Item = u8> {
    let digits = unspaced(text).into_bytes();
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).expect("hexadecimal")).expect("one digit");
    (0..digits.len() / 2).map(move |at| digit(digits[at * 2]) << 4 | digit(digits[at * 2 + 1]))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

const SEGMENT_HEADER: &str = "5053544e4a524e4c\
     0100 0000 01000000 0100000000000000 0000000000000000 efcdab8967452301 01000000 5f153427";

/// Header, meta, body, padding of the `Accepted` record of message 7.
const ACCEPTED: &str = "50524543 10010000 0400000000000000 0100000000000000 efcdab8967452301 7d5905a8 9bb26a05 fc7779cc \
     82a26174cf0000018bcfe56807a56576656e7481a8416363657074656488a36d696407a66f726967696ea4536d7470a8 \
     656e76656c6f706584a673656e646572a44e756c6caa726563697069656e747391b1616c696365406578616d706c652e \
     636f6da4626f6479a8536576656e426974ae6465636c617265645f6279746573c0a56661637473c0a86465636973696f \
     6e84aa726563697069656e74739183a372696400ab646973706f736974696f6ea764656c69766572a6726561736f6ea0 \
     a5747261696c90a573636f726500a776657264696374a5636c65616eac74726163655f686561646572c4105265636569 \
     7665643a20746573740d0aa46375747391920309aa626f64795f627974657304 \
     48690d0a";

/// Header and meta of its `Finished` record.
const FINISHED: &str = "50524543 23000000 0000000000000000 0200000000000000 efcdab8967452301 4c6631d4 00000000 64f20ae5 \
     82a26174cf0000018bcfe56800a56576656e7481a846696e697368656481a36d696407 \
     00";
