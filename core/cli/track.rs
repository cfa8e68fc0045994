//! `postern track`: one row a message or refused connection, newest first.

use super::args::Track;
use super::door::Door;
use super::output::Output;
use super::table::Table;
use super::trouble::Trouble;
use super::{status_of, times};
use postern_engine::policy::Config;
use postern_quarantine::api::{TrackQuery, TrackRow};
use std::process::ExitCode;

/// Searches.
pub fn track(config: &Config, wishes: Track, output: &mut Output) -> Result<ExitCode, Trouble> {
    let limit = wishes.limit;
    let query = TrackQuery {
        from: wishes.from,
        to: wishes.to,
        subject: wishes.subject,
        message_id: wishes.message_id,
        ip: wishes.ip,
        attachment: wishes.attachment,
        policy: wishes.policy,
        state: wishes.state,
        rejected: wishes.rejected,
        since: wishes.since,
        until: wishes.until,
        cursor: None,
        limit,
    };
    let rows = Door::of(config).track(&query, limit)?;
    if output.json {
        output.values(&rows)?;
    } else {
        output.table(&table(&rows), "nothing fits")?;
    }
    Ok(status_of(!rows.is_empty()))
}

fn table(rows: &[TrackRow]) -> Table {
    let mut table = Table::new(&[
        "TIME", "ID", "CLIENT", "FROM~", "TO~", "SUBJECT~", "STATE", "REASON~",
    ]);
    for row in rows {
        table.row([
            times::shown(row.at),
            id(row),
            row.ip.clone().unwrap_or_default(),
            sender(row.sender.as_deref()),
            recipients(&row.recipients),
            row.subject.clone(),
            row.state.to_string(),
            row.reason.clone(),
        ]);
    }
    table
}

/// The id to show it by: the message's where there is one.
pub fn id(row: &TrackRow) -> String {
    match (row.mid, row.icid) {
        (Some(mid), _) => format!("MID {mid}"),
        (None, Some(icid)) => format!("ICID {icid}"),
        (None, None) => String::new(),
    }
}

/// A sender for people: the null one is `<>`.
pub fn sender(sender: Option<&str>) -> String {
    match sender {
        Some("") => "<>".to_owned(),
        Some(address) => address.to_owned(),
        None => String::new(),
    }
}

fn recipients(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_recipients_are_told_in_one_cell() {
        assert_eq!(
            (sender(None), sender(Some("")), sender(Some("a@b"))),
            ("".into(), "<>".into(), "a@b".into())
        );
        let all = ["a@b".to_owned(), "c@d".to_owned(), "e@f".to_owned()];
        assert_eq!(
            (recipients(&[]), recipients(&all[..1]), recipients(&all)),
            ("".into(), "a@b".into(), "a@b +2".into())
        );
    }
}
