//! The sending machine against scripted hops, as transcripts: `C:` is what it must say, `S:` what the hop says.

use crate::house::{House, settings};
use crate::transcript::{Turn, parse};
use bytes::Bytes;
use postern_smtp::{Client, ClientStep, Outgoing, Sent, body_kind};
use postern_vocab::{BodyKind, Rid, limits};
use proptest::prelude::*;

/// To these recipients, as it would be called by its octets.
pub fn message(recipients: &[&str], body: &[u8]) -> Outgoing {
    let address = |(rid, text): (u16, &&str)| (Rid(rid), text.parse().expect("an address"));
    Outgoing {
        sender: postern_vocab::ReversePath::Mailbox("alice@example.com".parse().expect("an address")),
        recipients: (0..).zip(recipients).map(address).collect(),
        body: body_kind(BodyKind::SevenBit, &[Bytes::copy_from_slice(body)]),
        pieces: vec![Bytes::copy_from_slice(body)],
        bytes: u64::try_from(body.len()).expect("small"),
        ..Outgoing::default()
    }
}

/// Plays the hop's part of a transcript, and returns what came of the messages, as `RID reply`.
pub fn play(messages: Vec<Outgoing>, text: &str) -> Vec<String> {
    let (mut client, mut messages, mut sent) =
        (Client::new("mx.example.test"), messages.into_iter(), Vec::new());
    let mut said: Vec<u8> = Vec::new();
    for turn in parse(text) {
        run(&mut client, &mut messages, &mut said, &mut sent);
        match turn {
            Turn::ClientSends(expected) => {
                assert!(
                    said.len() >= expected.len(),
                    "said only: {}",
                    String::from_utf8_lossy(&said)
                );
                let rest = said.split_off(expected.len());
                assert_eq!(String::from_utf8_lossy(&said), String::from_utf8_lossy(&expected));
                said = rest;
            }
            Turn::ServerSays(line) => client.received(format!("{line}\r\n").as_bytes()),
            Turn::ServerCloses => client.closed(),
            Turn::ClientCloses => assert!(said.is_empty() && client.next_step() == ClientStep::Done),
        }
    }
    run(&mut client, &mut messages, &mut said, &mut sent);
    assert!(said.is_empty(), "said more: {}", String::from_utf8_lossy(&said));
    let row = |one: &Sent| {
        one.outcomes
            .iter()
            .map(|(rid, reply)| format!("{rid} {reply}"))
            .collect::<Vec<_>>()
    };
    sent.iter().flat_map(row).collect()
}

fn run(
    client: &mut Client,
    messages: &mut impl Iterator<Item = Outgoing>,
    said: &mut Vec<u8>,
    sent: &mut Vec<Sent>,
) {
    loop {
        match client.next_step() {
            ClientStep::Send(slices) => slices.iter().for_each(|slice| said.extend_from_slice(slice)),
            ClientStep::Sent(one) => sent.push(one),
            ClientStep::Ready => match messages.next() {
                Some(next) => client.begin(next),
                None => client.quit(),
            },
            ClientStep::Read => return,
            ClientStep::Done => match messages.next() {
                Some(next) => client.begin(next),
                None => return,
            },
        }
    }
}

const GREETING: &str = "S: 220 hop.example ESMTP\nC: EHLO mx.example.test\nS: 250-hop.example\nS: 250-PIPELINING\n\
    S: 250-SIZE 1000\nS: 250 8BITMIME\n";

#[test]
fn pipelines_and_carries_each_recipients_own_reply() {
    let text = format!(
        "{GREETING}
C: MAIL FROM:<alice@example.com> SIZE=13
C: RCPT TO:<a@example.test>
C: RCPT TO:<b@example.test>
C: RCPT TO:<c@example.test>
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 550-5.1.1 No such user
S: 550 5.1.1 here
S: 450 4.2.1 Busy
C: DATA
S: 354 go
C: .dot
C: .
C: end
C: .
S: 250 2.0.0 stored
C: QUIT
S: 221 bye
C."
    )
    .replace("C: .dot\nC: .\n", "C: ..dot\nC: ..\n");
    let three = message(
        &["a@example.test", "b@example.test", "c@example.test"],
        b".dot\r\n.\r\nend\r\n",
    );
    let three = Outgoing { bytes: 13, ..three };
    let expected = [
        "0 250 2.0.0 stored",
        "1 550 5.1.1 No such user here",
        "2 450 4.2.1 Busy",
    ];
    assert_eq!(play(vec![three], &text), expected);
}

