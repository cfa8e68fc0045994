//! Promise: the programs that the world sends mail with can send it to us, and it arrives octet by octet.

use crate::harness::{
    Delivered, Gateway, Mail, NextHop, Postfix, Smtp, python, run_to_end, scratch, skip_or_fail, soon, swaks,
    swaks_missing, trace_and_rest,
};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SENDER: &str = "carol@partner.example.com";
const ALICE: &str = "alice@example.test";
const SMTP_SOURCE: &str = "/usr/sbin/smtp-source";

/// Sends the message in the file `sys.argv[3]` with the options behind it.
const SEND_FILE: &str = "
client = smtplib.SMTP(host, port, local_hostname='client.example.com', timeout=60)
client.sendmail('carol@partner.example.com', ['alice@example.test'], open(sys.argv[3], 'rb').read(), sys.argv[4:])
client.quit()
";

/// Sends a message as programs make one, with names that are not ASCII.
const SEND_UTF8: &str = "
mail = email.message.EmailMessage()
mail['From'] = 'Grete <grete@partner.example.com>'
mail['To'] = 'jürgen@example.test'
mail['Subject'] = 'Grüße'
mail.set_content('Schöne Grüße\\n')
client = smtplib.SMTP(host, port, local_hostname='client.example.com', timeout=60)
client.starttls(context=anyone)
print(client.send_message(mail))
client.quit()
";

/// Messages that are not all alike.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    let eight_bit = "Grüße, ".repeat(80) + "\r\n\r\n.\r\n..\r\n.dot\r\n";
    let large = "0123456789abcdef ,.-+=*/".repeat(3) + "\r\n";
    vec![
        ("plain", Mail::about("plain").whole()),
        (
            "dots",
            Mail::about("dots").body(b".\r\n..\r\n.x\r\n\r\n.\r\n").whole(),
        ),
        ("8-bit", Mail::about("8-bit").body(eight_bit.as_bytes()).whole()),
        (
            "large",
            Mail::about("large").body(large.repeat(40_000).as_bytes()).whole(),
        ),
        ("empty", Mail::about("empty").body(b"").whole()),
    ]
}

/// The message as it was sent, out of what arrived.
#[track_caller]
fn arrived(delivered: &Delivered) -> &[u8] {
    trace_and_rest(&delivered.octets).1
}

#[track_caller]
fn is_the_same(delivered: &Delivered, sent: &[u8], kind: &str) {
    let arrived = arrived(delivered);
    assert!(
        arrived == sent,
        "{kind}: {}",
        String::from_utf8_lossy(&arrived[..arrived.len().min(2_000)])
    );
}

#[test]
fn python_octet_by_octet() {
    let (hop, home) = (NextHop::start(), scratch());
    let gateway = Gateway::start(&hop);
    for (kind, sent) in kinds() {
        let file = home.path().join(kind);
        fs::write(&file, &sent).expect("a file");
        let mut arguments = vec![file.to_str().expect("a path of ours")];
        if kind == "8-bit" {
            arguments.push("BODY=8BITMIME");
        }
        python(SEND_FILE, gateway.smtp(), &arguments);
        is_the_same(&hop.wait_for_text(&format!("Subject: {kind}\r\n")), &sent, kind);
    }
}

#[test]
fn python_with_names_that_are_not_ascii() {
    let hop = NextHop::start();
    hop.offer(&["SMTPUTF8", "8BITMIME", "SIZE 104857600"]);
    let gateway = Gateway::start(&hop);
    let ran = python(SEND_UTF8, gateway.smtp(), &[]);
    assert_eq!(ran.out.trim(), "{}", "nobody was refused");
    let delivered = hop.wait_for_text("Subject: Grüße\r\n");
    assert_eq!(delivered.to, ["jürgen@example.test"]);
    let text = delivered.text();
    assert!(text.contains("\r\nTo: jürgen@example.test\r\n"), "{text}");
    assert!(text.contains("with UTF8SMTPS id "), "{text}");
}

#[test]
fn swaks_in_the_clear_and_in_tls() {
    if let Some(why) = swaks_missing() {
        return skip_or_fail("swaks", why);
    }
    let (hop, home) = (NextHop::start(), scratch());
    let gateway = Gateway::start(&hop);
    for (kind, way) in [("plain", "--pipeline"), ("8-bit", "--tls"), ("large", "--tls")] {
        let (_, sent) = kinds()
            .into_iter()
            .find(|(name, _)| *name == kind)
            .expect("it is there");
        let file = home.path().join(kind);
        // It ends the last line itself.
        fs::write(&file, &sent[..sent.len() - 2]).expect("a file");
        let data = format!("@{}", file.display());
        let told = swaks(
            gateway.smtp(),
            &[way, "--from", SENDER, "--to", ALICE, "--data", &data],
        )
        .ended(0)
        .out;
        assert!(told.contains(" 250 2.0.0 Ok: queued as "), "{told}");
        is_the_same(&hop.wait_for_text(&format!("Subject: {kind}\r\n")), &sent, kind);
    }
}

#[test]
fn smtp_source_with_several_sessions() {
    if !Path::new(SMTP_SOURCE).exists() {
        return skip_or_fail(
            "smtp-source",
            "there is no /usr/sbin/smtp-source; deploy/packages test installs it",
        );
    }
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let mut command = Command::new(SMTP_SOURCE);
    command.args(["-m", "40", "-s", "8", "-l", "5000", "-f", SENDER, "-t", ALICE]);
    command.arg(gateway.smtp().to_string());
    run_to_end(&mut command, "", Duration::from_secs(60)).ended(0);
    for delivered in hop.wait_for(40) {
        let octets = arrived(&delivered).len();
        assert!(
            (5_000..6_000).contains(&octets),
            "5000 octets and a header, but {octets}"
        );
    }
}

#[test]
fn postfix_in_tls() {
    const COUNT: usize = 50;
    if let Some(why) = Postfix::missing() {
        return skip_or_fail("Postfix", why);
    }
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let postfix = Postfix::start(gateway.smtp());
    soon("Postfix takes mail", || Smtp::try_greeted(postfix.address).ok());
    let mut smtp = Smtp::greeted(postfix.address);
    let mut sent = HashMap::new();
    for number in 0..COUNT {
        let (kind, message) = kinds().swap_remove(number % 5);
        let id = format!("X-Number: {number}\r\n");
        let numbered = [id.as_bytes(), &message].concat();
        let reply = smtp.message(SENDER, &[ALICE], &numbered);
        assert_eq!(reply.code, 250, "{kind}: {}", smtp.said());
        sent.insert(id, numbered);
    }
    smtp.ask("QUIT", 221);
    let all = hop.wait_for(COUNT);
    for delivered in all {
        let received = String::from_utf8_lossy(arrived(&delivered)).into_owned();
        let (theirs, _) = received.split_once("X-Number: ").expect("its field and ours");
        assert!(
            theirs.starts_with("Received: ") && theirs.contains("by relay.example.com"),
            "{theirs}"
        );
        let behind = &arrived(&delivered)[theirs.len()..];
        let id = String::from_utf8_lossy(
            behind
                .split_inclusive(|octet| *octet == b'\n')
                .next()
                .expect("a line"),
        );
        let expected = sent.remove(&*id).expect("each once");
        assert!(behind == expected, "{id}");
        assert!(
            delivered.text().contains("with ESMTPS id "),
            "in TLS: {}",
            delivered.text()
        );
    }
    assert!(
        postfix.log().contains("TLS connection established to "),
        "{}",
        postfix.log()
    );
}
