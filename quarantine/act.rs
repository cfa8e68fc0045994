//! What people do with held mail. Each action is a durable change of the row and of the message's fate, under the lock
//! that the feeder takes too; so doing it twice does it once. A release is marked pending in the same write, then given to
//! the mail side outside the lock: if the daemon dies between the two, the mark is still there at the next start.

use crate::changes::{Changes, mailbox_of};
use crate::columns::Column;
use crate::feed::set;
use crate::held::Scope;
use crate::record::{Done, HeldRecord, PendingRecord};
use crate::time::when;
use crate::{Mail, Store, StoreError, keys};
use crossbeam::channel::{RecvTimeoutError, bounded};
use postern_quarantine_api::{
    Failure, HeldAction, HeldKey, HeldOutcome, HeldRow, HeldStatus, RecipientState,
};
use postern_vocab::Submission;
use postern_vocab::{Address, ListKind, ListOwner, Mid, Timestamp, Verdict};
use std::time::Duration;

/// How long a release may wait for a place in the mail side's channel, and then for its journal.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(20);

/// Who acts.
pub(crate) struct Actor<'a> {
    /// What they may see.
    pub scope: Scope<'a>,
    /// A log-in, `digest link`, or `operator`.
    pub name: &'a str,
    /// The same, as a list entry says who added it.
    pub on_lists: &'a str,
}

/// What came of handing a message to the mail side.
pub(crate) enum Submitted {
    /// It is in a journal.
    Yes(Mid),
    /// It was not taken.
    No(String),
    /// There was no answer: it may be, or may still come to be, in a journal.
    Unknown,
}

impl Store {
    /// Does one action on one message.
    pub(crate) fn act(
        &self,
        mail: &Mail,
        actor: &Actor<'_>,
        (key, action): (HeldKey, HeldAction),
    ) -> Result<HeldOutcome, Failure> {
        let record = self.held_in_scope(key, actor.scope)?;
        let outcome = |done, text| HeldOutcome { key, done, text };
        if let Some(text) = done_before(&record) {
            return Ok(outcome(false, text));
        }
        if is_release(action) && actor.scope != Scope::All && is_administrators(&record.row) {
            return Err(Failure::Forbidden(
                "only an administrator may release this message; ask them".to_owned(),
            ));
        }
        let listed = self.list_sender(mail, actor, (&record.row, action));
        let done = if is_release(action) {
            self.release(mail, actor.name, key)?
        } else {
            self.delete(actor.name, key, action)?
        };
        Ok(match done {
            Ok(text) => outcome(true, text + &listed),
            Err(text) => outcome(false, text),
        })
    }

    fn release(&self, mail: &Mail, by: &str, key: HeldKey) -> Result<Result<String, String>, Failure> {
        let Some(submission) = self.submission(key, by)? else {
            return Ok(Err("its content is no longer stored".to_owned()));
        };
        let at = self.now();
        let marked = self.change(|changes| mark_released(changes, key, by, at))?;
        if let Err(before) = marked {
            return Ok(Err(before));
        }
        Ok(match submit(mail, submission) {
            Submitted::Yes(_) => Ok("released".to_owned()),
            Submitted::Unknown => Ok("released; it is delivered as soon as the mail side answers".to_owned()),
            Submitted::No(why) => {
                self.change(|changes| take_back_release(changes, key, (&why, self.now())))?;
                Err(format!("not released: {why}; it is still held"))
            }
        })
    }

    fn delete(&self, by: &str, key: HeldKey, action: HeldAction) -> Result<Result<String, String>, Failure> {
        let at = self.now();
        let done = Done {
            action,
            by: by.to_owned(),
            at,
        };
        Ok(self.change(|changes| mark_deleted(changes, key, done))?)
    }

    /// Puts the message's sender on the recipient's list, if the action says so; gives what to add to the outcome.
    fn list_sender(&self, mail: &Mail, actor: &Actor<'_>, (row, action): (&HeldRow, HeldAction)) -> String {
        let kind = match action {
            HeldAction::ReleaseAndSafelist => ListKind::Safe,
            HeldAction::DeleteAndBlocklist => ListKind::Block,
            HeldAction::Release | HeldAction::Delete => return String::new(),
        };
        let owner = ListOwner::Mailbox(mailbox_of(row));
        let mut senders: Vec<String> = [&row.from, &row.sender]
            .into_iter()
            .filter_map(|text| text.parse::<Address>().ok())
            .map(|address| address.folded())
            .collect();
        senders.dedup();
        if senders.is_empty() {
            return "; it names no sender that could be listed".to_owned();
        }
        for sender in &senders {
            let added = self.list_add(mail, (owner.clone(), kind, sender), actor.on_lists);
            if let Err(failure) = added {
                return format!("; not on the {}: {failure}", kind.as_str());
            }
        }
        format!("; {} on the {}", senders.join(" and "), kind.as_str())
    }
}

