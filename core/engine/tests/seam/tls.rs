//! TLS over the network in memory, against rustls' own client: handshakes, certificates of both sides, resumption,
//! octets, and every way to end.

use crate::simulated::in_simulation;
use crate::tls_peer::{
    Client, ECDSA, ED25519, Heard, Identity, RSA, TLS12, TLS13, Wishes, authority, params,
};
use bytes::{Bytes, BytesMut};
use postern_engine::link::Link;
use postern_engine::net::sim::{SimConn, SimNet};
use postern_engine::net::{Conn, Listener, Net};
use postern_engine::policy::{CertificateFiles, Tls};
use postern_engine::tls::{ServerTls, TlsConn, TlsFailure};
use postern_vocab::{ClientCertificate, TlsFacts};
use rustls::{ClientConfig, HandshakeKind};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PIECES: [usize; 3] = [1, 7, 1000];
const NAME: &str = "mx.example.test";

/// On the clock that jumps: a test that waits for what never comes fails.
fn in_time(test: impl AsyncFnOnce()) {
    in_simulation(async || {
        let limit = Duration::from_secs(3_600);
        tokio::time::timeout(limit, test())
            .await
            .expect("it comes to its end");
    });
}

/// One self-signed certificate, and nothing asked of the client.
fn server(directory: &Path) -> ServerTls {
    let own = Identity::new(directory, "own.pem", &rcgen::PKCS_ECDSA_P256_SHA256, &[NAME]);
    ServerTls::new(&Tls::default(), &own.files).expect("good certificates")
}

fn nothing() -> CertificateFiles {
    CertificateFiles {
        certificate: "/nowhere/tls.pem".into(),
        key: "/nowhere/tls.pem".into(),
    }
}

/// Both ends of a connection.
async fn ends(piece: usize) -> (SimConn, SimConn) {
    let net = SimNet::with_piece(piece);
    let address = SocketAddr::from(([127, 0, 0, 1], 25));
    let listener = net.listen(address);
    let client = net.connect(address).await.expect("connected");
    (client, listener.accept().await.expect("accepted"))
}

type Accepted = Result<(TlsConn<SimConn>, TlsFacts), TlsFailure>;

async fn shake_hands(
    piece: usize,
    tls: &ServerTls,
    (config, name): (&Arc<ClientConfig>, &str),
) -> (Accepted, Result<Client, String>) {
    let (near, far) = ends(piece).await;
    let settings = tls.in_force();
    tokio::join!(
        TlsConn::accept(Rc::new(far), &settings, b""),
        Client::new(near, config, name).handshake()
    )
}

async fn connected(
    piece: usize,
    tls: &ServerTls,
    config: &Arc<ClientConfig>,
) -> (TlsConn<SimConn>, TlsFacts, Client) {
    let (accepted, client) = shake_hands(piece, tls, (config, NAME)).await;
    let (conn, facts) = accepted.expect("the server agrees");
    (conn, facts, client.expect("the client agrees"))
}

/// What the server receives up to `wanted` octets, in buffers of `room`.
async fn receive(conn: &impl Conn, wanted: usize, room: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < wanted {
        let (received, buffer) = conn.receive(BytesMut::with_capacity(room)).await;
        assert_eq!(received.expect("it stands"), buffer.len());
        assert!(!buffer.is_empty(), "the end after {} octets", all.len());
        all.extend_from_slice(&buffer);
    }
    all
}

async fn receive_end(conn: &impl Conn) -> std::io::Result<usize> {
    conn.receive(BytesMut::with_capacity(100)).await.0
}

fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|index| (index % 251) as u8).collect()
}

