//! Promise: who sends from nowhere is refused where that is switched on, each reason with its own switch and words; what
//! cannot be found out now is put off, never refused for good.

use crate::harness::{Gateway, NameServer, NextHop, Options, client, own_address, reverse_of};

const SENDER: &str = "carol@partner.example.com";
const OURS: &str = "alice@example.test";

const DOMAINS: &str = "good.example.com MX 10 mx.good.example.com\nhost.example.com A 192.0.2.1\n\
                       text.example.com TXT nothing\nnull.example.com MX 0 .\nbroken.example.com SERVFAIL\n\
                       partner.example.com A 192.0.2.2";

fn accepted(keys: &str) -> String {
    format!("[[flow_policy]]\nname = \"ACCEPTED\"\n{keys}\n")
}

fn gateway(hop: &NextHop, names: &NameServer, tables: &str) -> Gateway {
    Options::new(hop).name_server(names).tables(tables).start()
}

/// The reply to MAIL.
#[track_caller]
fn sender(gateway: &Gateway, from: &str) -> String {
    gateway.hears(client(1, 1), from, OURS).0
}

#[track_caller]
fn hear(gateway: &Gateway, rows: &[(&str, &str)]) {
    for (from, expected) in rows {
        let heard = sender(gateway, from);
        assert!(
            heard.starts_with(expected),
            "<{from}>, expected {expected}: {heard}"
        );
    }
}

#[test]
fn each_fault_of_the_reverse_name_has_its_own_switch_and_words() {
    let hop = NextHop::start();
    let (good, absent, broken, liar) = (client(1, 1), client(1, 2), client(1, 3), client(1, 4));
    let names = NameServer::start(
        own_address(),
        &format!(
            "{} PTR mail.example.net\nmail.example.net A {good}\n{} SERVFAIL\n{} PTR mail.example.net",
            reverse_of(good),
            reverse_of(broken),
            reverse_of(liar)
        ),
    );
    let on = ["550 5.7.25 ", "451 4.7.25 ", "550 5.7.25 "];
    let faulty = [absent, broken, liar];
    for (place, key) in ["reverse_absent", "reverse_unavailable", "reverse_mismatch"]
        .iter()
        .enumerate()
    {
        for (written, expected) in [("on", on[place]), ("450 4.7.1 Own words", "450 4.7.1 Own words")] {
            let gateway = gateway(&hop, &names, &accepted(&format!("{key} = \"{written}\"")));
            assert!(gateway.hears(good, SENDER, OURS).1.starts_with("250 "));
            for (other, from) in faulty.into_iter().enumerate() {
                let (mail, recipient) = gateway.hears(from, SENDER, OURS);
                let expected = if other == place { expected } else { "250 " };
                assert!(mail.starts_with("250 "), "{mail}");
                assert!(
                    recipient.starts_with(expected),
                    "{key} {written} {from}: {recipient}"
                );
            }
        }
    }
}

#[test]
fn who_may_relay_needs_no_reverse_name() {
    let hop = NextHop::start();
    let names = NameServer::start(own_address(), DOMAINS);
    let table = "[[sender_group]]\nname = \"RELAYLIST\"\nhosts = [\"127.251.1.1\"]\npolicy = \"RELAY\"\n";
    let keys = "reverse_absent = \"on\"\nsender_unresolvable = \"on\"";
    let gateway = gateway(&hop, &names, &format!("{table}{}", accepted(keys)));
    let (mail, recipient) = gateway.hears(
        client(1, 1),
        "app@missing.example.com",
        "bob@elsewhere.example.org",
    );
    assert!(
        mail.starts_with("250 ") && recipient.starts_with("250 "),
        "{mail} {recipient}"
    );
    let (mail, recipient) = gateway.hears(client(1, 2), SENDER, OURS);
    assert!(
        mail.starts_with("250 ") && recipient.starts_with("550 5.7.25 "),
        "{mail} {recipient}"
    );
}

#[test]
fn each_fault_of_the_senders_domain_has_its_own_switch_and_words() {
    let hop = NextHop::start();
    let names = NameServer::start(own_address(), DOMAINS);
    /// Which senders the switch of this name refuses.
    const ROWS: [(&str, &[&str], &str); 4] = [
        (
            "sender_unresolvable",
            &[
                "a@missing.example.com",
                "a@text.example.com",
                "a@null.example.com",
            ],
            "550 5.1.8 ",
        ),
        ("sender_unavailable", &["a@broken.example.com"], "451 4.1.8 "),
        ("sender_unqualified", &["a@localhost"], "550 5.1.8 "),
        ("sender_malformed", &["a@@b"], "501 5.1.7 "),
    ];
    for (key, refused, reply) in ROWS {
        for (written, expected) in [("on", reply), ("553 5.1.0 Own words", "553 5.1.0 Own words")] {
            let gateway = gateway(&hop, &names, &accepted(&format!("{key} = \"{written}\"")));
            for (other, senders, _) in ROWS {
                let expected = match other {
                    "sender_malformed" if key != other => "501 5.1.7 ",
                    _ if key != other => "250 ",
                    _ => expected,
                };
                for from in senders {
                    hear(&gateway, &[(from, expected)]);
                }
            }
            for from in ["", "a@good.example.com", "a@host.example.com", "a@[192.0.2.1]"] {
                hear(&gateway, &[(from, "250 ")]);
            }
            assert!(
                refused
                    .iter()
                    .all(|from| !sender(&gateway, from).starts_with("250 "))
            );
        }
    }
}