#[test]
fn falls_back_to_helo_and_goes_step_by_step() {
    let text = "
S: 220 old
C: EHLO mx.example.test
S: 502 what
C: HELO mx.example.test
S: 250 old
C: MAIL FROM:<alice@example.com>
S: 250 ok
C: RCPT TO:<a@example.test>
S: 250 ok
C: RCPT TO:<b@example.test>
S: 251 will forward
C: DATA
S: 354 go
C: x
C: .
S: 250 thanks
C: QUIT
S: 221 bye
C.";
    let expected = ["0 250 thanks", "1 250 thanks"];
    assert_eq!(
        play(
            vec![message(&["a@example.test", "b@example.test"], b"x\r\n")],
            text
        ),
        expected
    );
}

#[test]
fn resets_after_a_refusal_and_sends_no_data_for_nobody() {
    let text = format!(
        "{GREETING}
C: MAIL FROM:<alice@example.com> SIZE=3
C: RCPT TO:<a@example.test>
S: 250 ok
S: 552 5.2.2 too many
C: RSET
C: MAIL FROM:<alice@example.com> SIZE=3
C: RCPT TO:<b@example.test>
S: 250 ok
S: 553 5.1.8 bad sender
S: 503 5.5.1 need MAIL
C: RSET
C: MAIL FROM:<alice@example.com> SIZE=3
C: RCPT TO:<c@example.test>
S: 250 ok
S: 250 ok
S: 250 ok
C: DATA
S: 451 4.3.0 later
C: QUIT
S: 221 bye
C."
    );
    let messages = ["a@example.test", "b@example.test", "c@example.test"].map(|to| message(&[to], b"x\r\n"));
    let expected = [
        "0 452 4.5.3 too many",
        "0 553 5.1.8 bad sender",
        "0 451 4.3.0 later",
    ];
    assert_eq!(play(messages.to_vec(), &text), expected);
}

#[test]
fn what_the_hop_cannot_take_is_not_sent() {
    let text = "
S: 220 hop.example
C: EHLO mx.example.test
S: 250-hop.example
S: 250 SIZE 5
C: QUIT
S: 221 bye
C.";
    let messages = vec![
        message(&["a@example.test"], b"123456\r\n"),
        message(&["a@example.test"], b"\xff\r\n"),
    ];
    let expected = [
        "0 552 5.3.4 message of 8 octets, next hop takes 5",
        "0 554 5.6.3 message has 8-bit content, next hop does not offer 8BITMIME",
    ];
    assert_eq!(play(messages, text), expected);
    let text = format!(
        "{GREETING}
C* MAIL FROM:<alice@example.com> SIZE=3 BODY=8BITMIME\\r\\n
C: RCPT TO:<a@example.test>
S: 250 ok
S: 250 ok
C: DATA
S: 354 go
C* \\xff\\r\\n.\\r\\n
S: 250 ok
C: QUIT
S.
C."
    );
    assert_eq!(
        play(vec![message(&["a@example.test"], b"\xff\r\n")], &text),
        ["0 250 ok"]
    );
}

