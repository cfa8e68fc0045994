//! The same conversation, however its octets are split into reads.

use crate::house::House;
use crate::server::{TRANSACTION, small};
use postern_smtp::{BareLineEnds, Offer, ServerSettings};
use proptest::prelude::*;

/// Pieces that a conversation may be made of, honest and otherwise.
const PIECES: [&[u8]; 46] = [
    b"EHLO x\r\n",
    b"HELO x\r\n",
    b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<a@example.com> SIZE=9\r\n",
    b"RCPT TO:<bob@example.test>\r\n",
    b"RCPT TO:<bob@elsewhere.example>\r\n",
    b"DATA\r\n",
    b"DATA\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b".\r\n",
    b".\r\n",
    b"..\r\n",
    b"text\r\n",
    b".",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"GET / HTTP/1.1\r\n",
    &[b'x'; 1_100],
    b"MAIL FROM:<a@example.com> BODY=BINARYMIME\r\n",
    b"MAIL FROM:<j\xc3\xb6rg@example.com> SMTPUTF8\r\n",
    b"RCPT TO:<bob@example.test> NOTIFY=NEVER\r\n",
    b"BDAT 4\r\n",
    b"BDAT 4\r\n",
    b"BDAT 9\r\n",
    b"BDAT 5 LAST\r\n",
    b"BDAT 0 LAST\r\n",
    b"BDAT 1999\r\n",
    b"BDAT 2001\r\n",
    b"BDAT x\r\n",
    b"full@example.com",
    b"AUTH PLAIN\r\n",
    b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
    b"AUTH LOGIN YWxpY2U=\r\n",
    b"c2VjcmV0\r\n",
    b"*\r\n",
    b"STARTTLS\r\n",
    b"XCLIENT ADDR=192.0.2.1\r\n",
    b"VRFY bob\r\n",
    b"\xc3\xb6",
    &[b'='; 13_000],
];

/// Everything on offer, in TLS, with limits that are reached.
fn everything(bare_line_ends: BareLineEnds) -> ServerSettings {
    ServerSettings {
        auth: Offer::Yes,
        tls: Offer::Yes,
        xclient: true,
        bare_line_ends,
        ..small(2_000)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn how_the_octets_are_split_changes_nothing(
        pieces in proptest::collection::vec(0..PIECES.len(), 0..40),
        greeted in any::<bool>(),
        normalise in any::<bool>(),
        split in 1_usize..50,
    ) {
        let hello: &[u8] = if greeted { TRANSACTION.strip_suffix("DATA\r\n").expect("it ends so").as_bytes() } else { b"" };
        let bare_line_ends = if normalise { BareLineEnds::Normalise } else { BareLineEnds::Refuse };
        let wire = [hello, &pieces.iter().flat_map(|at| PIECES[*at]).copied().collect::<Vec<_>>()].concat();
        let played = [split, usize::MAX].map(|split| {
            let mut house = House::new(everything(bare_line_ends));
            house.server.tls_established(house.now);
            house.server.open(Ok(()));
            house.run();
            house.receive(&wire, split);
            house.hang_up();
            let incidents = house.server.take_incidents().into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
            (house.said(), house.ending, house.messages, house.delays, incidents, house.server.take_refusals())
        });
        prop_assert_eq!(&played[0], &played[1]);
    }
}