#[test]
fn both_versions_in_pieces_of_any_size() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        for (versions, version, suite) in [
            (TLS12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_"),
            (TLS13, "TLSv1.3", "TLS_AES_"),
        ] {
            let wishes = Wishes {
                versions,
                ..Wishes::default()
            };
            let config = wishes.config();
            for piece in PIECES {
                let (conn, facts, mut client) = connected(piece, &tls, &config).await;
                assert_eq!(facts.version, version);
                assert!(facts.cipher.starts_with(suite), "{}", facts.cipher);
                assert_eq!(facts.server_name.as_deref(), Some(NAME));
                assert_eq!(facts.client_certificate, None);
                let banner = vec![
                    Bytes::from_static(b"220 "),
                    Bytes::new(),
                    Bytes::from_static(b"hello\r\n"),
                ];
                conn.send(banner).await.expect("sent");
                assert_eq!(client.read_all(11).await, b"220 hello\r\n");
                client.write(b"EHLO client.example\r\n").await;
                assert_eq!(receive(&conn, 21, 512).await, b"EHLO client.example\r\n");
            }
        }
    });
}

#[test]
fn what_was_received_before_the_handshake_belongs_to_it() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (near, far) = ends(1000).await;
        let mut client = Client::new(near, &Wishes::default().config(), NAME);
        client.flush().await;
        let (_, early) = far.receive(BytesMut::with_capacity(100)).await;
        let settings = tls.in_force();
        let (accepted, client) = tokio::join!(
            TlsConn::accept(Rc::new(far), &settings, &early),
            client.handshake()
        );
        assert!(accepted.is_ok() && client.is_ok());
    });
}

#[test]
fn the_certificate_is_chosen_by_name_and_by_signature() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path();
        let ours = [
            Identity::new(place, "rsa.pem", &rcgen::PKCS_RSA_SHA256, &[NAME]),
            Identity::new(place, "ecdsa.pem", &rcgen::PKCS_ECDSA_P256_SHA256, &[NAME]),
            Identity::new(
                place,
                "other.pem",
                &rcgen::PKCS_ECDSA_P256_SHA256,
                &["*.example.net"],
            ),
        ];
        let tls = Tls {
            certificates: ours.iter().map(|one| one.files.clone()).collect(),
            ..Tls::default()
        };
        let tls = ServerTls::new(&tls, &nothing()).expect("good certificates");
        let rows = [
            (NAME, RSA, 0, "the RSA one of this name"),
            (NAME, ECDSA, 1, "the ECDSA one of the same name"),
            ("in.example.net", ECDSA, 2, "another name"),
            ("in.example.net", RSA, 0, "no RSA one of that name"),
            (
                "unknown.example",
                ECDSA,
                1,
                "an unknown name: the first that fits",
            ),
            (
                "192.0.2.1",
                RSA,
                0,
                "an address is no name that a client asks for",
            ),
        ];
        for versions in [TLS12, TLS13] {
            for (name, schemes, expected, reason) in rows {
                let wishes = Wishes {
                    versions,
                    schemes,
                    identity: None,
                };
                let (accepted, client) = shake_hands(1000, &tls, (&wishes.config(), name)).await;
                let (_, facts) = accepted.expect("the server agrees");
                let client = client.expect("the client agrees");
                let shown = client.tls.peer_certificates().expect("a certificate");
                assert_eq!(
                    shown,
                    std::slice::from_ref(&ours[expected].certificate),
                    "{name}: {reason}"
                );
                assert_eq!(facts.server_name.is_some(), name != "192.0.2.1");
            }
        }
    });
}

#[test]
fn a_session_is_resumed_by_ticket_also_across_a_reload() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        for versions in [TLS12, TLS13] {
            let tls = server(directory.path());
            let wishes = Wishes {
                versions,
                ..Wishes::default()
            };
            let config = wishes.config();
            for expected in [
                HandshakeKind::Full,
                HandshakeKind::Resumed,
                HandshakeKind::Resumed,
            ] {
                let (conn, facts, mut client) = connected(7, &tls, &config).await;
                assert_eq!(client.tls.handshake_kind(), Some(expected));
                assert_eq!(facts.server_name.as_deref(), Some(NAME), "resumed or not");
                // The tickets come before the first octets.
                conn.send(vec![Bytes::from_static(b"220")]).await.expect("sent");
                client.read_all(3).await;
                let own = Identity::new(
                    directory.path(),
                    "new.pem",
                    &rcgen::PKCS_ECDSA_P256_SHA256,
                    &[NAME],
                );
                tls.reload(&Tls::default(), &own.files)
                    .expect("good certificates");
            }
        }
    });
}

