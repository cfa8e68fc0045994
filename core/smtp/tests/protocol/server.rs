//! The rules of the receiving machine that a transcript cannot show: time, limits, memory, and what tracking is told.

use crate::house::{House, settings};
use postern_smtp::{ProtocolRefusal, ServerSettings, Step};
use postern_vocab::events::{Ending, IncidentKind, Speaker, Stage};
use postern_vocab::{Reply, limits, refusals};

/// Up to DATA.
pub const TRANSACTION: &str =
    "HELO client.example\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n";

/// A house that has said 354.
pub fn in_data(settings: ServerSettings) -> House {
    let mut house = House::opened(settings);
    house.receive(TRANSACTION.as_bytes(), usize::MAX);
    assert!(house.said().ends_with("354 End data with <CR><LF>.<CR><LF>\r\n"));
    house
}

fn kinds(house: &mut House) -> Vec<IncidentKind> {
    house
        .server
        .take_incidents()
        .into_iter()
        .map(|(kind, _)| kind)
        .collect()
}

/// The defaults, with a message limit that is soon reached.
pub fn small(message_bytes_max: u64) -> ServerSettings {
    ServerSettings {
        message_bytes_max,
        ..settings()
    }
}

#[test]
fn a_client_that_errs_is_slowed_and_then_closed() {
    let mut house = House::opened(settings());
    for _ in 0..10 {
        house.receive(b"WIZARD\r\n", 100);
    }
    assert_eq!(house.delays, []);
    for _ in 0..10 {
        house.receive(b"WIZARD\r\n", 100);
    }
    assert_eq!(house.delays, [limits::ERROR_DELAY; 10]);
    assert_eq!(house.ending, None);
    house.receive(b"WIZARD\r\n", 100);
    assert!(
        house
            .said()
            .ends_with("421 4.7.0 Too many errors; closing connection\r\n")
    );
    assert_eq!(house.ending, Some(Ending::Closed));
    let kinds = kinds(&mut house);
    assert_eq!(
        (kinds.len(), kinds.last()),
        (22, Some(&IncidentKind::TooManyErrors))
    );
}

#[test]
fn commands_out_of_order_are_no_errors_that_count() {
    let mut house = House::opened(settings());
    house.receive(
        format!("HELO x\r\n{}", "RCPT TO:<bob@example.test>\r\n".repeat(200)).as_bytes(),
        4_000,
    );
    assert_eq!((house.delays.len(), house.ending), (0, None));
}

#[test]
fn a_group_sent_before_the_banner_is_answered_but_not_obeyed() {
    for split in [1, usize::MAX] {
        let mut house = House::new(settings());
        house
            .server
            .early_input(b"EHLO bot.example\r\nMAIL FROM:<a@example.com>\r\nRCPT ");
        house.server.open(Ok(()));
        house.run();
        let said = house.said();
        assert!(
            said.starts_with("220 mx.example.test ESMTP\r\n250-mx.example.test\r\n"),
            "{said}"
        );
        assert!(
            said.ends_with("503 5.5.0 Sent before the banner and not obeyed; wait for replies\r\n"),
            "{said}"
        );
        house.receive(b"TO:<bob@example.test>\r\nMAIL FROM:<a@example.com>\r\n", split);
        let said = house.said();
        assert!(
            said.starts_with("503 5.5.0 "),
            "a line that began too early: {said}"
        );
        assert!(said.ends_with("250 2.1.0 Ok\r\n"), "{said}");
        assert_eq!(kinds(&mut house)[0], IncidentKind::EarlyTalker);
    }
}

#[test]
fn a_greeting_before_the_banner_alone_is_answered() {
    let mut house = House::new(settings());
    house.server.early_input(b"HELO bot.example\r\n");
    house.server.open(Ok(()));
    house.run();
    assert_eq!(
        house.said(),
        "220 mx.example.test ESMTP\r\n250 mx.example.test\r\n"
    );
}

