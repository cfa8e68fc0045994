//! The anti-spam engine: weighted rules over facts, header texts, decoded text and links. The table is `table.rs`; a
//! rule is a row there and a predicate in the file of its subject.
//!
//! It may not know thresholds or what follows from a score: policy sums the points and clamps them.

mod attachments;
mod body;
mod envelope;
mod evidence;
mod header;
mod links;
mod lists;
mod phrases;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use evidence::{Evidence, Seen};
pub(crate) use phrases::Phrases;
use postern_vocab::text::one_line;
use postern_vocab::{Finding, limits};

/// One row of the table.
pub(crate) struct Rule {
    name: &'static str,
    points: i32,
    about: &'static str,
    /// What it saw, if it fires.
    seen: fn(&Evidence<'_>) -> Option<String>,
}

/// A rule as pages and manuals show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleInfo {
    /// Its stable name.
    pub name: &'static str,
    /// What it adds to the score; negative points speak for the message.
    pub points: i32,
    /// What it looks for, in a sentence.
    pub about: &'static str,
}

/// Every rule, in the order of evaluation.
pub fn rule_list() -> impl Iterator<Item = RuleInfo> {
    table::RULES.iter().map(|rule| RuleInfo {
        name: rule.name,
        points: rule.points,
        about: rule.about,
    })
}

/// The findings of every rule that fires.
pub(crate) fn evaluate(evidence: &Evidence<'_>) -> Vec<Finding> {
    let fired = |rule: &Rule| {
        (rule.seen)(evidence).map(|seen| Finding {
            engine: "antispam".to_owned(),
            rule: rule.name.to_owned(),
            points: rule.points,
            detail: one_line(&seen, limits::FINDING_DETAIL_CHARS_MAX),
        })
    };
    table::RULES
        .iter()
        .filter_map(fired)
        .take(limits::FINDINGS_MAX)
        .collect()
}
