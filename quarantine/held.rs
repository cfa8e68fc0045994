//! Looking at held mail. Whose rows may be seen is decided by the caller and handed down as a mailbox.

use crate::Store;
use crate::changes::mailbox_of;
use crate::columns::{Column, Stored};
use crate::record::{HeldRecord, JudgedRecord};
use crate::{cursor, keys};
use postern_quarantine_api::{Failure, HeldFilter, HeldKey, HeldMessage, HeldRow, HeldStatus, Page};
use postern_vocab::limits;

/// Whose held mail may be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope<'a> {
    /// Everyone's.
    All,
    /// One mailbox's, folded.
    Mailbox(&'a str),
}

/// A page that is asked for.
pub(crate) struct HeldQuery<'a> {
    pub scope: Scope<'a>,
    pub filter: &'a HeldFilter,
    pub cursor: Option<&'a str>,
    pub limit: usize,
}

impl Store {
    /// One page of held rows, newest first.
    pub(crate) fn held_list(&self, query: &HeldQuery<'_>) -> Result<Page<HeldRow>, Failure> {
        let asked = query.filter.recipient.as_deref();
        let mailbox = match (query.scope, asked) {
            (Scope::Mailbox(own), Some(other)) if own != other => {
                return Err(Failure::Forbidden(
                    "only your own held mail can be seen".to_owned(),
                ));
            }
            (Scope::Mailbox(own), _) => Some(own),
            (Scope::All, asked) => asked,
        };
        let (column, prefix) = match mailbox {
            Some(mailbox) => (Column::HeldByMailbox, keys::mailbox(mailbox)),
            None => (Column::HeldByTime, Vec::new()),
        };
        let mut start = prefix.clone();
        if let Some(cursor) = query.cursor {
            start.extend(cursor::read(cursor, keys::HELD_PLACE_OCTETS)?);
        }
        let words = words(&query.filter.words);
        let limit = query.limit.clamp(1, limits::PAGE_ROWS_MAX);
        let mut rows = Vec::new();
        for (looked_at, item) in self.columns.scan(column, &prefix, &start).enumerate() {
            let Stored(place, _) = item?;
            let place = &place[prefix.len()..];
            if rows.len() >= limit || looked_at >= limits::SEARCH_ROWS_MAX {
                let next = Some(cursor::write(place));
                return Ok(Page { rows, next });
            }
            let key = keys::held_key_of_place(place);
            let record = key.map(|key| self.held_record(key)).transpose()?.flatten();
            rows.extend(
                record
                    .map(|record| record.row)
                    .filter(|row| fits(row, query.filter, &words)),
            );
        }
        Ok(Page { rows, next: None })
    }

    /// One held message, with the start of its content.
    pub(crate) fn held_show(&self, key: HeldKey, scope: Scope<'_>) -> Result<HeldMessage, Failure> {
        let record = self.held_in_scope(key, scope)?;
        let content = self.content(key.mid)?.map(|content| content.body);
        let body = content.unwrap_or_default();
        let shown = &body[..body.len().min(limits::DOOR_CONTENT_BYTES_MAX)];
        let judged = self.judged(key.mid)?.unwrap_or(JudgedRecord {
            facts: None,
            decision: Default::default(),
        });
        let mut facts = judged.facts;
        let mut decision = judged.decision;
        if let Scope::Mailbox(_) = scope {
            // The other recipients are not this one's to know: they may have been Bcc.
            if let Some(facts) = &mut facts {
                facts.envelope.recipients.clear();
            }
            decision.recipients.retain(|one| one.rid == key.rid);
            decision
                .trail
                .retain(|step| step.rids.is_empty() || step.rids == [key.rid]);
            for step in &mut decision.trail {
                step.decided.retain(|rid| *rid == key.rid);
            }
        }
        Ok(HeldMessage {
            row: record.row,
            content: shown.to_vec(),
            facts,
            decision,
        })
    }

    /// A held row that may be seen; what may not is as if it were not there.
    pub(crate) fn held_in_scope(&self, key: HeldKey, scope: Scope<'_>) -> Result<HeldRecord, Failure> {
        let record = self.held_record(key)?;
        record
            .filter(|record| match scope {
                Scope::All => true,
                Scope::Mailbox(own) => mailbox_of(&record.row) == own,
            })
            .ok_or_else(|| Failure::NotFound(format!("there is no held message {key}")))
    }

    fn held_record(&self, key: HeldKey) -> Result<Option<HeldRecord>, Failure> {
        Ok(self.columns.read(Column::Held, &keys::held(key))?)
    }
}

fn fits(row: &HeldRow, filter: &HeldFilter, wanted: &[String]) -> bool {
    let state = filter.all || row.status == HeldStatus::Held;
    let quarantine = filter
        .quarantine
        .as_ref()
        .is_none_or(|name| *name == row.quarantine);
    state && quarantine && {
        let texts = [&row.sender, &row.from, &row.from_name, &row.subject];
        let there: Vec<String> = texts.into_iter().flat_map(|text| words(text)).collect();
        wanted
            .iter()
            .all(|word| there.iter().any(|one| one.starts_with(word.as_str())))
    }
}

/// The words of a text: runs of letters and digits, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
