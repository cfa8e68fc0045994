//! Rules over the SMTP side: greeting, reverse name, sender.

use super::evidence::Evidence;
use postern_vocab::{ReverseName, ReversePath};

pub(super) fn helo_is_ours(e: &Evidence<'_>) -> Option<String> {
    let helo = e.view.helo.trim_end_matches('.');
    let ours =
        !e.hostname.is_empty() && helo.eq_ignore_ascii_case(e.hostname) && !e.view.client.is_loopback();
    ours.then(|| helo.to_owned())
}

/// RFC 5321 §4.1.4: the argument is a name of the client, or an address literal.
pub(super) fn helo_not_a_host(e: &Evidence<'_>) -> Option<String> {
    let helo = e.view.helo.trim_end_matches('.');
    let bare_address = helo.parse::<std::net::IpAddr>().is_ok();
    let local = !helo.starts_with('[') && !helo.contains('.');
    let odd = helo.ends_with(".local") || helo.ends_with(".localdomain") || helo.ends_with(".lan");
    (!helo.is_empty() && (bare_address || local || odd)).then(|| helo.to_owned())
}

pub(super) fn reverse_missing(e: &Evidence<'_>) -> Option<String> {
    (*e.view.reverse == ReverseName::None).then(|| e.view.client.to_string())
}

/// RFC 3464 §2: a multipart/report to the sender of a message, from nobody.
pub(super) fn delivery_report(e: &Evidence<'_>) -> Option<String> {
    let report = e.header.first("content-type").is_some_and(|value| {
        value
            .trim_ascii_start()
            .get(..16)
            .is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/report"))
    });
    (report && e.view.envelope.sender == ReversePath::Null).then(|| "multipart/report from <>".to_owned())
}