#[test]
fn a_client_may_show_any_certificate_or_none() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path();
        let own = Identity::new(place, "own.pem", &rcgen::PKCS_ECDSA_P256_SHA256, &[NAME]);
        let authority = authority();
        let authorities = place.join("authorities.pem");
        std::fs::write(&authorities, authority.pem()).expect("written");
        let known = Identity::signed(place, "known.pem", &authority);
        let stranger = Identity::new(
            place,
            "stranger.pem",
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &["client.example"],
        );
        let expired = Identity::of(place, "expired.pem", &rcgen::PKCS_ECDSA_P256_SHA256, |key| {
            let mut params = params(&["client.example"]);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
            params.signed_by(key, &authority).expect("a certificate")
        });
        let asks = |client_authorities| Tls {
            ask_client_certificate: true,
            client_authorities,
            ..Tls::default()
        };
        let (trusts, trusts_none, asks_not) = (asks(Some(authorities)), asks(None), Tls::default());
        let rows = [
            (&trusts, Some(&known), Some(true), "signed by an authority"),
            (&trusts, Some(&stranger), Some(false), "self-signed"),
            (&trusts, Some(&expired), Some(false), "out of its time"),
            (&trusts, None, None, "it has none"),
            (&trusts_none, Some(&known), Some(false), "no authority counts"),
            (&asks_not, Some(&known), None, "it is not asked"),
        ];
        for versions in [TLS12, TLS13] {
            for (tls, identity, verified, reason) in rows {
                let tls = ServerTls::new(tls, &own.files).expect("good certificates");
                let wishes = Wishes {
                    versions,
                    identity,
                    ..Wishes::default()
                };
                let config = wishes.config();
                let expected = verified.map(|verified| ClientCertificate {
                    subject: "CN=client.example".to_owned(),
                    verified,
                });
                for resumed in [false, true] {
                    let (conn, facts, mut client) = connected(1000, &tls, &config).await;
                    conn.send(vec![Bytes::from_static(b"220")]).await.expect("sent");
                    client.read_all(3).await;
                    assert_eq!(
                        client.tls.handshake_kind() == Some(HandshakeKind::Resumed),
                        resumed
                    );
                    assert_eq!(facts.client_certificate, expected, "{reason}, resumed: {resumed}");
                }
            }
        }
    });
}

#[test]
fn a_handshake_that_fails_says_why() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let rows: [(&[u8], &str); 5] = [
            (
                b"EHLO client.example\r\n",
                "not TLS: the first octets are EHLO client.exam",
            ),
            (
                b"GET / HTTP/1.1\r\n\r\n",
                "not TLS: the first octets are GET / HTTP/1.1\\x0d\\x0a",
            ),
            (
                b"\x80\x2e\x01\x03\x01\x00\x15",
                "not TLS: the first octets are \\x80.\\x01\\x03\\x01\\x00\\x15",
            ),
            (
                b"\x16\x03\x01\xff\xff",
                "handshake failed: received corrupt message of type MessageTooLarge",
            ),
            (
                b"\x16\x03\x01\x00\x05\x01\xff",
                "peer closed during the handshake",
            ),
        ];
        for (sent, expected) in rows {
            let (near, far) = ends(1000).await;
            near.send(vec![Bytes::from_static(sent)]).await.expect("sent");
            near.shutdown_send();
            let failure = TlsConn::accept(Rc::new(far), &tls.in_force(), b"")
                .await
                .err()
                .expect("no TLS");
            assert_eq!(failure.to_string(), expected);
            let (_, answer) = near.receive(BytesMut::with_capacity(100)).await;
            match failure {
                TlsFailure::Closed => assert!(answer.is_empty(), "nobody is there to be told"),
                _ => assert_eq!(answer[..3], [21, 3, 3], "an alert is sent"),
            }
        }
        for versions in [TLS12, TLS13] {
            let wishes = Wishes {
                versions,
                schemes: ED25519,
                ..Wishes::default()
            };
            let (accepted, client) = shake_hands(1000, &tls, (&wishes.config(), NAME)).await;
            let failure = accepted.err().expect("no TLS").to_string();
            let expected = "no shared signature algorithm: peer can check none of our certificates";
            assert_eq!(failure, expected);
            let told = client.err().expect("no TLS");
            assert_eq!(told, "received fatal alert: AccessDenied");
        }
    });
}

