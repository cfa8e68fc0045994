//! The part of `postern show` that explains: the client, the decision's trail in sentences, and the facts it was made on.

use super::output::Output;
use super::table::Table;
use postern_quarantine::api::Detail;
use postern_vocab::text::one_line;
use postern_vocab::{Decision, Envelope, Facts, Finding, Rid, TrailStep, limits};
use std::io;

/// What is known of the client beside its address.
pub fn client(detail: &Detail, output: &mut Output) -> io::Result<()> {
    let rows = detail.client_facts();
    if rows.is_empty() {
        return Ok(());
    }
    output.heading("Client")?;
    for (label, value) in rows {
        let value = one_line(&value, limits::CONVERSATION_LINE_OCTETS_MAX);
        output.line(format_args!("  {label:<20}{value}"))?;
    }
    Ok(())
}

/// Why every recipient got what they got.
pub fn why(detail: &Detail, output: &mut Output) -> io::Result<()> {
    let Some(decision) = &detail.decision else {
        return Ok(());
    };
    output.heading("Why")?;
    let envelope = detail.facts.as_ref().map(|facts| &facts.envelope);
    for one in &decision.recipients {
        let who = recipient(envelope, one.rid);
        output.line(format_args!("  {who}: {}, since {}", one.disposition, one.reason))?;
    }
    output.line("  The rules that were consulted, in order:")?;
    for (at, step) in decision.trail.iter().enumerate() {
        output.line(format_args!("  {:>2}. {}", at + 1, sentence(step, decision)))?;
    }
    Ok(())
}

fn recipient(envelope: Option<&Envelope>, rid: Rid) -> String {
    match envelope.and_then(|envelope| envelope.recipient(rid)) {
        Some(address) => address.to_string(),
        None => format!("RID {rid}"),
    }
}

/// `anti-spam saw score 93; suspect from 50, spam from 90, and said quarantine "spam". This decided for everyone.`
fn sentence(step: &TrailStep, decision: &Decision) -> String {
    let whom = match step.rids.as_slice() {
        [] => String::new(),
        rids if rids.len() == decision.recipients.len() => String::new(),
        rids => format!(" for {}", numbers(rids)),
    };
    let decided = match step.decided.as_slice() {
        [] => String::new(),
        rids if rids.len() == decision.recipients.len() => ". This decided".to_owned(),
        rids => format!(". This decided for {}", numbers(rids)),
    };
    format!(
        "{}{whom} saw: {}; and said: {}{decided}.",
        step.rule, step.saw, step.outcome
    )
}

fn numbers(rids: &[Rid]) -> String {
    let rids: Vec<String> = rids.iter().map(|rid| format!("RID {rid}")).collect();
    rids.join(", ")
}

/// What was known when it was judged.
pub fn facts(detail: &Detail, output: &mut Output) -> io::Result<()> {
    let Some(facts) = &detail.facts else {
        return Ok(());
    };
    output.heading("Facts")?;
    for (name, value) in lines(facts) {
        if !value.is_empty() {
            output.line(format_args!("  {name:<14}{value}"))?;
        }
    }
    if facts.findings.is_empty() {
        return output.line("  no engine found anything");
    }
    output.table(&findings(&facts.findings), "")
}

fn lines(facts: &Facts) -> [(&'static str, String); 7] {
    let helo = match facts.helo_valid {
        true => facts.helo.clone(),
        false => format!("{} (not a valid name)", facts.helo),
    };
    let attachments: Vec<String> = facts
        .mime
        .attachments
        .iter()
        .map(|one| format!("{} ({}, {} octets)", one.name, one.declared_type, one.bytes))
        .collect();
    [
        ("HELO", helo),
        (
            "From:",
            format!("{} {}", facts.header.from_name, facts.header.from.join(", "))
                .trim()
                .to_owned(),
        ),
        ("Reply-To:", facts.header.reply_to.join(", ")),
        (
            "parts",
            format!("{}, nested {} deep", facts.mime.parts, facts.mime.depth),
        ),
        ("attachments", attachments.join(", ")),
        ("oddities", facts.mime.oddities.join(", ")),
        (
            "Received:",
            format!("{} before ours", facts.header.received_count),
        ),
    ]
}

fn findings(findings: &[Finding]) -> Table {
    let mut table = Table::new(&["ENGINE", "FINDING", "POINTS", "DETAIL~"]);
    for one in findings {
        table.row([
            one.engine.clone(),
            one.rule.clone(),
            one.points.to_string(),
            one.detail.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_vocab::{Disposition, RecipientDecision};

    #[test]
    fn a_step_is_told_as_a_sentence() {
        let one = |rid| RecipientDecision {
            rid: Rid(rid),
            disposition: Disposition::Deliver,
            reason: String::new(),
        };
        let decision = Decision {
            recipients: vec![one(0), one(1)],
            ..Decision::default()
        };
        let mut step = TrailStep {
            rule: "anti-spam".into(),
            saw: "score 93".into(),
            outcome: "quarantine \"spam\"".into(),
            rids: vec![Rid(0), Rid(1)],
            decided: vec![Rid(1)],
        };
        let expected = "anti-spam saw: score 93; and said: quarantine \"spam\". This decided for RID 1.";
        assert_eq!(sentence(&step, &decision), expected);
        step.rids = vec![Rid(1)];
        step.decided = vec![];
        let expected = "anti-spam for RID 1 saw: score 93; and said: quarantine \"spam\".";
        assert_eq!(sentence(&step, &decision), expected);
    }
}
