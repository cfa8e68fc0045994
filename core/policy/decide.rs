//! The decision about one message: facts and rules in; one disposition per recipient and its trail out.
//!
//! The steps, in this order:
//!
//! 1. the message as a whole: a loop (RFC 5321 §6.3), a header that is too large or a fragment (RFC 2046 §5.2.2) is
//!    refused, and nothing else asked;
//! 2. safelists and blocklists, recipient by recipient: a block holds the mail as spam, a safe entry delivers it;
//! 3. anti-spam thresholds, for the recipients on whom no list has spoken, unless the connection's mail flow policy
//!    skips them; it skips nothing else;
//! 4. what could not be scanned, for all;
//! 5. what can be read two ways, for all;
//! 6. viruses, for all.
//!
//! A later step that objects outranks an earlier one, so no list lets a virus through, and spam that carries a virus is
//! held where users cannot release it. Exactly one step decides for each recipient, and the trail says which.

use crate::ambiguity::ambiguities;
use crate::flow::FlowPolicy;
use crate::judge::{FRAGMENT, Judgement, judge};
use crate::policy::{Action, Policy};
use crate::rulings::{Objection, Ruling, Rulings, Step};
use crate::senders::Senders;
use crate::slbl::{Lists, Match, stronger};
use postern_vocab::{Classification, Decision, Facts, ListKind, Rid, Verdict, limits};
use std::collections::BTreeMap;

/// Oddities that begin so are about a header larger than any real one; a number or a name may follow.
const HEADER_LIMIT: &str = "limit.header";

/// Decides about one message.
#[must_use]
pub fn decide(facts: &Facts, policy: &Policy, lists: &Lists) -> Decision {
    let judgement = judge(&facts.findings, &facts.mime, &policy.antispam);
    let ambiguous = ambiguities(facts);
    let mut rulings = Rulings::new(&facts.envelope);
    rulings.note(whole(
        "configuration",
        format!("version {}", policy.version),
        "in force",
    ));
    let flow = policy.hat.policy_of(&facts.classification);
    rulings.note(whole(
        "sender group",
        group_of(&facts.classification),
        format!("mail flow policy {}", flow.name),
    ));
    if !refused_as_a_whole(facts, &mut rulings) {
        ask_lists(facts, lists, &mut rulings);
        if flow.antispam {
            apply_thresholds(&judgement, policy, &mut rulings);
        } else {
            skip_thresholds(&judgement, flow, &mut rulings);
        }
        object_to_unscannable(&judgement, policy, &mut rulings);
        object_to_ambiguities(&ambiguous, policy, &mut rulings);
        object_to_viruses(&judgement, policy, &mut rulings);
        rulings.settle_mixed_refusals();
    }
    Decision {
        score: judgement.score,
        // Whichever reading was scanned, the other may be the one that is shown.
        verdict: if ambiguous.is_empty() {
            judgement.verdict
        } else {
            judgement.verdict.max(Verdict::Unscannable)
        },
        ..rulings.into_decision()
    }
}

/// A step about the message as a whole.
fn whole(rule: &str, saw: impl Into<String>, outcome: impl Into<String>) -> Step {
    Step {
        rule: rule.into(),
        saw: saw.into(),
        outcome: outcome.into(),
        rids: Vec::new(),
    }
}

/// `WHITELIST, by 192.0.2.7; reputation 5.2`.
fn group_of(classification: &Classification) -> String {
    let group = match classification.sender_group.as_str() {
        "" => "none",
        name => name,
    };
    let by = match classification.matched.as_str() {
        "" => "ALL",
        line => line,
    };
    let reputation = classification
        .reputation
        .map_or_else(|| "none".to_owned(), |score| score.to_string());
    format!("{group}, by {by}; reputation {reputation}")
}

fn refused_as_a_whole(facts: &Facts, rulings: &mut Rulings) -> bool {
    let (hops, hops_max) = (facts.header.received_count, limits::RECEIVED_FIELDS_MAX);
    let saw = format!("{hops} Received fields, at most {hops_max} allowed");
    if usize::try_from(hops).is_ok_and(|hops| hops <= hops_max) {
        rulings.note(whole("loop detection", saw, "no loop"));
    } else {
        let reason = format!("mail loop: {saw}");
        let ruling = Ruling::new(Action::Refuse, Objection::Loop, reason);
        rulings.rule(
            whole("loop detection", saw, ruling.disposition.to_string()),
            &ruling,
        );
        return true;
    }
    let oddities = &facts.mime.oddities;
    if let Some(limit) = oddities.iter().find(|oddity| oddity.starts_with(HEADER_LIMIT)) {
        let reason = format!("the message header is over a limit: {limit}");
        let ruling = Ruling::new(Action::Refuse, Objection::Header, reason);
        rulings.rule(
            whole("header limits", limit, ruling.disposition.to_string()),
            &ruling,
        );
        return true;
    }
    rulings.note(whole("header limits", "nothing over a limit", "within"));
    if oddities.iter().any(|oddity| oddity == FRAGMENT) {
        let reason = "a fragment of a message (message/partial) cannot be scanned".to_owned();
        let ruling = Ruling::new(Action::Refuse, Objection::Fragment, reason);
        rulings.rule(
            whole("fragments", FRAGMENT, ruling.disposition.to_string()),
            &ruling,
        );
        return true;
    }
    rulings.note(whole("fragments", "no message/partial", "whole"));
    false
}