#[test]
fn an_old_version_is_not_spoken() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let wishes = Wishes {
            versions: TLS12,
            ..Wishes::default()
        };
        let (near, far) = ends(1000).await;
        let mut client = Client::new(near, &wishes.config(), NAME);
        let mut hello = Vec::new();
        client.tls.write_tls(&mut hello).expect("a vector takes all");
        // It says TLS 1.0 at both places where a version stands: RFC 5246 §7.4.1.2, RFC 8446 §4.2.1.
        hello[9..11].copy_from_slice(&[3, 1]);
        let extension = [0, 43, 0, 3, 2, 3, 3];
        let at = hello
            .windows(7)
            .position(|part| part == extension)
            .expect("it is there");
        hello[at + 6] = 1;
        client.conn.send(vec![Bytes::from(hello)]).await.expect("sent");
        let accepted = TlsConn::accept(Rc::new(far), &tls.in_force(), b"").await;
        let failure = accepted.err().expect("no TLS").to_string();
        assert_eq!(failure, "no shared version: peer speaks neither TLS 1.2 nor 1.3");
        let told = client.read().await;
        assert_eq!(
            told,
            Heard::Broken("received fatal alert: ProtocolVersion".to_owned())
        );
    });
}

#[test]
fn a_client_may_go_away_at_any_octet_of_the_handshake() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let config = Wishes::default().config();
        for cut in [0, 1, 4, 5, 6, 100, 200] {
            let (near, far) = ends(1000).await;
            let mut client = Client::new(near, &config, NAME);
            let mut hello = Vec::new();
            client.tls.write_tls(&mut hello).expect("a vector takes all");
            hello.truncate(cut);
            client.conn.send(vec![Bytes::from(hello)]).await.expect("sent");
            drop(client);
            let accepted = TlsConn::accept(Rc::new(far), &tls.in_force(), b"").await;
            assert!(
                matches!(accepted.err(), Some(TlsFailure::Closed | TlsFailure::Lost(_))),
                "{cut}"
            );
        }
    });
}

#[test]
fn a_handshake_that_does_not_end_is_cut() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (near, far) = ends(1000).await;
        // A hello of 64 KiB that comes octet by octet, each in a record of its own.
        let begin = b"\x16\x03\x01\x00\x04\x01\x00\xff\xff".to_vec();
        let hello = [begin, b"\x16\x03\x01\x00\x01a".repeat(20_000)].concat();
        let settings = tls.in_force();
        let accepts = TlsConn::accept(Rc::new(far), &settings, b"");
        let (accepted, _) = tokio::join!(accepts, near.send(vec![Bytes::from(hello)]));
        let failure = accepted.err().expect("no TLS").to_string();
        assert_eq!(failure, "a TLS message is too large");
    });
}

#[test]
fn a_mebibyte_each_way_octet_for_octet() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        for versions in [TLS12, TLS13] {
            let wishes = Wishes {
                versions,
                ..Wishes::default()
            };
            let config = wishes.config();
            for (piece, count) in [(1, 40_000), (7, 200_000), (1000, 1 << 20), (1 << 20, 1 << 20)] {
                let all = octets(count);
                let (conn, _, mut client) = connected(piece, &tls, &config).await;
                let there = async {
                    client.write(&all).await;
                    let back = client.read_all(count).await;
                    assert!(back == all, "what came back is another");
                };
                let here = async {
                    let received = receive(&conn, count, 100_000).await;
                    assert!(received == all, "what came is another");
                    let pieces = received.chunks(70_000).map(Bytes::copy_from_slice).collect();
                    conn.send(pieces).await.expect("sent");
                };
                tokio::join!(there, here);
            }
        }
    });
}

