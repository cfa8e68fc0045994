//! What must be there, and what may be there once only: names that others refer to, addresses, domains.

use crate::config::error::Problems;
use crate::config::section::At;
use crate::config::typed::Typed;
use crate::routes::RoutePattern;
use std::collections::BTreeSet;
use std::fmt;

/// Notes tables that must be there and are not, and what may be there once and is there twice.
pub(crate) fn note_all(typed: &Typed, problems: &Problems<'_>) {
    note_absent_tables(typed, problems);
    note_repeated_names(typed, problems);
    note_repeated_rules(typed, problems);
}

fn note_absent_tables(typed: &Typed, problems: &Problems<'_>) {
    let absent = [
        (typed.listeners.is_empty(), "listener"),
        (typed.domains.is_empty(), "domain"),
    ];
    for (_, name) in absent.iter().filter(|(is_empty, _)| *is_empty && typed.whole) {
        problems.add_with_hint(0, format!("there is no [[{name}]]"), "at least one is needed");
    }
}

fn note_repeated_names(typed: &Typed, problems: &Problems<'_>) {
    note_repeated(
        "listener",
        typed.listeners.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "domain",
        typed.domains.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "quarantine",
        typed.quarantines.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "route for",
        typed.routes.iter().filter_map(|one| one.domain.as_ref()),
        problems,
    );
    let of_portal = typed.portal.iter().filter_map(|portal| portal.address.as_ref());
    let of_listeners = typed.listeners.iter().filter_map(|one| one.address.as_ref());
    note_repeated("address", of_listeners.chain(of_portal), problems);
    let domains: BTreeSet<&RoutePattern> = typed
        .domains
        .iter()
        .filter_map(|one| Some(&one.name.as_ref()?.value))
        .collect();
    for pattern in typed.routes.iter().filter_map(|one| one.domain.as_ref()) {
        if domains.contains(&pattern.value) {
            let message = format!("{} has its route in its [[domain]] table", pattern.value);
            problems.add_with_hint(pattern.at, message, "take one of them out");
        }
    }
}

/// The same for the tables about clients and senders.
fn note_repeated_rules(typed: &Typed, problems: &Problems<'_>) {
    note_repeated(
        "sender group",
        typed.sender_groups.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "flow policy",
        typed.flow_policies.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "log",
        typed.logs.iter().filter_map(|one| one.name.as_ref()),
        problems,
    );
    note_repeated(
        "sender exception for",
        typed.exceptions.iter().filter_map(|one| one.sender.as_ref()),
        problems,
    );
    note_repeated(
        "recipient",
        typed.recipients.iter().filter_map(|one| one.address.as_ref()),
        problems,
    );
}

fn note_repeated<'v, T: Ord + fmt::Display + 'v>(
    what: &str,
    values: impl Iterator<Item = &'v At<T>>,
    problems: &Problems<'_>,
) {
    let mut seen = BTreeSet::new();
    for At { value, at } in values {
        if !seen.insert(value) {
            problems.add(*at, format!("there are two of {what} \"{value}\""));
        }
    }
}
