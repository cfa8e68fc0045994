//! Promise: users who log in may send to anywhere and nobody else may; what they log in with is nowhere to be found
//! afterwards.

use crate::harness::{
    Gateway, NextHop, Options, SClient, Smtp, message, openssl_missing, own_address, python, skip_or_fail,
    soon, swaks, swaks_missing,
};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const USER: &str = "alice@example.test";
const PASSWORD: &str = "Correct-Horse_77~Battery";
/// `NUL alice@example.test NUL password`, and the password alone, in base64.
const PLAIN: &str = "AGFsaWNlQGV4YW1wbGUudGVzdABDb3JyZWN0LUhvcnNlXzc3fkJhdHRlcnk=";
const ENCODED: &str = "Q29ycmVjdC1Ib3JzZV83N35CYXR0ZXJ5";
const HELLO: &str = "EHLO client.example.com";

/// Logs in by the mechanism in `sys.argv[3]` with the password in `sys.argv[4]`, and sends a message to `sys.argv[5]`.
const LOG_IN: &str = "
client = smtplib.SMTP(host, port, timeout=30)
client.ehlo()
assert not client.has_extn('auth'), 'offered in the clear'
client.starttls(context=anyone)
client.ehlo()
client.user, client.password = 'alice@example.test', sys.argv[4]
way = {'PLAIN': client.auth_plain, 'LOGIN': client.auth_login}[sys.argv[3]]
try:
    print(client.auth(sys.argv[3], way))
except smtplib.SMTPAuthenticationError as why:
    print('refused', why.smtp_code, why.smtp_error)
    sys.exit()
client.sendmail('alice@example.test', [sys.argv[5]], 'Subject: by ' + sys.argv[3] + '\\n\\nHello')
client.quit()
";

/// A gateway with one user, and two listeners: one where users log in, one where nobody does.
struct Place {
    gateway: Gateway,
    hop: NextHop,
    /// Where users log in.
    submission: SocketAddr,
}

impl Place {
    #[track_caller]
    fn new() -> Self {
        let (hop, own) = (NextHop::start(), own_address());
        let tables = format!("[[listener]]\nname = \"submission\"\naddress = \"{own}:2587\"\nauth = true\n");
        let gateway = Options::new(&hop).tables(&tables).start();
        gateway.add_user(USER, PASSWORD);
        Self {
            gateway,
            hop,
            submission: SocketAddr::from((own, 2587)),
        }
    }
}

#[test]
fn users_log_in_by_python_and_send_to_anywhere() {
    let place = Place::new();
    for (way, recipient) in [
        ("PLAIN", "plain@elsewhere.example.org"),
        ("LOGIN", "login@elsewhere.example.org"),
    ] {
        let ran = python(LOG_IN, place.submission, &[way, PASSWORD, recipient]);
        assert!(ran.out.starts_with("(235, b'2.7.0 "), "{ran:?}");
        let delivered = place.hop.wait_for_text(&format!("Subject: by {way}"));
        assert_eq!(delivered.to, [recipient]);
        assert!(
            delivered.text().contains("with ESMTPSA id "),
            "{}",
            delivered.text()
        );
        let row = place.gateway.tracked(&["--to", recipient]);
        let detail = place
            .gateway
            .message_is(row["mid"].as_u64().expect("a MID"), "delivered");
        assert_eq!(detail["facts"]["user"], USER);
        assert_eq!(detail["facts"]["direction"], "outbound");
    }
}

#[test]
fn users_log_in_by_swaks() {
    if let Some(why) = swaks_missing() {
        return skip_or_fail("swaks", why);
    }
    let place = Place::new();
    for way in ["PLAIN", "LOGIN"] {
        let recipient = format!("{way}@elsewhere.example.org");
        let with = [
            "--tls",
            "--auth",
            way,
            "--auth-user",
            USER,
            "--auth-password",
            PASSWORD,
        ];
        let ran = swaks(
            place.submission,
            &[&with[..], &["--from", USER, "--to", &recipient]].concat(),
        )
        .ended(0);
        assert!(ran.out.contains("<~  235 2.7.0 "), "{}", ran.out);
        let all = soon("it is delivered", || {
            let all = place.hop.delivered();
            all.iter().any(|one| one.to == [recipient.clone()]).then_some(all)
        });
        assert_eq!(all.last().expect("one").from, USER);
    }
}