#[test]
fn receiving_and_sending_do_not_wait_for_each_other() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let all = octets(1 << 20);
        let (conn, _, mut client) = connected(1000, &tls, &Wishes::default().config()).await;
        let client = async {
            let mut heard = Vec::new();
            for part in all.chunks(10_000) {
                client.write(part).await;
                while client.conn.has_input() {
                    let Heard::Octets(octets) = client.read().await else {
                        break;
                    };
                    heard.extend(octets);
                }
            }
            let rest = client.read_all(all.len() - heard.len()).await;
            heard.extend(rest);
            heard
        };
        let sends = conn.send(all.chunks(3_000).map(Bytes::copy_from_slice).collect());
        let (heard, received, sent) = tokio::join!(client, receive(&conn, all.len(), 5_000), sends);
        sent.expect("sent");
        assert!(heard == all && received == all);
    });
}

#[test]
fn what_is_sent_at_once_leaves_record_by_record() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (conn, _, mut client) = connected(1000, &tls, &Wishes::default().config()).await;
        // The first fills the network, and so waits; the others must not get between its records.
        let large = || conn.send(vec![Bytes::from(octets(200_000))]);
        let (first, second, received) = tokio::join!(large(), large(), async {
            tokio::task::yield_now().await;
            conn.shutdown_send();
            client.read_all(64 * 1024).await
        });
        assert!(
            received.starts_with(&octets(64 * 1024)),
            "the beginning is the first's"
        );
        assert!(first.is_err() && second.is_err(), "goodbye came in between");
        while let Heard::Octets(_) = client.read().await {}
        assert_eq!(
            client.read().await,
            Heard::Closed,
            "and the last record is the goodbye"
        );
    });
}

#[test]
fn a_record_larger_than_the_buffer_is_not_lost() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (conn, _, mut client) = connected(1000, &tls, &Wishes::default().config()).await;
        let all = octets(1_000);
        client.write(&all).await;
        assert_eq!(receive(&conn, 10, 10).await, all[..10]);
        assert!(conn.has_input(), "the rest of the record is there");
        // Sending in between must leave what is not read yet where it is.
        conn.send(vec![Bytes::from_static(b"250")]).await.expect("sent");
        client.write(b"QUIT").await;
        assert_eq!(receive(&conn, 994, 7).await, [&all[10..], b"QUIT"].concat());
        assert_eq!(client.read_all(3).await, b"250");
    });
}

#[test]
fn each_side_says_goodbye_and_a_stream_that_is_cut_off_ends() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        for versions in [TLS12, TLS13] {
            let wishes = Wishes {
                versions,
                ..Wishes::default()
            };
            let config = wishes.config();

            let (conn, _, mut client) = connected(7, &tls, &config).await;
            conn.send(vec![Bytes::from_static(b"221")]).await.expect("sent");
            conn.shutdown_send();
            conn.shutdown_send();
            assert_eq!(client.read_all(3).await, b"221");
            assert_eq!(client.read().await, Heard::Closed, "with close_notify");
            conn.send(vec![Bytes::from_static(b"more")])
                .await
                .expect_err("nothing after goodbye");
            client.write(b"QUIT").await;
            assert_eq!(receive(&conn, 4, 100).await, b"QUIT", "its side is still open");
            client.close().await;
            assert_eq!(receive_end(&conn).await.expect("an end"), 0);
            assert!(conn.has_input(), "the end can be read again");

            let (conn, _, mut client) = connected(7, &tls, &config).await;
            drop(conn);
            assert_eq!(client.read().await, Heard::CutOff, "nothing was said");

            let (conn, _, mut client) = connected(7, &tls, &config).await;
            client.write(b"EHLO").await;
            drop(client);
            assert_eq!(receive(&conn, 4, 100).await, b"EHLO", "what came before is given");
            assert_eq!(receive_end(&conn).await.expect("an end"), 0);
        }
    });
}

