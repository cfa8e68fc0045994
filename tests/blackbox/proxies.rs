//! Promise: a proxy that is trusted says who the client is, and that client's rules hold; nobody else's word counts.

use crate::harness::{Gateway, NextHop, Options, Smtp, message, own_address, python, soon};
use serde_json::Value;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What stands for these in the tables below: a client that is blocked, one that relays, one that is closed on.
const GROUPS: &str = "\
[[sender_group]]
name = \"BLACKLIST\"
hosts = [\"192.0.2.66\", \"2001:db8::66\"]
policy = \"BLOCKED\"
[[sender_group]]
name = \"RELAYLIST\"
hosts = [\"192.0.2.25\"]
policy = \"RELAY\"
[[sender_group]]
name = \"SHUNNED\"
hosts = [\"192.0.2.99\"]
policy = \"SHUN\"
[[flow_policy]]
name = \"SHUN\"
access = \"refuse\"
";

/// Speaks from the address in `sys.argv[3]` with a header in front of TLS: in one packet with its first octets.
const IN_FRONT_OF_TLS: &str = "
import socket
raw = socket.create_connection((host, port), 30, (sys.argv[3], 0))
come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = anyone.wrap_bio(come, go, server_hostname='mx.example.test')
first = b'PROXY TCP4 192.0.2.25 198.51.100.1 40000 465\\r\\n'
def until_done(step):
    global first
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            raw.sendall(first + go.read())
            first = b''
            come.write(raw.recv(65536))
until_done(tls.do_handshake)
print(until_done(lambda: tls.read(1000)).decode())
tls.write(b'EHLO proxy.example.com\\r\\nMAIL FROM:<a@example.test>\\r\\nRCPT TO:<b@elsewhere.example.org>\\r\\nQUIT\\r\\n')
heard = ''
while '221 ' not in heard:
    heard += until_done(lambda: tls.read(65536)).decode()
print(heard)
";

/// A gateway that trusts one address with this key, and that address.
fn place(key: &str) -> (Gateway, NextHop, Ipv4Addr) {
    let (hop, proxy) = (NextHop::start(), own_address());
    let gateway = Options::new(&hop)
        .listener(&format!("{key} = [\"{proxy}\"]"))
        .tables(GROUPS)
        .start();
    (gateway, hop, proxy)
}

/// The header of version 2 (section 2.2) of a connection over TCP.
fn version_2(client: IpAddr, port: u16) -> Vec<u8> {
    let (family, addresses) = match client {
        IpAddr::V4(client) => (0x11, [client.octets(), [198, 51, 100, 1]].concat()),
        IpAddr::V6(client) => (
            0x21,
            [client.octets(), Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets()].concat(),
        ),
    };
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    header.push(family);
    header.extend(
        u16::try_from(addresses.len() + 4)
            .expect("36 at most")
            .to_be_bytes(),
    );
    header.extend(addresses);
    header.extend([port.to_be_bytes(), 25_u16.to_be_bytes()].concat());
    header
}

/// One connection through the proxy, up to the banner.
#[track_caller]
fn through(gateway: &Gateway, proxy: Ipv4Addr, header: &[u8]) -> Smtp {
    let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
    smtp.send(header);
    smtp.expect(220);
    smtp
}

/// Sends a message; the connection that it came by, and the message.
#[track_caller]
fn mail(gateway: &Gateway, mut smtp: Smtp) -> (Value, Value) {
    smtp.ask("EHLO client.example.com", 250);
    let mid = smtp.accepted(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("named"),
    );
    smtp.ask("QUIT", 221);
    let detail = gateway.message_is(mid, "delivered");
    (gateway.connection(&detail["row"]["icid"]), detail)
}

/// The last connection that mail_logs tells of.
#[track_caller]
fn connection_of(gateway: &Gateway, address: &str) -> Value {
    let icid = soon("the connection is in mail_logs", || {
        let log = fs::read_to_string(gateway.data_dir.join("logs/mail_logs")).ok()?;
        let line = log
            .lines()
            .rfind(|line| line.contains(&format!(" address {address} ")))?;
        line.split_once(" ICID ")?
            .1
            .split(' ')
            .next()?
            .parse::<u64>()
            .ok()
    });
    gateway.connection(&Value::from(icid))
}

#[test]
fn a_proxy_header_names_the_client() {
    let (gateway, _hop, proxy) = place("proxy_protocol");
    let (v4, v6): (IpAddr, IpAddr) = ("192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap());
    let rows = [
        (
            b"PROXY TCP4 192.0.2.8 198.51.100.1 40000 25\r\n".to_vec(),
            "192.0.2.8",
            "version 1",
        ),
        (
            b"PROXY TCP6 2001:db8::8 2001:db8::1 40000 25\r\n".to_vec(),
            "2001:db8::8",
            "version 1, IPv6",
        ),
        (version_2(v4, 40_000), "192.0.2.7", "version 2"),
        (version_2(v6, 40_000), "2001:db8::7", "version 2, IPv6"),
    ];
    for (header, client, reason) in rows {
        let (connection, detail) = mail(&gateway, through(&gateway, proxy, &header));
        assert_eq!(detail["row"]["ip"], client, "{reason}");
        assert_eq!(connection["proxy"], proxy.to_string(), "{reason}: {connection}");
        assert_eq!(
            gateway.tracked(&["--ip", client])["mid"],
            detail["row"]["mid"],
            "{reason}"
        );
        let icid = connection["row"]["icid"].to_string();
        let shown = gateway.cli(&["show", "ICID", &icid]).ended(0).out;
        assert!(
            shown.contains(&format!("{proxy} named the client")),
            "{reason}: {shown}"
        );
    }
    // Those that speak for nobody are the proxy's own.
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let (connection, detail) = mail(&gateway, through(&gateway, proxy, header));
        assert_eq!(detail["row"]["ip"], proxy.to_string());
        assert_eq!(connection["proxy"], Value::Null);
    }
}

#[test]
fn a_header_stands_in_front_of_tls() {
    let (hop, own, proxy) = (NextHop::absent(), own_address(), own_address());
    let listener = format!(
        "[[listener]]\nname = \"submissions\"\naddress = \"{own}:2465\"\ntls = \"implicit\"\n\
         proxy_protocol = [\"{proxy}\"]\n"
    );
    let gateway = Options::new(&hop).tables(GROUPS).tables(&listener).start();
    let address = SocketAddr::from((own, 2465));
    let ran = python(IN_FRONT_OF_TLS, address, &[&proxy.to_string()]);
    assert!(ran.out.starts_with("220 mx.example.test "), "{ran:?}");
    assert!(
        ran.out.contains("\n250 2.1.5 "),
        "the named client may relay: {ran:?}"
    );
    let detail = connection_of(&gateway, "192.0.2.25");
    assert_eq!(detail["proxy"], proxy.to_string());
    assert_eq!(detail["tls"]["server_name"], "mx.example.test", "{detail}");
}

#[test]
fn the_named_clients_group_counts() {
    let (gateway, hop, proxy) = place("proxy_protocol");
    let header = |client: &str| format!("PROXY TCP4 {client} 198.51.100.1 40000 25\r\n").into_bytes();

    let mut blocked = through(&gateway, proxy, &header("192.0.2.66"));
    blocked.ask("EHLO client.example.com", 250);
    blocked.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    blocked.line("RCPT TO:<alice@example.test>");
    blocked.expect_text("554 5.7.1 ");
    blocked.ask("QUIT", 221);
    let row = gateway.tracked(&["--rejected", "--ip", "192.0.2.66"]);
    let detail = gateway.connection(&row["icid"]);
    assert_eq!(detail["classification"]["sender_group"], "BLACKLIST", "{detail}");

    let mut relays = through(&gateway, proxy, &header("192.0.2.25"));
    relays.ask("EHLO client.example.com", 250);
    relays.accepted(
        "alice@example.test",
        &["bob@elsewhere.example.org"],
        &message("relayed"),
    );
    relays.ask("QUIT", 221);
    hop.wait_for_text("Subject: relayed");

    let mut shunned = Smtp::raw_from(proxy, gateway.smtp());
    shunned.send(&header("192.0.2.99"));
    shunned.expect_closed();
}

#[test]
fn a_header_from_elsewhere_is_not_obeyed() {
    let (gateway, _hop, _proxy) = place("proxy_protocol");
    let rows = [
        (
            b"PROXY TCP4 192.0.2.25 198.51.100.1 40000 25\r\n".to_vec(),
            "untrusted-proxy",
        ),
        (version_2(IpAddr::from([192, 0, 2, 25]), 40_000), "not-smtp"),
    ];
    for (header, incident) in rows {
        let liar = own_address();
        let mut smtp = Smtp::raw_from(liar, gateway.smtp());
        smtp.expect(220);
        smtp.send(&header);
        smtp.line("EHLO client.example.com");
        smtp.expect_text("500 5.5.2 This is SMTP; goodbye");
        smtp.expect_closed();
        let detail = connection_of(&gateway, &liar.to_string());
        assert_eq!(detail["incidents"][0]["kind"], incident, "{detail}");
        assert_eq!(detail["proxy"], Value::Null);
    }
    assert!(gateway.track(&["--rejected", "--ip", "192.0.2.25"]).is_empty());
}

#[test]
fn a_trusted_proxy_without_a_good_header_is_not_talked_to() {
    let (gateway, _hop, proxy) = place("proxy_protocol");
    let rows: [(&[u8], &str); 4] = [
        (b"EHLO client.example.com\r\n", "SMTP at once"),
        (b"PROXY TCP4 192.0.2.300 198.51.100.1 40000 25\r\n", "no address"),
        (
            b"PROXY TCP4 192.0.2.25 198.51.100.1 40000 25\n",
            "half a line end and nothing more",
        ),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04\x01\x02\x03\x04",
            "addresses cut short",
        ),
    ];
    for (octets, reason) in rows {
        let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
        smtp.send(octets);
        smtp.close();
        smtp.expect_text("421 4.7.0 PROXY header expected");
        smtp.expect_closed();
        let detail = connection_of(&gateway, &proxy.to_string());
        let incident = &detail["incidents"][0];
        assert_eq!(incident["kind"], "untrusted-proxy", "{reason}: {detail}");
        let told = incident["detail"].as_str().expect("a text");
        assert!(told.starts_with("no PROXY header: "), "{reason}: {told}");
    }
}

#[test]
fn xclient_names_the_client_and_its_group_counts() {
    let (gateway, hop, proxy) = place("xclient");
    let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
    smtp.expect(220);
    let offered = smtp.ask("EHLO proxy.example.com", 250).lines.join("\n");
    assert!(offered.contains("XCLIENT NAME ADDR"), "{offered}");
    smtp.ask("XCLIENT ADDR=192.0.2.25 PORT=40000 HELO=inside.example.test", 220);
    smtp.ask("EHLO inside.example.test", 250);
    let mid = smtp.accepted(
        "alice@example.test",
        &["bob@elsewhere.example.org"],
        &message("by XCLIENT"),
    );
    smtp.ask("QUIT", 221);
    hop.wait_for_text("Subject: by XCLIENT");
    let detail = gateway.message_is(mid, "delivered");
    assert_eq!(detail["row"]["ip"], "192.0.2.25");
    let connection = gateway.connection(&detail["row"]["icid"]);
    assert_eq!(connection["proxy"], proxy.to_string());
    assert_eq!(connection["classification"]["sender_group"], "RELAYLIST");

    // From one who may relay to one who may not: the rights go with the name.
    let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
    smtp.expect(220);
    smtp.ask("XCLIENT ADDR=192.0.2.25", 220);
    smtp.ask("XCLIENT ADDR=IPV6:2001:db8::66", 220);
    smtp.ask("EHLO client.example.com", 250);
    smtp.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    smtp.line("RCPT TO:<alice@example.test>");
    smtp.expect_text("554 5.7.1 ");
    smtp.ask("QUIT", 221);
    gateway.tracked(&["--rejected", "--ip", "2001:db8::66"]);
}

#[test]
fn xclient_for_a_client_that_is_not_talked_to_ends_the_conversation() {
    let (gateway, hop, proxy) = place("xclient");
    let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
    smtp.expect(220);
    smtp.send(b"XCLIENT ADDR=192.0.2.99\r\nEHLO client.example.com\r\nMAIL FROM:<>\r\n");
    smtp.expect_text("554 5.7.1 ");
    smtp.expect_closed();
    let row = gateway.tracked(&["--rejected", "--ip", "192.0.2.99"]);
    assert_eq!(
        gateway.connection(&row["icid"])["classification"]["sender_group"],
        "SHUNNED"
    );
    assert!(hop.delivered().is_empty());
}

#[test]
fn xclient_from_elsewhere_is_refused() {
    let (gateway, _hop, _proxy) = place("xclient");
    let mut smtp = Smtp::connect(gateway.smtp());
    let offered = smtp.ask("EHLO client.example.com", 250).lines.join("\n");
    assert!(!offered.contains("XCLIENT"), "{offered}");
    smtp.line("XCLIENT ADDR=192.0.2.25");
    smtp.expect_text("550 5.7.1 ");
    smtp.ask("MAIL FROM:<mallory@abuse.example.net>", 250);
    smtp.line("RCPT TO:<victim@elsewhere.example.org>");
    smtp.expect_text("550 5.7.1 ");
    smtp.ask("QUIT", 221);
}

#[test]
fn a_client_behind_a_proxy_is_not_trusted_because_the_proxy_is() {
    let (hop, proxy) = (NextHop::start(), own_address());
    let gateway = Options::new(&hop)
        .listener(&format!(
            "proxy_protocol = [\"{proxy}\"]\nxclient = [\"{proxy}\"]"
        ))
        .tables(GROUPS)
        .start();
    let mut smtp = Smtp::raw_from(proxy, gateway.smtp());
    smtp.send(b"PROXY TCP4 203.0.113.5 198.51.100.1 40000 25\r\n");
    smtp.expect(220);
    let offered = smtp.ask("EHLO client.example.com", 250).lines.join("\n");
    assert!(!offered.contains("XCLIENT"), "{offered}");
    smtp.line("XCLIENT ADDR=192.0.2.25");
    smtp.expect_text("550 5.7.1 ");
}
