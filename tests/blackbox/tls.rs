//! Promise: whoever can speak TLS is spoken to in TLS, with the certificate that they can check, out of the box; what
//! came of it is on record. The client is OpenSSL's.

use crate::harness::{
    ECDSA, Gateway, NextHop, Options, RSA, SClient, Smtp, certificate, message, openssl_missing, own_address,
    scratch, signed_certificate, skip, skip_or_fail, soon,
};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the daemon says after a reload.
const IN_FORCE: &str = " is in force (";
const HELLO: &str = "EHLO client.example.com";

/// Whether there is no OpenSSL here, which was said then.
fn without_openssl() -> bool {
    let missing = openssl_missing();
    if let Some(why) = missing {
        skip_or_fail("TLS", why);
    }
    missing.is_some()
}

/// One message in TLS; its MID.
#[track_caller]
fn mail_in_tls(gateway: &Gateway, arguments: &[&str]) -> u64 {
    let mut client = SClient::starttls(gateway.smtp(), arguments);
    client.ask(HELLO, 250);
    let mid = client.accepted(
        "carol@partner.example.com",
        "alice@example.test",
        &message("in TLS"),
    );
    client.quit();
    mid
}

/// The facts about TLS of a message that was delivered.
#[track_caller]
fn tls_of(gateway: &Gateway, mid: u64) -> Value {
    let detail = gateway.message_is(mid, "delivered");
    detail["facts"]["tls"].clone()
}

/// What s_client tells of a handshake.
#[track_caller]
fn handshake(gateway: &Gateway, arguments: &[&str]) -> String {
    let mut client = SClient::starttls(gateway.smtp(), arguments);
    client.ask(HELLO, 250);
    client.quit()
}

