//! The sending and the asking machine, with a next hop that says anything.

use bytes::Bytes;
use postern_smtp::{Client, ClientStep, Outgoing, Probe, ProbeStep, Sent, body_kind};
use postern_vocab::{BodyKind, ReversePath, Rid};

/// Messages given to one connection.
const MESSAGES: usize = 2;
/// More steps than any hop could cause with the octets it sends.
const STEPS_OVER_OCTETS: usize = 64;
/// A command with its line end. RFC 5321 §4.5.3.1.4, with what SIZE, BODY, SMTPUTF8 and DSN add.
const COMMAND_OCTETS_MAX: usize = 1_600;

/// The first octet chooses the messages, the second the octets of a read; the rest is what the hop says.
pub fn run(octets: &[u8]) {
    let Some(([kind, split], wire)) = octets.split_first_chunk::<2>() else {
        return;
    };
    let split = usize::from(*split) + 1;
    for split in [split, usize::MAX] {
        sends(*kind, wire, split);
        asks(wire, split);
    }
}

/// Every message comes back, every recipient with a reply that says delivered, not now or never; and never "delivered" when
/// the hop said no 2yz.
fn sends(kind: u8, wire: &[u8], split: usize) {
    let mut client = Client::new("mx.example.test");
    let (mut begun, mut sent, mut said_data) = (0, Vec::new(), false);
    let mut reads = wire.chunks(split);
    for _ in 0..wire.len() + STEPS_OVER_OCTETS {
        match client.next_step() {
            ClientStep::Send(slices) => {
                assert!(slices.iter().any(|slice| !slice.is_empty()), "sends nothing");
                said_data |= slices
                    .iter()
                    .any(|slice| slice.starts_with(b"DATA") || slice.starts_with(b"BDAT"));
            }
            ClientStep::Read => match reads.next() {
                Some(read) => client.received(read),
                None => client.closed(),
            },
            ClientStep::Sent(one) => {
                check(&one, said_data);
                sent.push(one);
            }
            ClientStep::Ready | ClientStep::Done if begun < MESSAGES => {
                client.begin(message(kind >> (begun * 4)));
                begun += 1;
            }
            ClientStep::Ready => client.quit(),
            ClientStep::Done => {
                assert_eq!(sent.len(), MESSAGES, "every message comes back");
                return;
            }
        }
    }
    unreachable!("more steps than octets");
}

fn check(sent: &Sent, said_data: bool) {
    let rids: Vec<_> = sent.outcomes.iter().map(|(rid, _)| *rid).collect();
    assert_eq!(rids, [Rid(0), Rid(1), Rid(2)], "every recipient, in order");
    for (_, reply) in &sent.outcomes {
        assert!(
            reply.is_positive() || reply.is_temporary() || reply.is_permanent(),
            "{reply}"
        );
        assert!(
            said_data || !reply.is_positive(),
            "delivered what was never sent: {reply}"
        );
        assert!(!reply.to_string().contains(['\r', '\n']), "{reply:?}");
    }
}

fn message(kind: u8) -> Outgoing {
    let body: &'static [u8] = match kind & 3 {
        0 => b"Subject: x\r\n\r\n.dot\r\n",
        1 => b"Subject: \xc3\xb6\r\n\r\n\xc3\xb6\r\n",
        2 => b"Subject: x\r\n\r\n\0binary\n",
        _ => b"",
    };
    let pieces = vec![
        Bytes::from_static(b"Received: by us\r\n"),
        Bytes::from_static(body),
    ];
    let last = if kind & 4 == 0 {
        "c@example.com"
    } else {
        "j\u{f6}rg@example.com"
    };
    let address = |(rid, text): (u16, &str)| (Rid(rid), text.parse().expect("an address"));
    Outgoing {
        sender: match kind & 8 {
            0 => ReversePath::Null,
            _ => ReversePath::Mailbox("alice@example.com".parse().expect("an address")),
        },
        recipients: (0..)
            .zip(["a@example.com", "b@example.org", last])
            .map(address)
            .collect(),
        body: body_kind(BodyKind::SevenBit, &pieces),
        smtputf8: kind & 4 != 0,
        bytes: pieces
            .iter()
            .map(|piece| u64::try_from(piece.len()).expect("small"))
            .sum(),
        pieces,
        ..Outgoing::default()
    }
}

/// Every question is answered.
fn asks(wire: &[u8], split: usize) {
    let mut probe = Probe::new("mx.example.test");
    let mut recipients = ["a@example.com", "j\u{f6}rg@example.com"].into_iter();
    let mut answers = 0;
    let mut reads = wire.chunks(split);
    for _ in 0..wire.len() + STEPS_OVER_OCTETS {
        match probe.next_step() {
            ProbeStep::Send(octets) => {
                assert!(octets.ends_with(b"\r\n") && octets.len() <= COMMAND_OCTETS_MAX);
            }
            ProbeStep::Read => match reads.next() {
                Some(read) => probe.received(read),
                None => probe.closed(),
            },
            ProbeStep::Answer(_) => answers += 1,
            ProbeStep::Done => match recipients.next() {
                Some(next) => probe.ask(&next.parse().expect("an address")),
                None => {
                    assert_eq!(answers, 2, "every question is answered");
                    return;
                }
            },
        }
    }
    unreachable!("more steps than octets");
}

/// Hops of every kind, and what each could say wrong.
pub fn seeds() -> Vec<Vec<u8>> {
    const GREETING: &str = "220 hop ESMTP\r\n250-hop\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
        250-CHUNKING\r\n250-BINARYMIME\r\n250-LIMITS MAILMAX=1 RCPTMAX=2\r\n250 DSN\r\n";
    const BEHIND: [&str; 6] = [
        "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550-5.1.1 No\r\n550 5.1.1 No\r\n450 Busy\r\n354 go\r\n250 2.0.0 stored\r\n",
        "250 Ok\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go\r\n554 5.6.0 no\r\n",
        "250 Ok\r\n452 4.5.3 Too many\r\n452 4.5.3 Too many\r\n250 Ok\r\n",
        "530 5.7.0 Must issue STARTTLS\r\n",
        "250 Ok\r\n421 4.3.2 Closing\r\n",
        "250 2.1.0 Ok\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n250 stored\r\n250 Ok\r\n",
    ];
    const OLD: [&str; 4] = [
        "220 hop\r\n500 what\r\n250 hop\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go\r\n250 stored\r\n221 bye\r\n",
        "554 5.7.1 Go away\r\n",
        "220-hop\r\n220 hop\n250 hop\n",
        "hello\r\n",
    ];
    let whole = BEHIND.iter().map(|behind| format!("{GREETING}{behind}"));
    let texts = whole.chain(OLD.iter().map(|text| (*text).to_owned()));
    texts
        .zip(
            [0_u8, 0x21, 0x42, 0x5d, 0x80, 0x22, 0x0a, 0x11, 0, 0x33]
                .into_iter()
                .cycle(),
        )
        .map(|(text, kind)| [&[kind, 255], text.as_bytes()].concat())
        .collect()
}
