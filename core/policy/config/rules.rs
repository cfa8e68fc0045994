//! The rules that messages and clients are judged by, completed: everything that follows a reload.

use crate::config::error::Problems;
use crate::config::ready::{as_number, value_or};
use crate::config::recipients::{self, Sources};
use crate::config::section::At;
use crate::config::sender_group::{self, Named};
use crate::config::typed::{Typed, TypedAntiSpam};
use crate::config::{Limits, Listener, flow_policy, listening, senders};
use crate::hat::Hat;
use crate::policy::{Action, AntiSpam, Policy};
use crate::rat::Rat;
use crate::routes::Routes;
use std::mem::take;
use std::path::Path;

/// What the rules are completed with.
pub(crate) struct Around<'a> {
    /// The whole file.
    pub(crate) text: &'a str,
    /// Reads a file that a key names.
    pub(crate) read: &'a dyn Fn(&Path) -> Result<String, String>,
    /// The listeners, as far as they are right.
    pub(crate) listeners: &'a [Option<Listener>],
    pub(crate) limits: &'a Limits,
    pub(crate) has_directory: bool,
}

/// The rules, taken out of what was typed; `None` if anything they need is missing, with every reason noted.
pub(crate) fn complete(typed: &mut Typed, around: &Around<'_>, problems: &Problems<'_>) -> Option<Policy> {
    let hat = hat(typed, around, problems);
    let mut read = around.text.to_owned();
    let rat = rat(typed, around, &mut read, problems);
    let senders = senders::complete(take(&mut typed.senders));
    let exceptions = senders::exceptions(take(&mut typed.exceptions), problems);
    let injection_debug = listening::logs(take(&mut typed.logs));
    let antispam = antispam(&typed.antispam, problems);
    let rules_of = |listener: &Listener| (listener.name.clone(), listener.rules.clone());
    Some(Policy {
        version: version_of(&read),
        hostname: typed.hostname.as_ref()?.value.clone(),
        hat,
        listeners: around.listeners.iter().flatten().map(rules_of).collect(),
        reputation: sender_group::reputation(&mut typed.reputation),
        senders,
        exceptions,
        injection_debug,
        rat,
        routes: routes(typed)?,
        antispam,
        antivirus_action: value_or(typed.antivirus_action.take(), Action::Quarantine),
        unscannable_action: value_or(typed.unscannable_action.take(), Action::Quarantine),
    })
}

fn hat(typed: &mut Typed, around: &Around<'_>, problems: &Problems<'_>) -> Hat {
    let policies = flow_policy::complete(take(&mut typed.flow_policies), around.limits, problems);
    for listener in &typed.listeners {
        listening::note_wrong_policy(listener, &policies, problems);
    }
    let names: Vec<&str> = typed
        .listeners
        .iter()
        .filter_map(|one| Some(one.name.as_ref()?.value.as_str()))
        .collect();
    let named = Named {
        policies: &policies,
        listeners: &names,
        has_countries: typed.reputation.country_database.is_some(),
    };
    let groups = sender_group::complete(take(&mut typed.sender_groups), named, problems);
    let last_line = |listener: &Listener| Some((listener.name.clone(), listener.rules.policy.clone()?));
    let last_lines = around.listeners.iter().flatten().filter_map(last_line);
    Hat::new(groups, policies).with_last_lines(last_lines.collect())
}

/// The recipient access table. What is read of files is added to the text that the version is made of.
fn rat(typed: &mut Typed, around: &Around<'_>, read: &mut String, problems: &Problems<'_>) -> Rat {
    let sources = Sources {
        read: around.read,
        has_directory: around.has_directory,
    };
    let domains: Vec<_> = typed
        .domains
        .iter()
        .filter_map(|domain| recipients::complete(domain, sources, read, problems))
        .collect();
    let rows = recipients::rows(take(&mut typed.recipients), problems);
    Rat::new(domains).with_rows(rows)
}

fn routes(typed: &Typed) -> Option<Routes> {
    let mut entries = Vec::with_capacity(typed.domains.len() + typed.routes.len());
    for domain in &typed.domains {
        let pattern = domain.name.as_ref()?.value.clone();
        entries.push((pattern, domain.route.as_ref()?.value.clone()));
    }
    for route in &typed.routes {
        entries.push((
            route.domain.as_ref()?.value.clone(),
            route.to.as_ref()?.value.clone(),
        ));
    }
    Some(Routes::new(entries))
}

fn antispam(typed: &TypedAntiSpam, problems: &Problems<'_>) -> AntiSpam {
    let default = AntiSpam::default();
    let score =
        |typed: &Option<At<u64>>, default| typed.clone().map_or(default, |typed| as_number(typed).value);
    let antispam = AntiSpam {
        suspect: score(&typed.suspect, default.suspect),
        positive: score(&typed.positive, default.positive),
        suspect_action: value_or(typed.suspect_action.clone(), default.suspect_action),
        positive_action: value_or(typed.positive_action.clone(), default.positive_action),
    };
    if antispam.suspect > antispam.positive
        && let Some(typed) = typed.suspect.as_ref().or(typed.positive.as_ref())
    {
        let (suspect, positive) = (antispam.suspect, antispam.positive);
        problems.add(
            typed.at,
            format!("antispam.suspect, {suspect}, is above antispam.positive, {positive}"),
        );
    }
    antispam
}

/// FNV-1a, 64 bits: small, and the same in every build.
fn version_of(text: &str) -> String {
    let mix = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}