/// Hands a message to the mail side, and waits for its journal.
pub(crate) fn submit(mail: &Mail, submission: Submission) -> Submitted {
    let (answer, answered) = bounded(1);
    if mail
        .submit
        .send_timeout((submission, answer), SUBMIT_TIMEOUT)
        .is_err()
    {
        return Submitted::No("the mail side takes nothing now; try again in a minute".to_owned());
    }
    match answered.recv_timeout(SUBMIT_TIMEOUT) {
        Ok(Ok(mid)) => Submitted::Yes(mid),
        Ok(Err(why)) => Submitted::No(why),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Submitted::Unknown,
    }
}

/// Whether a message is of a kind that only administrators may release: a virus.
pub(crate) fn is_administrators(row: &HeldRow) -> bool {
    row.quarantine == "virus" || row.verdict == Verdict::Virus
}

/// What was done with a row before, in words.
pub(crate) fn done_before(record: &HeldRecord) -> Option<String> {
    let word = match record.row.status {
        HeldStatus::Held => return None,
        HeldStatus::Released => "released",
        HeldStatus::Deleted => "deleted",
        HeldStatus::Expired => {
            return Some("already expired: its time in the quarantine was over".to_owned());
        }
    };
    Some(match &record.done {
        Some(done) => format!("already {word} at {} by {}", when(done.at), done.by),
        None => format!("already {word}"),
    })
}

fn is_release(action: HeldAction) -> bool {
    matches!(action, HeldAction::Release | HeldAction::ReleaseAndSafelist)
}

/// The row when it is still held, or what was done before.
fn still_held<'a>(
    changes: &'a mut Changes<'_>,
    key: HeldKey,
) -> Result<Result<&'a mut HeldRecord, String>, StoreError> {
    let Some(record) = changes.held(key)? else {
        return Ok(Err("there is no such message".to_owned()));
    };
    Ok(match done_before(record) {
        Some(before) => Err(before),
        None => Ok(record),
    })
}

fn mark_released(
    changes: &mut Changes<'_>,
    key: HeldKey,
    by: &str,
    at: Timestamp,
) -> Result<Result<(), String>, StoreError> {
    let record = match still_held(changes, key)? {
        Ok(record) => record,
        Err(before) => return Ok(Err(before)),
    };
    record.row.status = HeldStatus::Released;
    record.done = Some(Done {
        action: HeldAction::Release,
        by: by.to_owned(),
        at,
    });
    let recipient = record.row.recipient.clone();
    let message = changes.message(key.mid, at)?;
    let text = format!("RID {} released from the quarantine by {by}", key.rid);
    message.timeline.tell(at, text);
    let state = RecipientState::Released {
        by: by.to_owned(),
        at,
    };
    set(message, key.rid, recipient, state);
    let pending = PendingRecord { by: by.to_owned() };
    changes
        .columns()
        .put(&mut changes.batch, (Column::Pending, &keys::held(key)), &pending);
    Ok(Ok(()))
}

/// The mail side did not take it: it is held as before.
fn take_back_release(
    changes: &mut Changes<'_>,
    key: HeldKey,
    (why, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    if !changes.columns().has(Column::Pending, &keys::held(key))? {
        return Ok(());
    }
    let Some(record) = changes.held(key)? else {
        return Ok(());
    };
    record.row.status = HeldStatus::Held;
    record.done = None;
    let row = record.row.clone();
    let message = changes.message(key.mid, at)?;
    let text = format!("RID {} could not be released and is still held: {why}", key.rid);
    message.timeline.tell(at, text);
    let state = RecipientState::Quarantined {
        quarantine: row.quarantine,
        reason: row.reason,
        until: row.expires_at,
    };
    set(message, key.rid, row.recipient, state);
    changes
        .columns()
        .delete(&mut changes.batch, Column::Pending, &keys::held(key));
    Ok(())
}

fn mark_deleted(
    changes: &mut Changes<'_>,
    key: HeldKey,
    done: Done,
) -> Result<Result<String, String>, StoreError> {
    let record = match still_held(changes, key)? {
        Ok(record) => record,
        Err(before) => return Ok(Err(before)),
    };
    record.row.status = HeldStatus::Deleted;
    record.done = Some(done.clone());
    let recipient = record.row.recipient.clone();
    let message = changes.message(key.mid, done.at)?;
    let text = format!("RID {} deleted from the quarantine by {}", key.rid, done.by);
    message.timeline.tell(done.at, text);
    let state = RecipientState::Deleted {
        by: done.by,
        at: done.at,
    };
    set(message, key.rid, recipient, state);
    changes.totals.count("deleted", 1);
    changes.drop_content_unless_wanted(key.mid, done.at)?;
    Ok(Ok("deleted".to_owned()))
}