#[test]
fn who_has_not_logged_in_relays_nothing() {
    let place = Place::new();
    let mut smtp = Smtp::greeted(place.submission);
    smtp.ask(&format!("MAIL FROM:<{USER}>"), 250);
    smtp.line("RCPT TO:<somebody@elsewhere.example.org>");
    smtp.expect_text("550 5.7.1 ");
    smtp.ask("QUIT", 221);
}

#[test]
fn where_a_log_in_is_required_nothing_is_taken_without() {
    if let Some(why) = openssl_missing() {
        return skip_or_fail("TLS", why);
    }
    let (hop, own) = (NextHop::start(), own_address());
    let tables = format!(
        "[[listener]]\nname = \"submissions\"\naddress = \"{own}:2465\"\ntls = \"implicit\"\nauth = true\n\
         policy = \"SUBMIT\"\n[[flow_policy]]\nname = \"SUBMIT\"\nauth = \"required\"\n"
    );
    let gateway = Options::new(&hop).tables(&tables).start();
    gateway.add_user(USER, PASSWORD);
    let mut client = SClient::implicit(SocketAddr::from((own, 2465)), &[]);
    client.ask(HELLO, 250);
    let refused = client.ask("MAIL FROM:<alice@example.test>", 530);
    assert!(refused.starts_with("530 5.7.0 "), "{refused}");
    client.ask(&format!("AUTH PLAIN {PLAIN}"), 235);
    let mid = client.accepted(USER, "bob@elsewhere.example.org", &message("submitted"));
    client.quit();
    let detail = gateway.message_is(mid, "delivered");
    assert_eq!(detail["facts"]["user"], USER);
    hop.wait_for_text("Subject: submitted");
}

#[test]
fn nobody_logs_in_in_the_clear_or_where_it_is_not_offered() {
    let place = Place::new();
    let mut smtp = Smtp::connect(place.submission);
    let offered = smtp.ask(HELLO, 250).lines.join("\n");
    assert!(!offered.contains("AUTH"), "{offered}");
    smtp.line(&format!("AUTH PLAIN {PLAIN}"));
    smtp.expect_text("538 5.7.11 ");
    smtp.ask("QUIT", 221);

    if let Some(why) = openssl_missing() {
        return skip_or_fail("TLS", why);
    }
    let mut client = SClient::starttls(place.gateway.smtp(), &[]);
    client.ask(HELLO, 250);
    assert!(!client.printed().contains("AUTH"), "{}", client.printed());
    let refused = client.ask(&format!("AUTH PLAIN {PLAIN}"), 503);
    assert!(refused.starts_with("503 5.5.1 "), "{refused}");
    client.quit();
    found_nowhere(&place.gateway);
}

#[test]
fn a_wrong_password_is_refused_and_the_third_one_is_the_last() {
    if let Some(why) = openssl_missing() {
        return skip_or_fail("TLS", why);
    }
    let place = Place::new();
    let ran = python(
        LOG_IN,
        place.submission,
        &["PLAIN", "wrong", "nobody@example.net"],
    );
    assert!(ran.out.starts_with("refused 535 b'5.7.8 "), "{ran:?}");

    let mut client = SClient::starttls(place.submission, &[]);
    client.ask(HELLO, 250);
    // NUL alice@example.test NUL wrong; NUL nobody NUL wrong.
    for wrong in ["AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw==", "AG5vYm9keQB3cm9uZw=="] {
        let refused = client.ask(&format!("AUTH PLAIN {wrong}"), 535);
        assert_eq!(
            refused, "535 5.7.8 Authentication credentials invalid",
            "whoever it was"
        );
    }
    client.ask("AUTH LOGIN", 334);
    client.ask("YWxpY2VAZXhhbXBsZS50ZXN0", 334);
    let last = client.ask("d3Jvbmc=", 421);
    assert!(last.starts_with("421 4.7.0 "), "{last}");
    client.ended();

    // Those who try once do not lock the user out.
    let ran = python(
        LOG_IN,
        place.submission,
        &["LOGIN", PASSWORD, "bob@elsewhere.example.org"],
    );
    assert!(ran.out.starts_with("(235, "), "{ran:?}");
}

