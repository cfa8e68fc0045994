//! Clients that take their time: a line has its time from its first octet on, a message comes in at a rate, and neither
//! holds more memory than it needs.

use crate::house::{House, settings};
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::limits;
use std::time::Duration;

const TRANSACTION: &[u8] = b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n";

/// Sends `octets` in pieces, one every `pause`, until they are gone or the machine closes.
fn drip(house: &mut House, octets: &[u8], piece: usize, pause: Duration) {
    for piece in octets.chunks(piece) {
        house.now = house.now.plus(pause);
        house.receive(piece, usize::MAX);
        if house.ending.is_some() {
            return;
        }
    }
}

#[test]
fn a_line_has_its_time_from_its_first_octet_on() {
    let mut house = House::opened(settings());
    house.receive(b"NO", 9);
    house.now = house.now.plus(Duration::from_secs(100));
    house.receive(b"OP", 9);
    assert_eq!(
        house.server.deadline(),
        limits::COMMAND_TIMEOUT - Duration::from_secs(100)
    );
    let configured = Duration::from_secs(60);
    assert_eq!(house.server.deadline_within(configured), Duration::ZERO);
    house.receive(b"\r\nN", 9);
    assert_eq!(
        house.server.deadline(),
        limits::COMMAND_TIMEOUT,
        "the next line has begun only now"
    );
    house.receive(b"OOP\r\n", 9);
    assert_eq!(house.server.deadline(), limits::COMMAND_TIMEOUT);
}

#[test]
fn a_line_that_is_thrown_away_has_no_more_time_than_another() {
    let mut house = House::opened(settings());
    house.receive(&[b'x'; 2_000], 500);
    house.now = house.now.plus(Duration::from_secs(200));
    house.receive(b"x", 1);
    assert_eq!(
        house.server.deadline(),
        limits::COMMAND_TIMEOUT - Duration::from_secs(200)
    );
}

#[test]
fn a_slow_line_holds_no_more_than_a_line() {
    let mut house = House::opened(settings());
    for _ in 0..5_000 {
        house.receive(b"x", 1);
    }
    let most = house.capacity_max;
    assert!(
        most <= limits::COMMAND_LINE_OCTETS_MAX + limits::COMMAND_BUFFER_BYTES,
        "{most}"
    );
}

#[test]
fn a_message_that_drips_is_given_up() {
    for command in [&b"DATA\r\n"[..], b"BDAT 30000 LAST\r\n"] {
        let mut house = House::opened(settings());
        house.receive(&[TRANSACTION, command].concat(), usize::MAX);
        house.said();
        drip(&mut house, &[b'x'; 30_000], 400, Duration::from_secs(1));
        assert_eq!(
            (house.said().as_str(), house.ending),
            (
                "421 4.4.2 Input is too slow; closing connection\r\n",
                Some(Ending::TimedOut)
            )
        );
        assert!(house.messages.is_empty());
        let incidents = house.server.take_incidents();
        assert!(
            incidents
                .iter()
                .any(|(kind, detail)| *kind == IncidentKind::TimedOut && detail.starts_with("too slow"))
        );
    }
}

#[test]
fn a_chunk_that_is_not_wanted_may_not_drip_either() {
    let mut house = House::opened(settings());
    house.receive(b"BDAT 9000 LAST\r\n", 100);
    drip(&mut house, &[b'x'; 9_000], 10, Duration::from_secs(10));
    assert_eq!(house.ending, Some(Ending::TimedOut));
}

#[test]
fn small_chunks_do_not_hold_a_message_for_ever() {
    let mut house = House::opened(settings());
    house.receive(TRANSACTION, usize::MAX);
    drip(
        &mut house,
        &b"BDAT 1\r\nx".repeat(20),
        9,
        Duration::from_secs(200),
    );
    assert_eq!(house.ending, Some(Ending::TimedOut));
}

#[test]
fn a_slow_link_and_a_pause_are_borne() {
    let body = [&[b'x'; 998][..], b"\r\n"].concat().repeat(120);
    let whole = [&body[..], b".\r\n"].concat();
    // 500 octets a second, exactly.
    let mut house = House::opened(settings());
    house.receive(&[TRANSACTION, b"DATA\r\n"].concat(), usize::MAX);
    drip(&mut house, &whole, 1_000, Duration::from_secs(2));
    assert_eq!((house.ending, house.messages.len()), (None, 1));
    // Two minutes of silence in the middle, and a quick rest.
    let mut house = House::opened(settings());
    house.receive(&[TRANSACTION, b"DATA\r\n"].concat(), usize::MAX);
    drip(&mut house, &whole[..40_000], 1_000, Duration::from_secs(1));
    house.now = house.now.plus(Duration::from_secs(120));
    drip(&mut house, &whole[40_000..], 1_000, Duration::from_secs(1));
    assert_eq!((house.ending, house.messages.len()), (None, 1));
}