#[test]
fn a_refused_connection_hears_why_in_place_of_the_banner() {
    let mut house = House::new(settings());
    house.server.early_input(b"HELO bot.example\r\n");
    house.server.open(Err(Reply::fixed(554, "5.7.1", "Not from you")));
    house.run();
    assert_eq!(house.said(), "554 5.7.1 Not from you\r\n");
    assert_eq!(house.ending, Some(Ending::Closed));
}

#[test]
fn a_message_over_the_limit_is_thrown_away_in_constant_memory_and_refused_at_its_end() {
    let mut house = in_data(small(100_000));
    house.receive(&b"0123456789abcdef\r\n".repeat(20_000), 65_536);
    assert_eq!(
        (house.said().as_str(), house.ending),
        ("", None),
        "it is read to its end"
    );
    house.receive(b".\r\nNOOP\r\n", 100);
    assert_eq!(
        house.said(),
        "552 5.3.4 Message is larger than EHLO's SIZE allows\r\n"
    );
    assert_eq!(house.ending, Some(Ending::Closed));
    assert!(house.capacity_max < 100_000 + 16 * 1024, "{}", house.capacity_max);
    assert_eq!(kinds(&mut house), [IncidentKind::TooLarge]);
    let refusals = house.server.take_refusals();
    assert_eq!(
        (refusals[0].stage, refusals[0].rule),
        (Stage::Data, "message size")
    );
}

#[test]
fn a_message_without_end_is_cut_off() {
    let mut house = in_data(small(1_000));
    house.receive(&b"0123456789abcdef\r\n".repeat(1_000), 512);
    assert_eq!(
        house.said(),
        "552 5.3.4 Message is larger than EHLO's SIZE allows\r\n"
    );
    assert_eq!(house.ending, Some(Ending::Closed));
    assert!(
        house.server.received_bytes() < 12_000,
        "{}",
        house.server.received_bytes()
    );
}

