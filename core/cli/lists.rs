//! `postern lists`: safelists and blocklists, everyone's and by mailbox.

use super::args::{Entry, Lists};
use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::times;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_quarantine::api::{DoorError, Reply, Request};
use postern_vocab::{ListKind, ListOwner};
use std::process::ExitCode;

/// Does it.
pub fn lists(config: &Config, action: Option<Lists>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let door = Door::of(config);
    match action {
        None => show(&door, None, output),
        Some(Lists::Show { owner }) => show(&door, owner, output),
        Some(Lists::Add(entry)) => change(&door, entry, Change::Add, output),
        Some(Lists::Remove(entry)) => change(&door, entry, Change::Remove, output),
    }
}

enum Change {
    Add,
    Remove,
}

fn change(door: &Door, entry: Entry, change: Change, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Entry {
        list,
        sender: pattern,
        owner,
    } = entry;
    let kind = kind(&list);
    let list = format!("{} of {owner}", kind.as_str());
    let (request, done) = match change {
        Change::Add => {
            let done = format!("added {pattern} to the {list}");
            (Request::ListAdd { owner, kind, pattern }, done)
        }
        Change::Remove => {
            let done = format!("removed {pattern} from the {list}");
            (Request::ListRemove { owner, kind, pattern }, done)
        }
    };
    door.tell(request)?;
    output.line(done)?;
    Ok(ExitCode::SUCCESS)
}

fn kind(word: &str) -> ListKind {
    if word == "safe" {
        ListKind::Safe
    } else {
        ListKind::Block
    }
}

fn show(door: &Door, owner: Option<ListOwner>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let entries = match door.ask(Request::ListShow { owner })? {
        Reply::List(entries) => entries,
        _ => return Err(DoorError::Unexpected.into()),
    };
    if output.json {
        output.values(&entries)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["OWNER", "LIST", "SENDER", "ADDED", "BY~"]);
    for entry in entries {
        table.row([
            entry.owner.to_string(),
            entry.kind.as_str().to_owned(),
            entry.pattern.to_string(),
            times::shown(entry.added_at),
            entry.added_by,
        ]);
    }
    output.table(&table, "the lists are empty")?;
    Ok(ExitCode::SUCCESS)
}
