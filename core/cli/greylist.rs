//! `postern greylist`: who has been told to come again, and letting them in now.

use super::args::Greylist;
use super::door::Door;
use super::output::Output;
use super::status_of;
use super::table::Table;
use super::times;
use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_quarantine::api::{DoorError, GreylistFilter, Reply, Request};
use postern_vocab::limits;
use std::process::ExitCode;

/// Does it.
pub fn greylist(config: &Config, action: Option<Greylist>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let door = Door::of(config);
    match action {
        None | Some(Greylist::List) => list(&door, output),
        Some(Greylist::Admit {
            sender,
            rcpt,
            network,
        }) => {
            let recipient = rcpt;
            let filter = GreylistFilter {
                network,
                sender,
                recipient,
            };
            admit(&door, filter, output)
        }
    }
}

fn list(door: &Door, output: &mut Output) -> Result<ExitCode, Trouble> {
    let limit = limits::PAGE_ROWS_MAX;
    let Reply::Greylisted(rows) = door.ask(Request::GreylistShow { limit })? else {
        return Err(DoorError::Unexpected.into());
    };
    if output.json {
        for row in &rows {
            output.value(row)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["SINCE", "LET IN FROM", "NETWORK", "SENDER", "RECIPIENT"]);
    for row in rows {
        table.row([
            times::shown(row.since),
            times::shown(row.until),
            row.network,
            format!("<{}>", row.sender),
            row.recipient,
        ]);
    }
    output.table(&table, "nobody waits")?;
    Ok(ExitCode::SUCCESS)
}

fn admit(door: &Door, filter: GreylistFilter, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Reply::Admitted { count } = door.ask(Request::GreylistAdmit(filter))? else {
        return Err(DoorError::Unexpected.into());
    };
    output.line(format_args!("{count} let in at their next attempt"))?;
    Ok(status_of(count > 0))
}