#[test]
fn a_password_is_nowhere_to_be_found() {
    if let Some(why) = openssl_missing() {
        return skip_or_fail("TLS", why);
    }
    let place = Place::new();
    for way in ["PLAIN", "LOGIN"] {
        python(
            LOG_IN,
            place.submission,
            &[way, PASSWORD, "bob@elsewhere.example.org"],
        );
    }
    // Where a client says it at the wrong moment or in the wrong words, too.
    let mut gateway = place.gateway;
    let mut smtp = Smtp::connect(place.submission);
    smtp.send(format!("{HELLO}\r\nAUTH PLAIN {PLAIN}\r\nAUTH LOGIN\r\n{ENCODED}\r\n").as_bytes());
    smtp.send(format!("AUTH PLAIN\r\n{PLAIN}\r\nSTARTTLS\r\nAUTH PLAIN {PLAIN}\r\n").as_bytes());
    smtp.close();
    smtp.rest().expect("it is closed");
    let mut client = SClient::starttls(place.submission, &[]);
    client.ask(HELLO, 250);
    client.ask(&format!("AUTH PLAIN {PLAIN} {PLAIN}"), 501);
    client.ask(&format!("AUTH CRAM-MD5 {PLAIN}"), 504);
    client.ask("AUTH LOGIN", 334);
    client.ask("YWxpY2VAZXhhbXBsZS50ZXN0", 334);
    client.ask(&format!("{ENCODED}?"), 501);
    client.quit();

    let mut log_ins = 0;
    for icid in 1..=icids(&gateway) {
        let detail = gateway.connection(&icid.into());
        let shown = gateway.cli(&["show", "ICID", &icid.to_string()]).ended(0).out;
        for secret in [PASSWORD, PLAIN, ENCODED] {
            assert!(!detail.to_string().contains(secret), "{detail:#}");
            assert!(!shown.contains(secret), "{shown}");
        }
        log_ins += usize::from(shown.contains("C: AUTH "));
    }
    assert_eq!(log_ins, 4, "that somebody logged in, or tried to, is on record");
    found_nowhere(&gateway);
    gateway.stop();
    found_nowhere(&gateway);
}

/// The connections so far.
#[track_caller]
fn icids(gateway: &Gateway) -> u64 {
    let log = fs::read_to_string(gateway.data_dir.join("logs/mail_logs")).expect("a log");
    let numbers = log.lines().filter_map(|line| {
        line.split_once("New SMTP ICID ")?
            .1
            .split(' ')
            .next()?
            .parse()
            .ok()
    });
    numbers.max().unwrap_or(0)
}

/// Looks through every octet that the gateway wrote.
#[track_caller]
fn found_nowhere(gateway: &Gateway) {
    let said = gateway.stderr();
    for secret in [PASSWORD, PLAIN, ENCODED] {
        assert!(!said.contains(secret), "{said}");
        let files = holding(&gateway.data_dir, secret.as_bytes());
        assert!(files.is_empty(), "{secret} is in {files:?}");
    }
}

/// The files below a directory that have these octets in them.
fn holding(directory: &Path, octets: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, octets));
        } else if fs::read(&path).is_ok_and(|held| held.windows(octets.len()).any(|window| window == octets))
        {
            found.push(path.display().to_string());
        }
    }
    found
}
