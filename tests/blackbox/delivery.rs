//! Promise: what is accepted is delivered, octet by octet, once, to everyone it was for; and the sender is told when it
//! cannot be.

use crate::harness::{Answer, Gateway, Mail, NextHop, Options, Smtp, message, soon, trace_and_rest};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Temporary failures are tried again after a second, so that a test can wait for it.
const QUICK_RETRIES: &str = "[limits]\nretry_first = \"1s\"\nretry_max = \"2s\"";

const SENDER: &str = "carol@partner.example.com";
const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

#[test]
fn a_message_comes_out_as_it_went_in_behind_the_trace_fields() {
    let long_line = [b"x".repeat(60_000).as_slice(), b"\r\n"].concat();
    let about = |what: &str| Mail::about(what);
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("plain", message("plain")),
        (
            "8-bit",
            about("8-bit")
                .body("Grüße aus Köln, \u{1f4ee}\r\n".as_bytes())
                .whole(),
        ),
        (
            "every octet but NUL, CR and LF",
            about("octets").body(&every_octet()).whole(),
        ),
        (
            "dots",
            about("dots")
                .body(b".\r\n..\r\n.hidden\r\n...\r\na.\r\n. \r\n")
                .whole(),
        ),
        (
            "a dot alone at the very end",
            about("last dot").body(b"end\r\n.\r\n").whole(),
        ),
        ("long lines", about("long").body(&long_line.repeat(3)).whole()),
        (
            "trailing space and empty lines",
            about("space").body(b"a \t\r\n\r\n \r\n\r\n\r\n").whole(),
        ),
        ("an empty body", about("empty body").body(b"").whole()),
        (
            "a header and no empty line",
            b"Subject: only a header\r\n".to_vec(),
        ),
        ("no header at all", b"\r\nno header at all\r\n".to_vec()),
        (
            "a line that is no header field",
            b"Hello Alice, this is not a header\r\n".to_vec(),
        ),
        ("nothing at all", Vec::new()),
    ];
    let hop = NextHop::start();
    // What is odd about some of them is no reason to hold them here.
    let options = Options::new(&hop).tables("[scan]\nunscannable_action = \"deliver\"");
    let gateway = options.start();
    for (what, sent) in rows {
        let before = hop.delivered().len();
        let mid = gateway.accepts(SENDER, &[ALICE], &sent);
        let came = hop.wait_for(before + 1).pop().unwrap();
        let (trace, rest) = trace_and_rest(&came.octets);
        assert!(
            rest == sent,
            "{what}: sent {:?}, came {:?}",
            sent.escape_ascii(),
            rest.escape_ascii()
        );
        assert!(
            trace.contains(&format!("X-Postern-Verdict: mid={mid}; verdict=")),
            "{what}: {trace}"
        );
        assert!(
            trace.contains(&format!("by mx.example.test (Postern) with ESMTP id {mid}")),
            "{what}: {trace}"
        );
        assert_eq!(
            (came.from.as_str(), came.to.as_slice()),
            (SENDER, [ALICE.to_owned()].as_slice()),
            "{what}"
        );
    }
}

fn every_octet() -> Vec<u8> {
    let line: Vec<u8> = (1..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
    [line.as_slice(), b"\r\n"].concat()
}

#[test]
fn fields_in_our_name_from_outside_are_removed_and_others_are_not() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let forged = b"X-Postern-Verdict: mid=1; verdict=clean; score=0\r\n\
        Authentication-Results: mx.example.test;\r\n\tdkim=pass header.d=bank.example\r\n\
        Authentication-Results: relay.example.net; spf=pass\r\n\
        x-postern-anything: folded\r\n over two lines\r\n\
        Received: from a.example.net by b.example.net; Thu, 01 Jan 2026 10:00:00 +0000\r\n\
        From: carol@partner.example.com\r\n\
        Subject: forged\r\n\
        \r\n\
        X-Postern-Verdict: this is text, not a field\r\n";
    gateway.accepts(SENDER, &[ALICE], forged);
    let came = hop.wait_for(1).pop().unwrap();
    let (_, rest) = trace_and_rest(&came.octets);
    let expected = "Authentication-Results: relay.example.net; spf=pass\r\n\
        Received: from a.example.net by b.example.net; Thu, 01 Jan 2026 10:00:00 +0000\r\n\
        From: carol@partner.example.com\r\n\
        Subject: forged\r\n\
        \r\n\
        X-Postern-Verdict: this is text, not a field\r\n";
    assert_eq!(String::from_utf8_lossy(rest), expected);
}

