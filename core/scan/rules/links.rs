//! Rules over links.

use super::evidence::Evidence;
use super::lists::{FREE_HOSTING, ODD_TOP_LEVEL, SHORTENERS};
use crate::links::{Link, owner_part};
use std::net::IpAddr;

pub(super) fn ip_address(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        let number = link.host.bytes().all(|c| c.is_ascii_digit()) && !link.host.is_empty();
        link.host
            .parse::<IpAddr>()
            .is_ok_and(|address| !is_private(address))
            || number
    })
}

/// Addresses that log files and manuals name, and no fraud.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_unspecified() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
    }
}

pub(super) fn text_differs(e: &Evidence<'_>) -> Option<String> {
    let differs = |link: &&Link| {
        let shown = shown_host(&link.shown);
        !link.host.is_empty() && shown.is_some_and(|shown| owner_part(&shown) != owner_part(&link.host))
    };
    e.texts
        .links
        .iter()
        .find(differs)
        .map(|link| format!("{} leads to {}", link.shown, link.host))
}

/// The host that a link's text claims, if it reads like a target.
fn shown_host(shown: &str) -> Option<String> {
    let target = shown.split_whitespace().next()?;
    if target.contains("://") {
        return Some(Link::new(target, "").host).filter(|host| host.contains('.'));
    }
    let www = target
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("www."));
    www.then(|| Link::new(&format!("http://{target}"), "").host)
}

pub(super) fn shortener(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        SHORTENERS.contains(&link.host.strip_prefix("www.").unwrap_or(&link.host))
    })
}

pub(super) fn free_hosting(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        FREE_HOSTING.iter().any(|site| {
            link.host
                .strip_suffix(site)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    })
}

pub(super) fn odd_domain(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        link.host
            .rsplit_once('.')
            .is_some_and(|(_, top)| ODD_TOP_LEVEL.contains(&top))
    })
}

pub(super) fn userinfo(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        link.has_userinfo
            && link
                .target
                .split('@')
                .next()
                .is_some_and(|before| before.contains('.'))
    })
}

pub(super) fn punycode(e: &Evidence<'_>) -> Option<String> {
    first(e, |link| {
        !link.host.is_ascii() || link.host.split('.').any(|label| label.starts_with("xn--"))
    })
}

pub(super) fn recipient(e: &Evidence<'_>) -> Option<String> {
    let recipient = e.view.envelope.recipients.first()?.folded();
    let encoded = recipient.replace('@', "%40");
    first(e, |link| {
        let target = link.target.to_lowercase();
        !link.host.is_empty()
            && !e.is_senders(&link.host)
            && (target.contains(&recipient) || target.contains(&encoded))
    })
}

pub(super) fn one_target(e: &Evidence<'_>) -> Option<String> {
    let mut hosts = e.texts.links.iter().filter(|link| !link.host.is_empty());
    let one = hosts.next()?;
    let same = hosts.clone().all(|link| link.host == one.host);
    let foreign = !e.is_senders(&one.host);
    (same && foreign && e.texts.html_parts > 0 && hosts.count() >= 2).then(|| one.host.clone())
}

fn first(e: &Evidence<'_>, fits: impl Fn(&Link) -> bool) -> Option<String> {
    e.texts
        .links
        .iter()
        .find(|link| fits(link))
        .map(|link| link.target.clone())
}