#[test]
fn a_refused_sender_is_on_record_with_the_reason() {
    let hop = NextHop::start();
    let names = NameServer::start(own_address(), DOMAINS);
    let gateway = gateway(&hop, &names, &accepted("sender_unresolvable = \"on\""));
    hear(&gateway, &[("a@missing.example.com", "550 5.1.8 ")]);
    let row = gateway.tracked(&["--rejected", "--from", "a@missing.example.com"]);
    assert_eq!(row["state"], "refused", "{row}");
    let line = gateway.logged(&["Address: <a@missing.example.com> sender rejected"]);
    assert!(line.contains("sender domain does not exist"), "{line}");
}

#[test]
fn the_first_exception_that_fits_counts() {
    let hop = NextHop::start();
    let names = NameServer::start(own_address(), DOMAINS);
    let rows = [
        ("boss@missing.example.com", "allow", ""),
        (
            "@missing.example.com",
            "reject",
            "reply = \"550 5.7.1 Not used any more\"",
        ),
        ("@.missing.example.com", "allow", ""),
        ("noreply@", "reject", ""),
        ("ops@[192.0.2.9]", "reject", ""),
        ("noreply@good.example.com", "allow", ""),
    ];
    let table: String = rows
        .iter()
        .map(|(sender, action, reply)| {
            format!("[[sender_exception]]\nsender = \"{sender}\"\naction = \"{action}\"\n{reply}\n")
        })
        .collect();
    let on = gateway(
        &hop,
        &names,
        &format!("{table}{}", accepted("sender_unresolvable = \"on\"")),
    );
    hear(
        &on,
        &[
            ("boss@missing.example.com", "250 "),
            ("a@missing.example.com", "550 5.7.1 Not used any more"),
            ("a@sub.missing.example.com", "250 "),
            ("noreply@good.example.com", "550 5.7.1 "),
            ("ops@[192.0.2.9]", "550 5.7.1 "),
            ("ops@[192.0.2.8]", "250 "),
            ("a@other.example.com", "550 5.1.8 "),
        ],
    );
    let off = "sender_unresolvable = \"on\"\nsender_exceptions = false";
    let off = gateway(&hop, &names, &format!("{table}{}", accepted(off)));
    hear(
        &off,
        &[
            ("boss@missing.example.com", "550 5.1.8 "),
            ("noreply@good.example.com", "250 "),
        ],
    );
}

#[test]
fn a_permitted_sender_beats_a_blocked_one() {
    let hop = NextHop::start();
    let table = "[senders]\npermitted = [\"good@spam.example.net\", \"ceo@\"]\n\
                 blocked = [\"spam.example.net\", \".spam.example.net\", \"user@[192.0.2.1]\"]\n\
                 blocked_reply = \"550 5.7.1 We do not want this\"";
    let gateway = Options::new(&hop).tables(table).start();
    hear(
        &gateway,
        &[
            ("good@spam.example.net", "250 "),
            ("ceo@sub.spam.example.net", "250 "),
            ("a@spam.example.net", "550 5.7.1 We do not want this"),
            ("A@Sub.Spam.Example.Net", "550 5.7.1 We do not want this"),
            ("user@[192.0.2.1]", "550 5.7.1 We do not want this"),
            ("a@notspam.example.net", "250 "),
            ("", "250 "),
        ],
    );
    let row = gateway.tracked(&["--rejected", "--from", "a@spam.example.net"]);
    assert_eq!(row["state"], "refused", "{row}");
}

#[test]
fn while_the_name_server_is_dead_senders_are_put_off_and_not_refused() {
    let hop = NextHop::start();
    let names = NameServer::start(own_address(), "* SILENT");
    let keys = "reverse_absent = \"on\"\nreverse_mismatch = \"on\"\nsender_unresolvable = \"on\"\n\
                sender_unavailable = \"on\"";
    let gateway = gateway(&hop, &names, &accepted(keys));
    hear(&gateway, &[("a@good.example.com", "451 4.1.8 "), ("", "250 ")]);
    let (_, recipient) = gateway.hears(client(1, 1), "", OURS);
    assert!(recipient.starts_with("250 "), "{recipient}");
}