#[test]
fn several_messages_and_recipients_share_a_connection() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mut smtp = Smtp::greeted(gateway.smtp());
    let first = smtp.accepted(
        SENDER,
        &[ALICE, BOB, "postmaster@example.test"],
        &message("for three"),
    );
    let second = smtp.accepted(SENDER, &[BOB], &message("for one"));
    smtp.ask("QUIT", 221);
    smtp.expect_closed();
    assert!(second > first, "ids grow");

    let for_three = hop.wait_for_text("for three");
    assert_eq!(
        for_three.to,
        [ALICE, BOB, "postmaster@example.test"],
        "one copy for all of one route"
    );
    let (trace, _) = trace_and_rest(&for_three.octets);
    assert!(
        !trace.contains("for <"),
        "Received does not tell them of each other: {trace}"
    );
    hop.wait_for(2);
    let detail = gateway.message_is(first, "delivered");
    let fates = detail["recipients"].as_array().unwrap();
    assert_eq!(fates.len(), 3, "{fates:?}");
    assert!(
        fates
            .iter()
            .all(|fate| fate["state"]["delivered"]["reply"]["code"] == 250),
        "{fates:?}"
    );
}

#[test]
fn what_the_next_hop_puts_off_is_tried_again_until_it_is_taken() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).tables(QUICK_RETRIES).start();
    hop.answer_next(Answer::Say("451 4.3.0 Not now"));
    hop.answer_next(Answer::Break);
    let sent = message("patience");
    let mid = gateway.accepts(SENDER, &[ALICE], &sent);
    let deferred = gateway.message_is(mid, "deferred");
    assert!(
        deferred["row"]["reason"].as_str().unwrap().contains('4'),
        "{}",
        deferred["row"]
    );
    let came = hop.wait_for(1).pop().unwrap();
    assert!(
        trace_and_rest(&came.octets).1 == sent,
        "the second and third attempt send the same"
    );
    assert_eq!(hop.attempts(), 3);
    let detail = gateway.message_is(mid, "delivered");
    assert_eq!(detail["row"]["recipients"][0], ALICE);
}

#[test]
fn recipients_that_are_refused_behind_us_do_not_hold_up_the_others() {
    let hop = NextHop::start();
    let gateway = Options::new(&hop).tables(QUICK_RETRIES).start();
    hop.answer_recipient(BOB, "550 5.1.1 No Bob here");
    hop.answer_recipient("eve@example.test", "452 4.2.2 Full");
    let mid = gateway.accepts(SENDER, &[ALICE, BOB, "eve@example.test"], &message("three fates"));
    assert_eq!(hop.wait_for_text("From: Carol").to, [ALICE]);
    let bounce = hop.wait_for_text("Final-Recipient: rfc822; bob@example.test");
    assert_eq!(
        (bounce.from.as_str(), bounce.to.as_slice()),
        ("", [SENDER.to_owned()].as_slice())
    );
    hop.answer_recipient("eve@example.test", "250 2.1.5 Ok");
    soon("Eve gets hers", || {
        hop.delivered()
            .into_iter()
            .find(|one| one.to == ["eve@example.test"])
    });
    let detail = gateway.message_is(mid, "bounced");
    let states: Vec<_> = detail["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fate| &fate["state"])
        .collect();
    assert!(
        states[0]["delivered"].is_object() && states[1]["bounced"].is_object(),
        "{states:?}"
    );
    assert_eq!(states[1]["bounced"]["reply"]["text"], "No Bob here");
    assert_eq!(
        hop.wait_for(3).len(),
        3,
        "Alice's, the bounce and Eve's: each once"
    );
}

#[test]
fn the_sender_of_what_is_refused_behind_us_gets_a_bounce_and_a_bounce_never_does() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    hop.answer_next(Answer::Say("554 5.7.1 Not wanted here"));
    let mid = gateway.accepts(SENDER, &[ALICE], &message("unwanted"));
    let bounce = hop.wait_for(1).pop().unwrap();
    assert_eq!(
        (bounce.from.as_str(), bounce.to.as_slice()),
        ("", [SENDER.to_owned()].as_slice())
    );
    let text = bounce.text();
    for expected in [
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.test>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "report-type=delivery-status",
        "Final-Recipient: rfc822; alice@example.test\r\n",
        "Action: failed\r\n",
        "Status: 5.7.1\r\n",
        "554 5.7.1 Not wanted here",
        "Subject: unwanted\r\n",
    ] {
        assert!(text.contains(expected), "\"{expected}\" is missing in:\n{text}");
    }
    assert!(
        !text.contains("the minutes of our meeting"),
        "only the header is returned"
    );
    let detail = gateway.message_is(mid, "bounced");
    assert!(
        detail["recipients"][0]["state"]["bounced"]["dsn"].is_u64(),
        "{}",
        detail["recipients"]
    );

    hop.answer_next(Answer::Say("554 5.7.1 Nor this"));
    let null = gateway.accepts("", &[ALICE], &message("a bounce from elsewhere"));
    let detail = gateway.message_is(null, "bounced");
    assert!(
        detail["recipients"][0]["state"]["bounced"]["dsn"].is_null(),
        "{}",
        detail["recipients"]
    );
    assert_eq!(hop.wait_for(1).len(), 1, "nobody was told of it");
}