#[test]
fn the_limit_is_exact_in_every_split_and_does_not_count_stuffing() {
    for split in [1, 2, 3, usize::MAX] {
        let mut house = in_data(small(12));
        house.receive(b"..34567890\r\n.\r\n", split);
        assert_eq!(house.said(), "250 2.0.0 Ok: queued as 1\r\n", "11 octets");
        house.receive(b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n", split);
        house.said();
        house.receive(b"1234567890\r\n.\r\n", split);
        assert_eq!(house.said(), "250 2.0.0 Ok: queued as 2\r\n", "12 octets");
        house.receive(b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n", split);
        house.said();
        house.receive(b"12345678901\r\n.\r\n", split);
        assert!(
            house.said().starts_with("552 5.3.4 "),
            "13 octets in pieces of {split}"
        );
    }
}

#[test]
fn a_body_comes_out_as_it_went_in_with_its_envelope() {
    for split in [1, 5, usize::MAX] {
        let mut house = in_data(settings());
        house.receive(b"Subject: x\r\n\r\n..dot\r\n\xff\x00\r\n.\r\n", split);
        let (envelope, body) = &house.messages[0];
        assert_eq!(&body[..], b"Subject: x\r\n\r\n.dot\r\n\xff\x00\r\n");
        assert_eq!(envelope.sender.to_string(), "alice@example.com");
        assert_eq!(envelope.recipients.len(), 1);
        assert_eq!(house.server.accepted_messages(), 1);
    }
}

#[test]
fn a_declared_size_gets_its_room_at_once_and_a_liar_no_more_than_the_cap() {
    let room = |declared: &str| {
        let mut house = House::opened(settings());
        let mail =
            format!("HELO x\r\nMAIL FROM:<> SIZE={declared}\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
        house.receive(mail.as_bytes(), usize::MAX);
        house.server.take_buffer().capacity()
    };
    assert!((100_000..110_000).contains(&room("100000")));
    assert_eq!(room("50000000"), limits::BODY_BUFFER_DECLARED_BYTES_MAX);
    let mut idle = House::opened(settings());
    assert_eq!(idle.server.take_buffer().capacity(), limits::COMMAND_BUFFER_BYTES);
}

#[test]
fn too_many_recipients_wait_for_another_message_and_the_others_stand() {
    let mut house = House::opened(ServerSettings {
        recipients_max: 2,
        ..settings()
    });
    house.receive(
        b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<c@example.test>\r\nDATA\r\n",
        usize::MAX,
    );
    let said = house.said();
    assert!(said.contains("452 4.5.3 Too many recipients"), "{said}");
    assert!(
        said.ends_with("354 End data with <CR><LF>.<CR><LF>\r\n"),
        "{said}"
    );
    let refusals = house.server.take_refusals();
    assert_eq!(refusals[0].recipient.as_deref(), Some("RCPT TO:<c@example.test>"));
    assert_eq!(refusals[0].accepted_recipients.len(), 2);
    assert_eq!(kinds(&mut house), [IncidentKind::OverLimit]);
}

#[test]
fn too_many_messages_in_one_connection_come_again_in_another() {
    let mut house = in_data(ServerSettings {
        messages_max: 1,
        ..settings()
    });
    house.receive(b"x\r\n.\r\nMAIL FROM:<>\r\n", usize::MAX);
    assert!(
        house
            .said()
            .ends_with("421 4.7.0 Too many messages in one connection; connect again\r\n")
    );
    assert_eq!(house.ending, Some(Ending::Closed));
}

#[test]
fn tracking_is_told_of_refusals_that_no_question_was_asked_about() {
    let mut house = House::opened(small(1_000));
    house.receive(
        b"HELO x\r\nMAIL FROM:<a@example.com> SIZE=2000\r\nMAIL FROM:<@>\r\n",
        usize::MAX,
    );
    house.receive(
        b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b\x01@example.test>\r\n",
        usize::MAX,
    );
    house.receive(
        b"RCPT TO:<bob@example.test>\r\nDATA\r\nx\n.\r\ny\r\n.\r\n",
        usize::MAX,
    );
    let rows = |one: &ProtocolRefusal| (one.stage, one.reply.code, one.rule, one.accepted_recipients.len());
    let refusals: Vec<_> = house.server.take_refusals().iter().map(rows).collect();
    let expected = [
        (Stage::Sender, 552, "message size", 0),
        (Stage::Sender, 501, "sender syntax", 0),
        (Stage::Recipient, 553, "recipient syntax", 0),
        (Stage::Data, 550, "bare line feed", 1),
    ];
    assert_eq!(refusals, expected);
    let incidents = house.server.take_incidents();
    assert_eq!(
        incidents[2],
        (
            IncidentKind::ControlOctet,
            "RCPT TO:<b\\x01@example.test>".to_owned()
        )
    );
    assert_eq!(
        incidents[3],
        (
            IncidentKind::Smuggling,
            "false end of data <LF>.<CR><LF>".to_owned()
        )
    );
}

#[test]
fn silence_ends_the_connection_and_a_body_without_end_is_nothing() {
    let mut house = House::opened(settings());
    assert_eq!(house.server.deadline(), limits::COMMAND_TIMEOUT);
    house.server.timed_out(house.now);
    house.run();
    assert_eq!(
        (house.said().as_str(), house.ending),
        (
            "220 mx.example.test ESMTP\r\n421 4.4.2 No input for too long; closing connection\r\n",
            Some(Ending::TimedOut)
        )
    );

    let mut house = in_data(settings());
    assert_eq!(house.server.deadline(), limits::BODY_TIMEOUT);
    house.receive(b"abc", 9);
    house.hang_up();
    assert_eq!(
        (house.said().as_str(), house.ending, house.messages.len()),
        ("", Some(Ending::Lost), 0)
    );
    let incidents = house.server.take_incidents();
    assert_eq!(
        incidents,
        [(
            IncidentKind::Aborted,
            "connection lost after 3 octets of data".to_owned()
        )]
    );
}

#[test]
fn a_stop_is_told_to_the_client() {
    let mut house = in_data(settings());
    house.server.shut_down(house.now);
    house.run();
    assert_eq!(house.said(), "421 4.3.2 Shutting down; try again later\r\n");
    assert_eq!(house.ending, Some(Ending::Shutdown));
}

#[test]
fn a_stop_or_a_loss_while_a_question_is_out_waits_for_the_answer() {
    let mail = |house: &mut House| {
        let mut buffer = house.server.take_buffer();
        let line = b"MAIL FROM:<>\r\nNOOP\r\n";
        buffer.extend_from_slice(line);
        house.server.give_buffer(buffer, line.len(), house.now);
        assert!(matches!(house.server.next_step(house.now), Step::Ask(_)));
    };
    let mut house = House::opened(settings());
    house.receive(b"HELO x\r\n", 100);
    house.said();
    mail(&mut house);
    house.server.shut_down(house.now);
    house.server.answer(Ok(()));
    house.run();
    assert_eq!(
        house.said(),
        "250 2.1.0 Ok\r\n421 4.3.2 Shutting down; try again later\r\n"
    );
    assert_eq!(house.ending, Some(Ending::Shutdown));

    let mut house = House::opened(settings());
    house.receive(b"HELO x\r\n", 100);
    house.said();
    mail(&mut house);
    house.server.lost(house.now);
    house.server.answer(Ok(()));
    house.run();
    assert_eq!((house.said().as_str(), house.ending), ("", Some(Ending::Lost)));
}

#[test]
fn a_refusal_with_421_closes() {
    let mut house = House::opened(settings());
    house.receive(b"HELO harvester.example\r\nNOOP\r\n", 100);
    assert!(house.said().ends_with("421 4.7.1 Not now\r\n"));
    assert_eq!(house.ending, Some(Ending::Closed));
}

#[test]
fn the_conversation_is_kept_with_its_times_and_within_its_limits() {
    let mut house = House::opened(settings());
    house.now = house.now.plus(std::time::Duration::from_millis(250));
    house.receive(TRANSACTION.as_bytes(), usize::MAX);
    house.receive(b"hello\r\n.\r\n", usize::MAX);
    let (lines, left_out) = house.server.take_conversation();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(&line.octets))
        .collect();
    assert_eq!(shown[0], "220 mx.example.test ESMTP");
    assert_eq!(
        (lines[0].after_ms, lines[1].after_ms, lines[1].speaker),
        (0, 250, Speaker::Client)
    );
    assert_eq!(
        shown[shown.len() - 2..],
        ["[message of 7 octets]", "250 2.0.0 Ok: queued as 1"]
    );
    assert_eq!(left_out, 0);

    let mut house = House::opened(settings());
    house.receive("NOOP\r\n".repeat(500).as_bytes(), 600);
    let (lines, left_out) = house.server.take_conversation();
    assert_eq!((lines.len(), left_out), (limits::CONVERSATION_LINES_MAX, 601));
}

#[test]
fn incidents_are_kept_to_a_limit() {
    let mut house = House::opened(settings());
    house.receive(b"HELO x\r\nMAIL FROM:<>\r\n", 100);
    for _ in 0..100 {
        house.receive(b"RCPT TO:<bob@example.test> SIZE=1\r\n", 100);
    }
    assert!(kinds(&mut house).len() <= limits::INCIDENTS_PER_CONNECTION_MAX);
}

#[test]
fn a_driver_may_refuse_and_close() {
    let mut house = House::opened(settings());
    let mut buffer = house.server.take_buffer();
    buffer.extend_from_slice(b"HELO x\r\n");
    house.server.give_buffer(buffer, 8, house.now);
    assert!(matches!(house.server.next_step(house.now), Step::Ask(_)));
    house
        .server
        .answer_and_close(&refusals::TOO_MANY_INVALID_RECIPIENTS.reply);
    house.run();
    assert!(
        house
            .said()
            .ends_with("550 5.7.1 Too many invalid recipients\r\n")
    );
    assert_eq!(house.ending, Some(Ending::Closed));
}