/// Asks the lists once for everyone and once for each recipient. Recipients with the same answer share a step.
fn ask_lists(facts: &Facts, lists: &Lists, rulings: &mut Rulings) {
    let senders = Senders::of(facts);
    let everyones = lists.find_everyones(&senders);
    let mut unlisted = Vec::new();
    let mut listed: BTreeMap<(String, String, String), (Match<'_>, Vec<Rid>)> = BTreeMap::new();
    for (rid, recipient) in facts.envelope.numbered() {
        match stronger(everyones, lists.find_own(recipient, &senders)) {
            None => unlisted.push(rid),
            Some(found) => {
                let words = (list_of(&found), found.entry.pattern.to_string(), found.saw());
                listed
                    .entry(words)
                    .or_insert_with(|| (found, Vec::new()))
                    .1
                    .push(rid);
            }
        }
    }
    for ((list, pattern, saw), (found, rids)) in listed {
        let ruling = list_ruling(
            found.entry.kind,
            format!("entry {pattern} of the {list} fits {saw}"),
        );
        let outcome = match found.entry.kind {
            ListKind::Safe => format!("entry {pattern} fits: not judged as spam"),
            ListKind::Block => format!("entry {pattern} fits: {}", ruling.disposition),
        };
        rulings.rule(
            Step {
                rule: list,
                saw,
                outcome,
                rids,
            },
            &ruling,
        );
    }
    if !unlisted.is_empty() {
        let step = whole("safelists and blocklists", senders.to_string(), "no entry fits");
        rulings.note(Step {
            rids: unlisted,
            ..step
        });
    }
}

/// `blocklist of alice@example.com`.
fn list_of(found: &Match<'_>) -> String {
    format!("{} of {}", found.entry.kind.as_str(), found.entry.owner)
}

fn list_ruling(kind: ListKind, why: String) -> Ruling {
    match kind {
        ListKind::Safe => Ruling::deliver(format!("safelisted: {why}")),
        ListKind::Block => Ruling::new(Action::Quarantine, Objection::Spam, format!("blocklisted: {why}")),
    }
}

fn apply_thresholds(judgement: &Judgement, policy: &Policy, rulings: &mut Rulings) {
    let rids = rulings.undecided();
    if rids.is_empty() {
        return;
    }
    let (score, antispam) = (judgement.score, &policy.antispam);
    let ruling = if score >= antispam.positive {
        let reason = format!("spam: score {score} is at or above {}", antispam.positive);
        Ruling::new(antispam.positive_action, Objection::Spam, reason)
    } else if score >= antispam.suspect {
        let reason = format!(
            "suspected spam: score {score} is at or above {}",
            antispam.suspect
        );
        Ruling::new(antispam.suspect_action, Objection::Spam, reason)
    } else {
        Ruling::deliver(format!("clean: score {score} is below {}", antispam.suspect))
    };
    let saw = format!(
        "score {score}; suspect from {}, spam from {}",
        antispam.suspect, antispam.positive
    );
    let step = whole("anti-spam", saw, ruling.disposition.to_string());
    rulings.rule(Step { rids, ..step }, &ruling);
}

fn skip_thresholds(judgement: &Judgement, flow: &FlowPolicy, rulings: &mut Rulings) {
    let rids = rulings.undecided();
    if rids.is_empty() {
        return;
    }
    let outcome = format!("mail flow policy {} skips anti-spam", flow.name);
    let step = whole(
        "anti-spam",
        format!("score {}", judgement.score),
        outcome.as_str(),
    );
    rulings.rule(Step { rids, ..step }, &Ruling::deliver(outcome));
}

fn object_to_unscannable(judgement: &Judgement, policy: &Policy, rulings: &mut Rulings) {
    if judgement.unscannable.is_empty() {
        rulings.note(whole("scan limits", "nothing over a limit", "scanned in full"));
        return;
    }
    let saw = judgement.unscannable.join(", ");
    if policy.unscannable_action == Action::Deliver {
        rulings.note(whole("scan limits", saw, "delivery is allowed"));
        return;
    }
    let reason = format!("it could not be scanned in full: {saw}");
    let ruling = Ruling::new(policy.unscannable_action, Objection::Unscannable, reason);
    rulings.rule(whole("scan limits", saw, ruling.disposition.to_string()), &ruling);
}

fn object_to_ambiguities(ambiguous: &[&str], policy: &Policy, rulings: &mut Rulings) {
    if ambiguous.is_empty() {
        rulings.note(whole("ambiguity", "nothing ambiguous", "one reading"));
        return;
    }
    let saw = ambiguous.join(", ");
    if policy.unscannable_action == Action::Deliver {
        rulings.note(whole("ambiguity", saw, "delivery is allowed"));
        return;
    }
    let ruling = Ruling::new(
        policy.unscannable_action,
        Objection::Ambiguity,
        format!("ambiguous: {saw}"),
    );
    rulings.rule(whole("ambiguity", saw, ruling.disposition.to_string()), &ruling);
}

fn object_to_viruses(judgement: &Judgement, policy: &Policy, rulings: &mut Rulings) {
    if judgement.viruses.is_empty() {
        rulings.note(whole("anti-virus", "no virus found", "clean"));
        return;
    }
    let saw = judgement.viruses.join(", ");
    let ruling = Ruling::new(policy.antivirus_action, Objection::Virus, format!("virus: {saw}"));
    rulings.rule(whole("anti-virus", saw, ruling.disposition.to_string()), &ruling);
}

#[cfg(test)]
mod tests;
