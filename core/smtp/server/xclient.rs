//! XCLIENT: a trusted proxy says for whom it speaks. Postfix's XCLIENT_README, which is the standard.

use super::question::{Question, XclientAttribute, XclientName};
use super::session::{Asked, Outcome, Progress, Session};
use super::xtext;
use postern_vocab::refusals;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What EHLO lists, in its order.
pub(super) const NAMES: [(&str, XclientName); 8] = [
    ("NAME", XclientName::Name),
    ("ADDR", XclientName::Addr),
    ("PORT", XclientName::Port),
    ("PROTO", XclientName::Proto),
    ("HELO", XclientName::Helo),
    ("LOGIN", XclientName::Login),
    ("DESTADDR", XclientName::DestAddr),
    ("DESTPORT", XclientName::DestPort),
];

pub(super) fn xclient(session: &mut Session, argument: &str) -> Outcome {
    if !session.settings.xclient {
        return refusals::XCLIENT_DENIED.into();
    }
    if matches!(session.progress, Progress::Transaction(_) | Progress::Chunks(_)) {
        return refusals::NOT_IN_TRANSACTION.into();
    }
    match parse(argument) {
        Some(attributes) => Outcome::Ask(Asked::Xclient, Question::Xclient(attributes)),
        None => refusals::XCLIENT_SYNTAX.into(),
    }
}

fn parse(argument: &str) -> Option<Vec<XclientAttribute>> {
    let mut attributes: Vec<XclientAttribute> = Vec::new();
    for word in argument.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = word.split_once('=')?;
        let (_, name) = NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(keyword))?;
        if attributes.iter().any(|attribute| attribute.name == *name) {
            return None;
        }
        attributes.push(XclientAttribute {
            name: *name,
            value: parse_value(*name, value)?,
        });
    }
    (!attributes.is_empty()).then_some(attributes)
}

/// `Some(None)` is a value that the proxy does not have.
fn parse_value(name: XclientName, value: &str) -> Option<Option<String>> {
    let unavailable = |word: &&str| word.eq_ignore_ascii_case(value);
    if ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(unavailable) {
        return Some(None);
    }
    let text = xtext::decode_text(value).filter(|text| !text.is_empty())?;
    match name {
        XclientName::Addr | XclientName::DestAddr => Some(Some(address(&text)?.to_string())),
        XclientName::Port | XclientName::DestPort => Some(Some(text.parse::<u16>().ok()?.to_string())),
        XclientName::Proto => {
            let proto = text.to_ascii_uppercase();
            matches!(proto.as_str(), "SMTP" | "ESMTP").then_some(Some(proto))
        }
        XclientName::Name | XclientName::Helo | XclientName::Login => Some(Some(text)),
    }
}

/// IPv4, or IPv6 behind `IPV6:`.
fn address(text: &str) -> Option<IpAddr> {
    let tagged = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPV6:"));
    match tagged {
        true => text[5..].parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        false => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_strictly() {
        let shown = |argument: &str| {
            let attributes = parse(argument)?;
            let one = |a: &XclientAttribute| format!("{:?}={}", a.name, a.value.as_deref().unwrap_or("-"));
            Some(attributes.iter().map(one).collect::<Vec<_>>().join(" "))
        };
        let rows = [
            (
                "ADDR=192.0.2.1 name=mx.example",
                Some("Addr=192.0.2.1 Name=mx.example"),
                "keywords in any case",
            ),
            (
                "ADDR=IPV6:2001:DB8::1 PORT=1024",
                Some("Addr=2001:db8::1 Port=1024"),
                "IPv6",
            ),
            (
                "NAME=[UNAVAILABLE] LOGIN=[tempunavail]",
                Some("Name=- Login=-"),
                "what the proxy does not have",
            ),
            ("HELO=a+2Bb PROTO=esmtp", Some("Helo=a+b Proto=ESMTP"), "xtext"),
            (
                "DESTADDR=192.0.2.2 DESTPORT=25",
                Some("DestAddr=192.0.2.2 DestPort=25"),
                "where it came to",
            ),
            ("", None, "nothing"),
            ("ADDR", None, "no value"),
            ("ADDR=", None, "an empty one"),
            ("ADDR=192.0.2.300", None, "no address"),
            ("ADDR=2001:db8::1", None, "IPv6 without its tag"),
            ("PORT=65536", None, "no port"),
            ("PROTO=LMTP", None, "another protocol"),
            ("HELO=a+0Db", None, "a line end"),
            ("ADDR=192.0.2.1 ADDR=192.0.2.2", None, "twice"),
            ("COLOUR=blue", None, "unknown"),
        ];
        for (argument, expected, reason) in rows {
            assert_eq!(shown(argument).as_deref(), expected, "{argument}: {reason}");
        }
    }
}