#[test]
fn a_hop_that_fails_is_temporary_whatever_it_says_about_itself() {
    let rows = [
        (
            "S: 554 5.7.1 go away",
            "0 451 4.3.0 next hop does not take connections: 554 5.7.1 go away",
        ),
        ("S: 421 4.3.2 busy", "0 421 4.3.2 busy"),
        (
            "S: HTTP/1.1 400 Bad Request",
            "0 451 4.5.0 next hop's reply makes no sense",
        ),
        ("S: 354 go", "0 451 4.5.0 next hop's reply makes no sense: 354 go"),
        ("S.", "0 451 4.4.2 next hop closed the connection"),
    ];
    for (text, expected) in rows {
        let mut client = Client::new("mx.example.test");
        client.begin(message(&["a@example.test"], b"x\r\n"));
        let mut sent = Vec::new();
        for turn in parse(text) {
            match turn {
                Turn::ServerSays(line) => client.received(format!("{line}\r\n").as_bytes()),
                _ => client.closed(),
            }
        }
        run(&mut client, &mut std::iter::empty(), &mut Vec::new(), &mut sent);
        let (rid, reply) = &sent[0].outcomes[0];
        assert_eq!(format!("{rid} {reply}"), expected, "{text}");
        assert_eq!(client.next_step(), ClientStep::Done);
    }
}

#[test]
fn a_connection_lost_after_the_data_leaves_everyone_waiting() {
    let text = format!(
        "{GREETING}
C: MAIL FROM:<alice@example.com> SIZE=3
C: RCPT TO:<a@example.test>
C: RCPT TO:<b@example.test>
S: 250 ok
S: 250 ok
S: 550 5.1.1 no
C: DATA
S: 354 go
C: x
C: .
S.
C."
    );
    let expected = [
        "0 451 4.4.2 connection lost before next hop's reply to the data",
        "1 550 5.1.1 no",
    ];
    assert_eq!(
        play(
            vec![message(&["a@example.test", "b@example.test"], b"x\r\n")],
            &text
        ),
        expected
    );
}

#[test]
fn a_message_begun_on_a_connection_that_has_ended_is_never_called_delivered() {
    let text = format!("{GREETING}\nC: QUIT\nS: 221 bye\nC.");
    let mut client = Client::new("mx.example.test");
    let mut nothing = (Vec::new(), Vec::new());
    for turn in parse(&text) {
        run(
            &mut client,
            &mut std::iter::empty(),
            &mut nothing.0,
            &mut nothing.1,
        );
        if let Turn::ServerSays(line) = turn {
            client.received(format!("{line}\r\n").as_bytes());
        }
    }
    assert_eq!(client.next_step(), ClientStep::Done);
    client.begin(message(&["a@example.test"], b"x\r\n"));
    let ClientStep::Sent(sent) = client.next_step() else {
        panic!("it comes back at once")
    };
    assert!(sent.outcomes[0].1.is_temporary());
}

#[test]
fn the_final_reply_may_take_longer_than_others() {
    let mut client = Client::new("mx.example.test");
    assert_eq!(client.deadline(), limits::DELIVERY_REPLY_TIMEOUT);
    client.timed_out();
    assert_eq!(client.next_step(), ClientStep::Done);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// The two machines talk to each other: octets out are octets in, however body and stream are cut.
    #[test]
    fn what_one_machine_sends_the_other_receives(
        lines in proptest::collection::vec("[.]{0,3}[a-z.]{0,9}", 0..60),
        cuts in proptest::collection::vec(any::<usize>(), 0..9),
        split in 1_usize..40,
    ) {
        let body: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (body.len() + 1)).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| Bytes::copy_from_slice(&body[pair[0]..pair[1]])).collect();
        let mut client = Client::new("client.example");
        client.begin(Outgoing { pieces, ..message(&["bob@example.test"], &body) });
        let mut house = House::opened(settings());
        let outcome = loop {
            match client.next_step() {
                ClientStep::Send(slices) => slices.iter().for_each(|slice| house.receive(slice, split)),
                ClientStep::Read => house.said().as_bytes().chunks(split).for_each(|said| client.received(said)),
                ClientStep::Sent(sent) => break sent,
                ClientStep::Ready | ClientStep::Done => unreachable!("a message is under way"),
            }
        };
        prop_assert_eq!(outcome.outcomes[0].1.to_string(), "250 2.0.0 Ok: queued as 1");
        prop_assert_eq!(&house.messages[0].1[..], &body[..]);
    }
}
