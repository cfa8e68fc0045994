//! The daemon, asked as its operator: `operator.sock` in the run directory.

use super::trouble::Trouble;
use postern_engine::policy::Config;
use postern_quarantine::api::{
    Client, Detail, DoorError, Failure, HeldAction, HeldFilter, HeldKey, HeldOutcome, HeldRow,
    OPERATOR_SOCKET, Page, Reply, Request, Subject, TrackQuery, TrackRow, Who,
};
use postern_vocab::limits;
use std::path::PathBuf;

/// The door, from the command line's side.
pub struct Door {
    client: Client,
    /// Where it is.
    pub socket: PathBuf,
}

impl Door {
    /// The door of the daemon that runs with this configuration.
    pub fn of(config: &Config) -> Self {
        let socket = config.run_dir.join(OPERATOR_SOCKET);
        Self {
            client: Client::new(&socket),
            socket,
        }
    }

    /// Asks.
    pub fn ask(&self, request: Request) -> Result<Reply, DoorError> {
        self.client.ask(Who::Operator, request)
    }

    /// Asks for something to be done.
    pub fn tell(&self, request: Request) -> Result<(), DoorError> {
        match self.ask(request)? {
            Reply::Done => Ok(()),
            _ => Err(DoorError::Unexpected),
        }
    }

    /// Everything about one message or connection.
    pub fn show(&self, subject: Subject) -> Result<Detail, DoorError> {
        match self.ask(Request::Show(subject))? {
            Reply::Detail(detail) => Ok(*detail),
            _ => Err(DoorError::Unexpected),
        }
    }

    /// The same; `None` when there is no such thing (yet: the index may be a moment behind).
    pub fn find(&self, subject: Subject) -> Result<Option<Detail>, DoorError> {
        match self.show(subject) {
            Ok(detail) => Ok(Some(detail)),
            Err(DoorError::Failed(Failure::NotFound(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first `limit` rows that fit, page after page.
    pub fn track(&self, query: &TrackQuery, limit: usize) -> Result<Vec<TrackRow>, DoorError> {
        pages(limit, |cursor, wanted| {
            let query = TrackQuery {
                cursor,
                limit: wanted,
                ..query.clone()
            };
            match self.ask(Request::Track(query))? {
                Reply::Tracked(page) => Ok(page),
                _ => Err(DoorError::Unexpected),
            }
        })
    }

    /// The first `limit` held messages that fit, page after page.
    pub fn held(&self, filter: &HeldFilter, limit: usize) -> Result<Vec<HeldRow>, DoorError> {
        pages(limit, |cursor, wanted| {
            let request = Request::HeldList {
                filter: filter.clone(),
                cursor,
                limit: wanted,
            };
            match self.ask(request)? {
                Reply::Held(page) => Ok(page),
                _ => Err(DoorError::Unexpected),
            }
        })
    }

    /// Releases or deletes.
    pub fn act(&self, keys: Vec<HeldKey>, action: HeldAction) -> Result<Vec<HeldOutcome>, Trouble> {
        match self.ask(Request::HeldAct { keys, action })? {
            Reply::HeldDone(outcomes) => Ok(outcomes),
            _ => Err(DoorError::Unexpected.into()),
        }
    }
}

/// Asks for pages until there are enough rows or no more. A page may be empty and have a next one: the store looks at a
/// bounded number of rows for each.
fn pages<T>(
    limit: usize,
    mut ask: impl FnMut(Option<String>, usize) -> Result<Page<T>, DoorError>,
) -> Result<Vec<T>, DoorError> {
    let mut rows = Vec::new();
    let mut cursor = None;
    while rows.len() < limit {
        let page = ask(cursor, (limit - rows.len()).min(limits::PAGE_ROWS_MAX))?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_asked_for_until_there_are_enough_rows() {
        let ask = |cursor: Option<String>, wanted: usize| {
            let at: usize = cursor.map_or(0, |cursor| cursor.parse().expect("ours"));
            let rows: Vec<usize> = (at..10).take(wanted.min(3)).collect();
            let end = at + rows.len();
            Ok(Page {
                rows,
                next: (end < 10).then(|| end.to_string()),
            })
        };
        assert_eq!(pages(5, ask).expect("rows"), [0, 1, 2, 3, 4]);
        assert_eq!(pages(99, ask).expect("rows").len(), 10);
        assert!(pages(0, ask).expect("rows").is_empty());
    }
}