fn tls_table(certificates: &[&PathBuf], more: &str) -> String {
    format!("[tls]\ncertificates = {certificates:?}\n{more}")
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn it_is_there_out_of_the_box_and_told_everywhere() {
    if without_openssl() {
        return;
    }
    let hop = NextHop::start();
    let mut gateway = Options::new(&hop).top("driver = \"epoll\"").start();
    let made = fs::read(gateway.data_dir.join("keys/tls.pem")).expect("made at the first start");
    told_everywhere(&gateway, &hop);
    gateway.stop();
    gateway.again();
    let kept = fs::read(gateway.data_dir.join("keys/tls.pem")).expect("it is kept");
    assert_eq!(made, kept, "those who pinned it go on knowing us");
    mail_in_tls(&gateway, &[]);
}

#[test]
fn it_is_the_same_over_io_uring() {
    if without_openssl() {
        return;
    }
    let hop = NextHop::start();
    let mut gateway = Options::new(&hop).top("driver = \"io_uring\"").prepare();
    gateway.launch();
    if let Err(said) = gateway.try_until_ready() {
        assert!(said.contains("a ring cannot be made"), "{said}");
        return skip("io_uring", &format!("this kernel or sandbox forbids it: {said}"));
    }
    told_everywhere(&gateway, &hop);
}

/// One message over each version, and all that tells of them.
#[track_caller]
fn told_everywhere(gateway: &Gateway, hop: &NextHop) {
    let rows = [
        ("-tls1_2", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("-tls1_3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ];
    for (at, (argument, version, cipher)) in rows.into_iter().enumerate() {
        let mid = mail_in_tls(gateway, &[argument, "-servername", "mx.example.test"]);
        let tls = tls_of(gateway, mid);
        assert_eq!(tls["version"], version);
        assert_eq!(tls["cipher"], cipher);
        assert_eq!(tls["server_name"], "mx.example.test");
        assert_eq!(tls["client_certificate"], Value::Null);
        let delivered = hop.wait_for(at + 1).pop().expect("so many").text();
        let received = format!("with ESMTPS id {mid}");
        let secured = format!("(version={version} cipher={cipher})");
        assert!(
            delivered.contains(&received) && delivered.contains(&secured),
            "{delivered}"
        );
        let logged = format!("TLS success protocol {version} cipher {cipher}");
        soon("it is in mail_logs", || {
            let log = fs::read_to_string(gateway.data_dir.join("logs/mail_logs")).ok()?;
            log.contains(&logged).then_some(())
        });
        let shown = gateway.cli(&["show", "MID", &mid.to_string()]).ended(0).out;
        let said = format!("{version}, {cipher}, asked for mx.example.test");
        assert!(shown.contains(&said), "{shown}");
    }
    let plain = gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("plain"),
    );
    assert_eq!(
        tls_of(gateway, plain),
        Value::Null,
        "and nothing where there was none"
    );
}

#[test]
fn the_name_picks_the_certificate_and_the_abilities_pick_the_key() {
    if without_openssl() {
        return;
    }
    let (hop, home) = (NextHop::absent(), scratch());
    let ecdsa = certificate(home.path(), "mx.example.test", ECDSA);
    let rsa = certificate(home.path(), "mx.example.test", RSA);
    let other = certificate(home.path(), "mx.example.org", RSA);
    let gateway = Options::new(&hop)
        .tables(&tls_table(&[&ecdsa, &rsa, &other], ""))
        .start();
    let rows: [(&[&str], &str, &str); 5] = [
        (&["-noservername"], "subject=CN = mx.example.test", "ECDSA"),
        (
            &["-servername", "mx.example.org"],
            "subject=CN = mx.example.org",
            "RSA-PSS",
        ),
        (
            &["-servername", "MX.example.test"],
            "subject=CN = mx.example.test",
            "ECDSA",
        ),
        (
            &[
                "-servername",
                "mx.example.test",
                "-sigalgs",
                "rsa_pss_rsae_sha256",
            ],
            "subject=CN = mx.example.test",
            "RSA-PSS",
        ),
        (
            &[
                "-servername",
                "nobody.example",
                "-tls1_2",
                "-cipher",
                "ECDHE-RSA-AES128-GCM-SHA256",
            ],
            "subject=CN = mx.example.test",
            "RSA-PSS",
        ),
    ];
    for (arguments, subject, signature) in rows {
        let told = handshake(&gateway, arguments);
        let signature = format!("Peer signature type: {signature}\n");
        assert!(
            told.contains(subject) && told.contains(&signature),
            "{arguments:?}: {told}"
        );
    }
}

#[test]
fn sessions_are_resumed_across_a_reload() {
    if without_openssl() {
        return;
    }
    let (hop, home) = (NextHop::absent(), scratch());
    let gateway = Gateway::start(&hop);
    for version in ["-tls1_2", "-tls1_3"] {
        let session = home.path().join(version);
        let session = text_of(&session);
        let name = ["-servername", "mx.example.test", version];
        let first = handshake(&gateway, &[&name[..], &["-sess_out", session]].concat());
        assert!(first.contains("\nNew, TLSv1."), "{first}");
        let again = handshake(&gateway, &[&name[..], &["-sess_in", session]].concat());
        assert!(again.contains("\nReused, TLSv1."), "{again}");
        reload(&gateway);
        let behind = handshake(&gateway, &[&name[..], &["-sess_in", session]].concat());
        assert!(behind.contains("\nReused, TLSv1."), "{behind}");
    }
}

/// Reads the configuration again, and waits until it is in force.
#[track_caller]
fn reload(gateway: &Gateway) {
    let before = gateway.stderr().matches(IN_FORCE).count();
    gateway.cli(&["reload"]).ended(0);
    soon("it is in force", || {
        (gateway.stderr().matches(IN_FORCE).count() > before).then_some(())
    });
}

/// What the daemon has said, once it has said this.
#[track_caller]
fn heard(gateway: &Gateway, what: &str) -> String {
    soon(&format!("the daemon says {what}"), || {
        Some(gateway.stderr()).filter(|said| said.contains(what))
    })
}

#[test]
fn certificates_are_exchanged_while_mail_flows_and_a_bad_one_changes_nothing() {
    if without_openssl() {
        return;
    }
    let (hop, home) = (NextHop::start(), scratch());
    let file = certificate(home.path(), "mx.example.test", ECDSA);
    let gateway = Options::new(&hop).tables(&tls_table(&[&file], "")).start();
    let mut open = SClient::starttls(gateway.smtp(), &[]);
    open.ask(HELLO, 250);

    let renewed = certificate(home.path(), "renewed.example.test", RSA);
    fs::copy(&renewed, &file).expect("a file");
    assert!(
        handshake(&gateway, &[]).contains("CN = mx.example.test"),
        "not before the reload"
    );
    reload(&gateway);
    assert!(handshake(&gateway, &[]).contains("CN = renewed.example.test"));

    fs::write(&file, "no certificate\n").expect("a file");
    let refused = gateway.cli(&["reload"]).ended(1).err;
    gateway.hang_up();
    let said = heard(&gateway, "is unchanged:\n");
    for told in [&refused, &said] {
        let (cause, remedy) = (text_of(&file), "must begin with -----BEGIN CERTIFICATE");
        assert!(told.contains(cause) && told.contains(remedy), "{told}");
    }
    assert!(
        handshake(&gateway, &[]).contains("CN = renewed.example.test"),
        "as before"
    );

    // What was open before all of this is as it was.
    open.accepted(
        "carol@partner.example.com",
        "alice@example.test",
        &message("before the reload"),
    );
    open.quit();
}

#[test]
fn what_a_client_certificate_is_worth_is_a_fact_and_no_reason_to_hang_up() {
    if without_openssl() {
        return;
    }
    let (hop, home) = (NextHop::start(), scratch());
    let authority = certificate(home.path(), "authority.example", ECDSA);
    let known = signed_certificate(home.path(), "partner.example.com", &authority);
    let stranger = certificate(home.path(), "stranger.example.net", RSA);
    let more = format!("ask_client_certificate = true\nclient_authorities = {authority:?}\n");
    let gateway = Options::new(&hop).tables(&tls_table(&[], &more)).start();
    let of = |version: &str, shown: Option<&Path>| {
        let mut arguments = vec![version];
        if let Some(file) = shown {
            arguments.extend(["-cert", text_of(file), "-key", text_of(file)]);
        }
        let tls = tls_of(&gateway, mail_in_tls(&gateway, &arguments));
        tls["client_certificate"].clone()
    };
    for version in ["-tls1_2", "-tls1_3"] {
        assert_eq!(of(version, None), Value::Null, "none was shown");
        let seen = of(version, Some(&known));
        assert_eq!(seen["subject"], "CN=partner.example.com");
        assert_eq!(seen["verified"], true, "{seen}");
        let seen = of(version, Some(&stranger));
        assert_eq!(seen["subject"], "CN=stranger.example.net");
        assert_eq!(seen["verified"], false, "{seen}");
    }
}

#[test]
fn where_tls_is_required_nothing_is_taken_in_the_clear() {
    if without_openssl() {
        return;
    }
    let hop = NextHop::start();
    let strict = own_address();
    let tables = format!(
        "[[sender_group]]\nname = \"PARTNERS\"\nhosts = [\"{strict}\"]\npolicy = \"STRICT\"\n\
         [[flow_policy]]\nname = \"STRICT\"\ntls = \"required\"\n"
    );
    let gateway = Options::new(&hop).tables(&tables).start();
    let mut smtp = Smtp::raw_from(strict, gateway.smtp());
    smtp.expect(220);
    smtp.ask(HELLO, 250);
    for line in ["MAIL FROM:<carol@partner.example.com>", "VRFY alice", "RSET"] {
        smtp.line(line);
        let reply = smtp.reply();
        let may_be_asked = line == "RSET" && reply.code == 250;
        assert!(
            may_be_asked || reply.text().starts_with("530 5.7.0 "),
            "{}",
            smtp.said()
        );
    }
    smtp.ask("NOOP", 250);
    smtp.ask("QUIT", 221);
    let mid = mail_in_tls(&gateway, &["-bind", &format!("{strict}:0")]);
    assert_eq!(tls_of(&gateway, mid)["version"], "TLSv1.3");
    // It is the group's policy, and nobody else's.
    gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("in the clear"),
    );
}

#[test]
fn a_listener_may_begin_with_tls_or_have_none() {
    if without_openssl() {
        return;
    }
    let (hop, implicit, off, none) = (NextHop::start(), own_address(), own_address(), own_address());
    let tables = format!(
        "[[listener]]\nname = \"submissions\"\naddress = \"{implicit}:2465\"\ntls = \"implicit\"\n\
         [[listener]]\nname = \"off\"\naddress = \"{off}:2525\"\ntls = \"off\"\n\
         [[listener]]\nname = \"none\"\naddress = \"{none}:2525\"\npolicy = \"CLEAR\"\n\
         [[flow_policy]]\nname = \"CLEAR\"\ntls = \"none\"\n"
    );
    let gateway = Options::new(&hop).tables(&tables).start();

    let mut client = SClient::implicit(SocketAddr::from((implicit, 2465)), &[]);
    client.ask(HELLO, 250);
    assert!(!client.printed().contains("STARTTLS"), "{}", client.printed());
    client.ask("STARTTLS", 503);
    let mid = client.accepted(
        "carol@partner.example.com",
        "alice@example.test",
        &message("implicit"),
    );
    client.quit();
    assert_eq!(tls_of(&gateway, mid)["version"], "TLSv1.3");

    for address in [off, none] {
        let mut smtp = Smtp::connect(SocketAddr::from((address, 2525)));
        let offered = smtp.ask(HELLO, 250).lines.join("\n");
        assert!(!offered.contains("STARTTLS"), "{offered}");
        smtp.line("STARTTLS");
        smtp.expect_text("502 5.5.1 ");
        smtp.accepted(
            "carol@partner.example.com",
            &["alice@example.test"],
            &message("in the clear"),
        );
    }
}

/// The kinds of the incidents of the one connection that was refused or lost.
fn incidents(detail: &Value) -> Vec<&str> {
    let all = detail["incidents"].as_array().expect("a list");
    all.iter().filter_map(|one| one["kind"].as_str()).collect()
}

/// The connection that came from this address, once its end is on record.
#[track_caller]
fn connection_from(gateway: &Gateway, source: std::net::Ipv4Addr) -> Value {
    let icid = soon("the connection is in mail_logs", || {
        let log = fs::read_to_string(gateway.data_dir.join("logs/mail_logs")).ok()?;
        let line = log
            .lines()
            .find(|line| line.contains(&format!(" address {source} ")))?;
        let (_, rest) = line.split_once(" ICID ")?;
        rest.split(' ').next()?.parse::<u64>().ok()
    });
    gateway.connection(&Value::from(icid))
}

#[test]
fn commands_behind_starttls_are_thrown_away() {
    let (hop, source) = (NextHop::start(), own_address());
    let gateway = Gateway::start(&hop);
    let mut smtp = Smtp::raw_from(source, gateway.smtp());
    smtp.expect(220);
    smtp.ask(HELLO, 250);
    smtp.send(b"STARTTLS\r\nMAIL FROM:<mallory@abuse.example.net>\r\nRCPT TO:<alice@example.test>\r\n");
    smtp.expect_text("220 2.0.0 ");
    // A hello that is none: what was injected is not one either.
    smtp.send(b"NOOP\r\n");
    let rest = smtp.rest().expect("closed");
    assert!(
        !rest.starts_with(b"250"),
        "nothing is answered in the clear: {rest:?}"
    );
    let detail = connection_from(&gateway, source);
    assert_eq!(
        incidents(&detail),
        ["starttls-injection", "tls-failed"],
        "{detail}"
    );
    let injected = detail["incidents"][0]["detail"].as_str().expect("a text");
    assert!(injected.contains("mallory@abuse.example.net"), "{injected}");
    let icid = detail["row"]["icid"].to_string();
    let shown = gateway.cli(&["show", "ICID", &icid]).ended(0).out;
    assert!(shown.contains("starttls-injection"), "{shown}");
}

#[test]
fn what_is_no_handshake_ends_the_connection_and_nothing_else() {
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    let rows: [(&[u8], &str); 3] = [
        (b"EHLO again.example.com\r\n", "still in the clear"),
        (&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], "a hello of one octet"),
        (&[0; 600], "noughts"),
    ];
    for (octets, reason) in rows {
        let source = own_address();
        let mut smtp = Smtp::raw_from(source, gateway.smtp());
        smtp.expect(220);
        smtp.ask(HELLO, 250);
        smtp.ask("STARTTLS", 220);
        smtp.send(octets);
        let rest = smtp
            .rest()
            .unwrap_or_else(|why| panic!("{reason}: not closed: {why}"));
        assert!(rest.len() <= 7, "{reason}: an alert at most, but {rest:?}");
        let detail = connection_from(&gateway, source);
        assert_eq!(incidents(&detail), ["tls-failed"], "{reason}: {detail}");
        assert_eq!(detail["disconnected"]["tls"], Value::Null);
    }
    gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("behind all"),
    );
}