#[test]
fn keys_may_change_at_any_time() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (conn, _, mut client) = connected(7, &tls, &Wishes::default().config()).await;
        for _ in 0..3 {
            client.tls.refresh_traffic_keys().expect("the handshake is done");
            client.write(b"NOOP").await;
            assert_eq!(receive(&conn, 4, 512).await, b"NOOP");
            conn.send(vec![Bytes::from_static(b"250")]).await.expect("sent");
            assert_eq!(client.read_all(3).await, b"250");
        }
    });
}

#[test]
fn a_record_that_was_tampered_with_ends_the_connection() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (conn, _, mut client) = connected(7, &tls, &Wishes::default().config()).await;
        client.write(b"NOOP").await;
        let forged = Bytes::from_static(b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        client.conn.send(vec![forged]).await.expect("sent");
        client.write(b"QUIT").await;
        assert_eq!(receive(&conn, 4, 100).await, b"NOOP");
        for _ in 0..2 {
            receive_end(&conn)
                .await
                .expect_err("nothing behind it is believed");
        }
        conn.send(vec![Bytes::from_static(b"250")])
            .await
            .expect_err("it is over");
        assert_eq!(
            client.read().await,
            Heard::Broken("received fatal alert: BadRecordMac".to_owned())
        );
    });
}

#[test]
fn a_receive_that_is_no_longer_wanted_ends() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (conn, _, mut client) = connected(7, &tls, &Wishes::default().config()).await;
        let (ended, ()) = tokio::join!(receive_end(&conn), async { conn.shutdown_receive() });
        assert_eq!(ended.expect("an end"), 0);
        assert_eq!(
            receive_end(&conn).await.expect("an end"),
            0,
            "and so does every later one"
        );
        conn.send(vec![Bytes::from_static(b"421")]).await.expect("sent");
        assert_eq!(client.read_all(3).await, b"421", "it can still be told why");

        let (conn, _, mut client) = connected(7, &tls, &Wishes::default().config()).await;
        client.write(b"NOOP").await;
        assert_eq!(receive(&conn, 1, 1).await, b"N");
        conn.shutdown_receive();
        assert_eq!(
            receive_end(&conn).await.expect("an end"),
            0,
            "even with octets at hand"
        );
    });
}

#[test]
fn a_link_is_upgraded_for_all_who_share_it_and_never_goes_back() {
    in_time(async || {
        let directory = tempfile::tempdir().expect("a directory");
        let tls = server(directory.path());
        let (near, far) = ends(7).await;
        let link = Rc::new(Link::new(far));
        let shared = Rc::clone(&link);
        near.send(vec![Bytes::from_static(b"STARTTLS")])
            .await
            .expect("sent");
        assert_eq!(receive(&*link, 8, 100).await, b"STARTTLS");
        let settings = tls.in_force();
        let config = Wishes::default().config();
        let client = Client::new(near, &config, NAME).handshake();
        let (upgraded, client) = tokio::join!(link.upgrade(&settings, b""), client);
        assert_eq!(upgraded.expect("TLS").version, "TLSv1.3");
        assert!(shared.is_in_tls());
        shared.send(vec![Bytes::from_static(b"421")]).await.expect("sent");
        assert_eq!(client.expect("TLS").read_all(3).await, b"421");

        let (near, far) = ends(7).await;
        let link = Link::new(far);
        near.send(vec![Bytes::from_static(b"EHLO x\r\n")])
            .await
            .expect("sent");
        link.upgrade(&settings, b"").await.expect_err("no TLS");
        link.send(vec![Bytes::from_static(b"250")])
            .await
            .expect_err("nothing in plaintext");
        assert!(!link.is_in_tls());
    });
}
