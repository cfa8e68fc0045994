//! What comes out of the receiving machine: chunked messages, normalised ones, and what is carried on in the envelope.

use crate::house::{House, settings};
use crate::server::in_data;
use postern_smtp::{BareLineEnds, ServerSettings};
use postern_vocab::events::{Ending, IncidentKind};
use postern_vocab::{DsnReturn, Notify, RecipientDsn, Rid};

/// MAIL and RCPT, the chunks, the message, and why.
type Row<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a str);

#[test]
fn a_chunked_message_comes_out_as_it_went_in() {
    let binary = b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<bob@example.test>\r\n";
    let text = b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n";
    let rows: [Row<'_>; 5] = [
        (
            text,
            b"BDAT 6\r\na\r\n.\r\nBDAT 5 LAST\r\n..b\r\nNOOP\r\n",
            b"a\r\n.\r\n..b\r\n",
            "dots are text",
        ),
        (
            text,
            b"BDAT 1 LAST\r\na",
            b"a\r\n",
            "a text gets its last line end",
        ),
        (text, b"BDAT 0 LAST\r\n", b"", "nothing stays nothing"),
        (
            binary,
            b"BDAT 7 LAST\r\n\n.\r\0\xff\r\n",
            b"\n.\r\0\xff\r\n",
            "binary is taken as it is",
        ),
        (binary, b"BDAT 1 LAST\r\na", b"a", "and gets no line end"),
    ];
    for (mail, chunks, expected, reason) in rows {
        for split in [1, 3, usize::MAX] {
            let mut house = House::opened(settings());
            house.receive(&[b"HELO x\r\n", mail, chunks].concat(), split);
            assert_eq!(&house.messages[0].1[..], expected, "{reason}");
        }
    }
}

#[test]
fn what_is_normalised_is_whole_and_said() {
    let mut house = in_data(ServerSettings {
        bare_line_ends: BareLineEnds::Normalise,
        ..settings()
    });
    house.receive(b"a\nb\rc\r\n..d\n.\r\n.e\r\r\n.\r\n", 3);
    assert_eq!(&house.messages[0].1[..], b"a\r\nb\r\nc\r\n.d\r\n.\r\ne\r\n\r\n");
    let detail = "normalised: false end of data <LF>.<CR><LF>".to_owned();
    assert_eq!(house.server.take_incidents(), [(IncidentKind::Smuggling, detail)]);
}

#[test]
fn the_envelope_carries_what_the_sender_wants_to_hear() {
    let mut house = House::opened(settings());
    house.receive(
        b"HELO x\r\nMAIL FROM:<> SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\nRCPT TO:<bob@example.test>\r\n\
          RCPT TO:<carol@example.test> NOTIFY=DELAY ORCPT=rfc822;c@example.test\r\nBDAT 0 LAST\r\n",
        usize::MAX,
    );
    let envelope = &house.messages[0].0;
    assert!(envelope.smtputf8);
    assert_eq!(envelope.dsn.returned, Some(DsnReturn::Headers));
    assert_eq!(envelope.dsn.envelope_id.as_deref(), Some("a+2Bb"));
    let asked: Vec<_> = envelope.dsn.recipients.iter().collect();
    let notify = Notify {
        delay: true,
        ..Notify::default()
    };
    let expected = RecipientDsn {
        notify: Some(notify),
        original: Some("rfc822;c@example.test".to_owned()),
    };
    assert_eq!(asked, [(&Rid(1), &expected)]);
}

#[test]
fn a_chunked_message_that_is_cut_off_is_nothing_and_is_told() {
    let between = b"BDAT 5\r\nHello";
    let within = b"BDAT 50\r\nHello";
    for cut in [&between[..], within] {
        let mut house = House::opened(settings());
        house.receive(
            b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n",
            usize::MAX,
        );
        house.receive(cut, usize::MAX);
        house.hang_up();
        assert_eq!((house.ending, house.messages.len()), (Some(Ending::Lost), 0));
        let detail = "connection lost after 5 octets of data".to_owned();
        assert_eq!(house.server.take_incidents(), [(IncidentKind::Aborted, detail)]);
    }
}

#[test]
fn a_message_that_waits_for_its_next_chunk_is_counted() {
    let mut house = House::opened(settings());
    house.receive(
        b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n",
        usize::MAX,
    );
    assert_eq!(house.server.held_bytes(), 0);
    house.receive(b"BDAT 100000\r\n", 99);
    house.receive(&[b'x'; 100_000], usize::MAX);
    assert!(house.server.held_bytes() >= 100_000);
    house.receive(b"RSET\r\n", 99);
    assert_eq!(house.server.held_bytes(), 0);
}
