//! The header fields that go in front of every message: where it came from, and what was found. RFC 5321 §4.4
//! (Received), RFC 3848 and RFC 6531 §4.3 (its "with"), RFC 8601 (Authentication-Results), RFC 5322 §3.3 (dates).

use bytes::Bytes;
use jiff::tz::TimeZone;
use postern_vocab::text::one_line;
use postern_vocab::{Decision, Facts, Mid, ReverseName, Timestamp, TlsFacts};
use std::net::IpAddr;

/// Characters of a HELO argument that are repeated in Received.
const HELO_CHARS_MAX: usize = 255;

/// How the client opened the conversation. RFC 5321 §4.1.1.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// HELO.
    #[default]
    Smtp,
    /// EHLO.
    Esmtp,
}

/// The fields for a message that came by SMTP, each ending in CRLF.
#[must_use]
pub fn of_received(facts: &Facts, decision: &Decision, (hostname, protocol): (&str, Protocol)) -> Bytes {
    Bytes::from(format!(
        "{verdict}Authentication-Results: {hostname};\r\n\tiprev={iprev} policy.iprev={client}\r\n{received}",
        verdict = verdict(facts.mid, decision),
        iprev = iprev(&facts.reverse),
        client = facts.peer.remote.ip(),
        received = received(facts, hostname, protocol),
    ))
}

/// The fields for a message that we made ourselves.
#[must_use]
pub fn of_own(mid: Mid, now: Timestamp, hostname: &str) -> Bytes {
    Bytes::from(format!(
        "Received: by {hostname} (Postern) id {mid};\r\n\t{}\r\n",
        date(now)
    ))
}

/// RFC 5322 §3.3, in UTC: the same text on every machine.
#[must_use]
pub fn date(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
    instant
        .to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S %z")
        .to_string()
}

fn verdict(mid: Mid, decision: &Decision) -> String {
    format!(
        "X-Postern-Verdict: mid={mid}; verdict={}; score={}\r\n",
        decision.verdict, decision.score
    )
}

/// RFC 8601 §2.7.3.
fn iprev(reverse: &ReverseName) -> &'static str {
    match reverse {
        ReverseName::Verified(_) => "pass",
        ReverseName::Unverified(_) | ReverseName::None => "fail",
        ReverseName::Unknown => "temperror",
        ReverseName::NotAsked => "none",
    }
}

fn received(facts: &Facts, hostname: &str, protocol: Protocol) -> String {
    let address = address_literal(facts.peer.remote.ip());
    let name = facts
        .reverse
        .name()
        .map_or_else(|| address.clone(), |name| format!("{} {address}", plain(name)));
    let recipient = match facts.envelope.recipients.as_slice() {
        // With several, the field would show each of them who the others are. RFC 5321 §7.2.
        [only] => format!("\r\n\tfor <{only}>"),
        _ => String::new(),
    };
    let secured = facts.tls.as_ref().map(secured).unwrap_or_default();
    format!(
        "Received: from {helo} ({name})\r\n\tby {hostname} (Postern) with {with} id {mid}{recipient}{secured};\r\n\t{date}\r\n",
        helo = plain(&facts.helo),
        with = with(facts, protocol),
        mid = facts.mid,
        date = date(facts.received_at),
    )
}

/// The protocol's name in the registry. Who logged in is nobody's business further on, only that somebody did. HELO behind
/// STARTTLS has no name of its own: what was used is an extension, so it is called ESMTPS.
fn with(facts: &Facts, protocol: Protocol) -> String {
    let base = match (facts.envelope.smtputf8, protocol) {
        (true, _) => "UTF8SMTP",
        (false, Protocol::Smtp) if facts.tls.is_none() && facts.user.is_none() => "SMTP",
        (false, _) => "ESMTP",
    };
    let tls = if facts.tls.is_some() { "S" } else { "" };
    let login = if facts.user.is_some() { "A" } else { "" };
    format!("{base}{tls}{login}")
}

fn secured(tls: &TlsFacts) -> String {
    format!(
        "\r\n\t(version={} cipher={})",
        plain(&tls.version),
        plain(&tls.cipher)
    )
}

fn address_literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// What a peer calls itself, or a library, with nothing in it that could end the comment or the field.
fn plain(name: &str) -> String {
    let harmless = |c: char| {
        if c.is_ascii_alphanumeric() || "-._:[]".contains(c) {
            c
        } else {
            '?'
        }
    };
    match one_line(name, HELO_CHARS_MAX) {
        name if name.is_empty() => "unknown".to_owned(),
        name => name.chars().map(harmless).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_rfc_5322_has_them() {
        assert_eq!(
            date(Timestamp(1_700_000_000_000)),
            "Tue, 14 Nov 2023 22:13:20 +0000"
        );
    }

    #[test]
    fn the_protocol_has_its_registered_name() {
        let tls = || {
            Some(TlsFacts {
                version: "TLSv1.3".to_owned(),
                cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
                server_name: None,
                client_certificate: None,
            })
        };
        let user = || Some("ann.login".to_owned());
        let (helo, ehlo) = (Protocol::Smtp, Protocol::Esmtp);
        let rows = [
            (helo, false, None, None, "SMTP"),
            (ehlo, false, None, None, "ESMTP"),
            (ehlo, false, tls(), None, "ESMTPS"),
            (ehlo, false, None, user(), "ESMTPA"),
            (ehlo, false, tls(), user(), "ESMTPSA"),
            (helo, false, tls(), None, "ESMTPS"),
            (ehlo, true, None, None, "UTF8SMTP"),
            (ehlo, true, tls(), None, "UTF8SMTPS"),
            (ehlo, true, None, user(), "UTF8SMTPA"),
            (ehlo, true, tls(), user(), "UTF8SMTPSA"),
        ];
        for (protocol, smtputf8, tls, user, expected) in rows {
            let mut facts = crate::dkim::tests::facts(&[]);
            facts.envelope.smtputf8 = smtputf8;
            (facts.tls, facts.user) = (tls, user);
            let field = received(&facts, "mx.example.test", protocol);
            assert!(
                field.contains(&format!(" with {expected} id 1")),
                "{expected}: {field}"
            );
            let comment = "\r\n\t(version=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256);\r\n\t";
            assert_eq!(field.contains(comment), facts.tls.is_some(), "{field}");
            assert!(!field.contains("ann"), "no log-in in {field}");
        }
    }

    #[test]
    fn a_peer_cannot_write_header_fields_by_its_name() {
        assert_eq!(plain("mx.example.com"), "mx.example.com");
        assert_eq!(plain("[192.0.2.1]"), "[192.0.2.1]");
        assert_eq!(plain("x) by (y\r\nEvil: 1"), "x??by??y??Evil:?1");
        assert_eq!(plain(""), "unknown");
    }
}