#[test]
fn what_cannot_be_delivered_in_time_is_given_up_and_the_sender_told() {
    let hop = NextHop::start();
    let short = "[limits]\nretry_first = \"1s\"\nretry_max = \"1s\"\nretry_for = \"2s\"";
    let gateway = Options::new(&hop).tables(short).start();
    hop.answer_recipient(ALICE, "450 4.2.1 Try again later");
    let mid = gateway.accepts(SENDER, &[ALICE], &message("too late"));
    let bounce = hop.wait_for(1).pop().unwrap();
    assert_eq!(
        (bounce.from.as_str(), bounce.to.as_slice()),
        ("", [SENDER.to_owned()].as_slice())
    );
    assert!(
        bounce.text().contains("Status: 5.2.1\r\n"),
        "failed for good: {}",
        bounce.text()
    );
    gateway.message_is(mid, "bounced");
}

#[test]
fn mail_that_is_not_seven_bit_is_never_given_raw_to_a_next_hop_that_is() {
    let hop = NextHop::start();
    hop.offer(&["PIPELINING", "SIZE"]);
    let gateway = Gateway::start(&hop);
    gateway.accepts(
        SENDER,
        &[ALICE],
        &Mail::about("eight").body("Grüße\r\n".as_bytes()).whole(),
    );
    let bounce = hop.wait_for_text("Final-Recipient: rfc822; alice@example.test");
    assert!(bounce.octets.is_ascii() && bounce.from.is_empty());
    gateway.accepts(SENDER, &[ALICE], &message("seven"));
    hop.wait_for_text("Subject: seven");
    assert!(hop.delivered().iter().all(|one| one.octets.is_ascii()));
}

#[test]
fn the_queue_survives_a_restart() {
    let mut hop = NextHop::absent();
    let mut gateway = Options::new(&hop).tables(QUICK_RETRIES).start();
    let sent: Vec<Vec<u8>> = (0..10).map(|number| message(&format!("kept {number}"))).collect();
    let mids: Vec<u64> = sent
        .iter()
        .map(|one| gateway.accepts(SENDER, &[ALICE], one))
        .collect();
    gateway.message_is(mids[9], "deferred");
    gateway.stop();
    gateway.again();
    hop.up();
    let came = hop.wait_for(10);
    for one in &sent {
        let copies = came
            .iter()
            .filter(|came| trace_and_rest(&came.octets).1 == one)
            .count();
        assert_eq!(copies, 1, "{}", String::from_utf8_lossy(one));
    }
    let next = gateway.accepts(SENDER, &[ALICE], &message("after"));
    assert!(next > mids[9], "ids go on where they were: {next} after {mids:?}");
    gateway.message_is(mids[0], "delivered");
}

#[test]
fn a_next_hop_that_makes_no_sense_costs_no_mail() {
    let endless = [b"220-".as_slice(), &b"x".repeat(200_000)].concat();
    for nonsense in [
        b"".as_slice(),
        b"554 5.3.2 Go away\r\n",
        b"421 Busy\r\n",
        b"\0\xff?\r\n",
        b"250 Ok\r\n",
        &endless,
    ] {
        let mut hop = NextHop::absent();
        let stranger = Stranger::at(hop.address, nonsense);
        let gateway = Options::new(&hop).tables(QUICK_RETRIES).start();
        let mid = gateway.accepts(SENDER, &[ALICE], &message("kept"));
        gateway.message_is(mid, "deferred");
        drop(stranger);
        hop.up();
        hop.wait_for_text("Subject: kept");
        gateway.message_is(mid, "delivered");
        hop.wait_for(1);
    }
}

/// Says the same to everyone who comes, and closes.
struct Stranger {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    fn at(address: SocketAddr, says: &[u8]) -> Self {
        let listener = TcpListener::bind(address).expect("the address is this test's own");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, says) = (Arc::clone(&stop), says.to_vec());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever does not listen to the end is no concern of a stranger's.
                let _ = stream.expect("a connection").write_all(&says);
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(!matches!(ended, Some(Err(_))), "it does not panic");
    }
}

#[test]
fn an_orderly_stop_lets_a_message_on_its_way_in_finish_and_tells_the_idle() {
    let hop = NextHop::start();
    let mut gateway = Gateway::start(&hop);
    let mut idle = Smtp::greeted(gateway.smtp());
    let mut busy = Smtp::greeted(gateway.smtp());
    busy.envelope(SENDER, &[ALICE]);
    busy.send(b"From: carol@partner.example.com\r\nSubject: in time\r\n\r\nfirst half, ");
    thread::scope(|scope| {
        scope.spawn(|| {
            // This comes when stopping has begun.
            idle.expect_text("421 4.3.2 ");
            idle.expect_closed();
            busy.send(b"second half\r\n.\r\n");
            busy.expect_text("250 2.0.0 Ok: queued as ");
        });
        gateway.stop();
    });
    gateway.again();
    let came = hop.wait_for_text("first half, second half\r\n");
    assert_eq!(came.to, [ALICE]);
    hop.wait_for(1);
}
