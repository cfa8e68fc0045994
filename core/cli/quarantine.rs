//! `postern quarantine`: held mail, listed, shown, released, deleted.

use super::args::{Held, HeldId, Quarantine};
use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::track::sender;
use super::trouble::Trouble;
use super::{show::how, status_of, times};
use postern_engine::policy::Config;
use postern_quarantine::api::{
    DoorError, HeldAction, HeldFilter, HeldKey, HeldMessage, HeldOutcome, HeldRow, RecipientFate,
    RecipientState, Reply, Request, Subject,
};
use postern_vocab::Address;
use serde_json::json;
use std::io;
use std::process::ExitCode;

/// Does it.
pub fn quarantine(
    config: &Config,
    action: Option<Quarantine>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let door = Door::of(config);
    match action {
        None => list(&door, &HeldFilter::default(), 50, output),
        Some(Quarantine::List {
            rcpt,
            quarantine,
            words,
            all,
            limit,
        }) => {
            let recipient = rcpt.as_ref().map(Address::folded);
            list(
                &door,
                &HeldFilter {
                    words,
                    recipient,
                    quarantine,
                    all,
                },
                limit,
                output,
            )
        }
        Some(Quarantine::Show(held)) => show(&door, &held, output),
        Some(Quarantine::Release(held)) => act(&door, &held, HeldAction::Release, output),
        Some(Quarantine::Delete(held)) => act(&door, &held, HeldAction::Delete, output),
    }
}

fn list(door: &Door, filter: &HeldFilter, limit: usize, output: &mut Output) -> Result<ExitCode, Trouble> {
    let rows = door.held(filter, limit)?;
    if output.json {
        output.values(&rows)?;
    } else {
        output.table(&table(&rows), "nothing is held")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[HeldRow]) -> Table {
    let mut table = Table::new(&[
        "HELD",
        "RECEIVED",
        "QUARANTINE",
        "TO~",
        "FROM~",
        "SUBJECT~",
        "REASON~",
    ]);
    for row in rows {
        table.row([
            row.key().to_string(),
            times::shown(row.received_at),
            row.quarantine.clone(),
            row.recipient.clone(),
            sender(Some(&row.sender)),
            row.subject.clone(),
            row.reason.clone(),
        ]);
    }
    table
}

fn show(door: &Door, held: &Held, output: &mut Output) -> Result<ExitCode, Trouble> {
    let key = keys(door, held)?[0];
    let message = match door.ask(Request::HeldShow(key))? {
        Reply::HeldMessage(message) => *message,
        _ => return Err(DoorError::Unexpected.into()),
    };
    if output.json {
        output.value(&message)?;
    } else {
        print(&message, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(message: &HeldMessage, output: &mut Output) -> io::Result<()> {
    let row = &message.row;
    let from = format!("{} {}", row.from_name, row.from);
    let lines = [
        ("held for", row.recipient.clone()),
        (
            "in",
            format!(
                "{}, since {}, until {}",
                row.quarantine,
                times::shown(row.received_at),
                times::shown(row.expires_at)
            ),
        ),
        ("why", row.reason.clone()),
        ("sender", sender(Some(&row.sender))),
        ("From:", from.trim().to_owned()),
        ("subject", row.subject.clone()),
        ("size", format!("{} octets", row.bytes)),
    ];
    output.line(format_args!("MID {}", row.key()))?;
    for (name, value) in lines {
        output.line(format_args!("  {name:<10}{value}"))?;
    }
    output.heading("Source")?;
    for line in String::from_utf8_lossy(&message.content).lines() {
        output.line(line)?;
    }
    let left_out = row.bytes.saturating_sub(message.content.len() as u64);
    if left_out > 0 {
        output.line(format_args!("... and {left_out} octets more"))?;
    }
    Ok(())
}

fn act(door: &Door, held: &Held, action: HeldAction, output: &mut Output) -> Result<ExitCode, Trouble> {
    let outcomes = door.act(keys(door, held)?, action)?;
    if output.json {
        for HeldOutcome { key, done, text } in &outcomes {
            output.value(&json!({ "mid": key.mid, "rid": key.rid, "done": done, "text": text }))?;
        }
    } else {
        for outcome in &outcomes {
            output.line(format_args!("MID {}: {}", outcome.key, outcome.text))?;
        }
    }
    Ok(status_of(outcomes.iter().all(|outcome| outcome.done)))
}

/// The messages that are meant: one, or one for each recipient. Never none.
fn keys(door: &Door, held: &Held) -> Result<Vec<HeldKey>, Trouble> {
    let mid = match held.id {
        HeldId::One(key) => return Ok(vec![key]),
        HeldId::Message(mid) => mid,
    };
    let recipients = door.show(Subject::Mid(mid))?.recipients;
    let rcpt = held.rcpt.as_ref().map(Address::folded);
    let meant = |one: &&RecipientFate| rcpt.as_ref().is_none_or(|rcpt| *rcpt == folded(&one.recipient));
    let meant: Vec<&RecipientFate> = recipients.iter().filter(meant).collect();
    let was_held = |one: &&&RecipientFate| {
        matches!(
            one.state,
            RecipientState::Quarantined { .. }
                | RecipientState::Released { .. }
                | RecipientState::Deleted { .. }
                | RecipientState::Expired { .. }
        )
    };
    let rids = meant.iter().filter(was_held).filter_map(|one| one.rid);
    let keys: Vec<HeldKey> = rids.map(|rid| HeldKey { mid, rid }).collect();
    if keys.is_empty() {
        return Err(Trouble::Said(not_held(held, &meant)));
    }
    Ok(keys)
}

fn folded(recipient: &str) -> String {
    recipient
        .parse::<Address>()
        .map_or_else(|_| recipient.to_lowercase(), |address| address.folded())
}

fn not_held(held: &Held, meant: &[&RecipientFate]) -> String {
    let fates: Vec<String> = meant
        .iter()
        .map(|one| format!("{} {}, {}", one.recipient, one.state.word(), how(&one.state)))
        .collect();
    match (&held.rcpt, fates.is_empty()) {
        (Some(rcpt), true) => format!("{} has no recipient {rcpt}; `postern show` lists them", held.id),
        _ => format!("{} is not held: {}", held.id, fates.join("; ")),
    }
}
