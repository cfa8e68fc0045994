//! The end of held mail: first its content goes and the row says so, and after as long again as a digest's links live,
//! the row goes too. Tracking keeps both.

use crate::changes::Changes;
use crate::columns::Column;
use crate::feed::set;
use crate::session;
use crate::{Store, StoreError, keys};
use postern_quarantine_api::{HeldKey, HeldStatus, RecipientState};
use postern_vocab::{Timestamp, limits};

/// Rows that one write expires, so that nobody waits long for the lock.
const ROWS_PER_WRITE_MAX: usize = 256;

impl Store {
    /// Expires what is held past its time, and sessions nobody uses; gives how many messages expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expire(&self, now: Timestamp) -> Result<u64, StoreError> {
        session::sweep(&self.columns, |session| {
            now.since(session.used_at) >= limits::SESSION_IDLE
        })?;
        let mut expired = 0;
        loop {
            let due = self.due(now)?;
            if due.is_empty() {
                return Ok(expired);
            }
            expired += self.change(|changes| {
                let mut count = 0;
                for (at, key) in &due {
                    count += u64::from(end(changes, (*at, *key), now)?);
                }
                changes.totals.count("expired", count as usize);
                Ok(count)
            })?;
        }
    }

    /// What is due, soonest first; a release that no journal has yet is never due.
    fn due(&self, now: Timestamp) -> Result<Vec<(Timestamp, HeldKey)>, StoreError> {
        let mut due = Vec::new();
        for item in self.columns.scan(Column::HeldByExpiry, &[], &[]) {
            let Some((at, key)) = keys::held_expiry_parts(&item?.0) else {
                continue;
            };
            if at > now || due.len() >= ROWS_PER_WRITE_MAX {
                break;
            }
            if !self.columns.has(Column::Pending, &keys::held(key))? {
                due.push((at, key));
            }
        }
        Ok(due)
    }
}

/// Ends one row's time; whether that is what ended its being held.
fn end(
    changes: &mut Changes<'_>,
    (at, key): (Timestamp, HeldKey),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let columns = changes.columns();
    columns.delete(
        &mut changes.batch,
        Column::HeldByExpiry,
        &keys::held_expiry(at, key),
    );
    let Some(record) = changes.held(key)? else {
        return Ok(false);
    };
    if at != record.row.expires_at {
        let record = record.clone();
        changes.forget_held(&record);
        return Ok(false);
    }
    let was_held = record.row.status == HeldStatus::Held;
    let recipient = record.row.recipient.clone();
    if was_held {
        record.row.status = HeldStatus::Expired;
        let message = changes.message(key.mid, now)?;
        let text = format!("RID {} expired in the quarantine", key.rid);
        message.timeline.tell(now, text);
        set(message, key.rid, recipient, RecipientState::Expired { at: now });
    }
    let last = keys::held_expiry(now.plus(limits::DIGEST_LINK_LIFETIME), key);
    columns.mark(&mut changes.batch, Column::HeldByExpiry, &last);
    changes.drop_content_unless_wanted(key.mid, now)?;
    Ok(was_held)
}
