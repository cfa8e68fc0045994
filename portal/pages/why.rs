//! Why a message got its disposition, in words: what was found, and which rules were asked.

use crate::words;
use postern_vocab::text::one_line;
use postern_vocab::{Decision, Facts, Rid, TrailStep};

/// One finding.
pub struct FindingView {
    /// The rule in words.
    pub what: String,
    /// Its stable name.
    pub rule: String,
    /// What it saw.
    pub detail: String,
    /// Its points.
    pub points: String,
}

/// One rule that was consulted.
pub struct StepView {
    /// The rule.
    pub rule: String,
    /// What it saw.
    pub saw: String,
    /// What came of it.
    pub outcome: String,
    /// The recipients it was consulted for, in words; empty when that is everyone, or the one who is asked about.
    pub whom: String,
    /// Whether it decided.
    pub decided: bool,
}

/// What the engines found; what weighs most comes first.
pub fn findings(facts: Option<&Facts>) -> Vec<FindingView> {
    let mut found: Vec<_> = facts.into_iter().flat_map(|facts| &facts.findings).collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.points));
    found
        .into_iter()
        .map(|finding| FindingView {
            what: words::rule(&finding.rule),
            rule: format!(
                "{} {}",
                one_line(&finding.engine, 60),
                one_line(&finding.rule, 100)
            ),
            detail: one_line(&finding.detail, 200),
            points: words::points(finding.points),
        })
        .collect()
}

/// The trail as far as it concerns `rid` (everyone, if there is none): the steps that decided, and the others.
pub fn steps(decision: &Decision, rid: Option<Rid>) -> (Vec<StepView>, Vec<StepView>) {
    let concerns = |step: &&TrailStep| rid.is_none_or(|rid| step.rids.is_empty() || step.rids.contains(&rid));
    decision
        .trail
        .iter()
        .filter(concerns)
        .map(|step| step_view(step, rid))
        .partition(|step| step.decided)
}

/// The whole trail in the order of consultation.
pub fn trail(decision: Option<&Decision>) -> Vec<StepView> {
    let steps = decision.into_iter().flat_map(|decision| &decision.trail);
    steps.map(|step| step_view(step, None)).collect()
}

fn step_view(step: &TrailStep, rid: Option<Rid>) -> StepView {
    let rids: Vec<String> = step.rids.iter().map(ToString::to_string).collect();
    StepView {
        rule: words::rule(&step.rule),
        saw: one_line(&step.saw, 300),
        outcome: one_line(&step.outcome, 300),
        whom: if rids.is_empty() || rid.is_some() {
            String::new()
        } else {
            format!("RID {}", rids.join(", "))
        },
        decided: rid.map_or(!step.decided.is_empty(), |rid| step.decided.contains(&rid)),
    }
}
