//! A message was taken into our care: from outside, made here, or released.

use super::connection;
use crate::changes::Changes;
use crate::columns::Column;
use crate::record::{ContentRecord, Done, JudgedRecord, MessageRecord};
use crate::{Fed, Settings, StoreError, keys};
use postern_quarantine_api::{HeldAction, HeldKey, HeldRow, HeldStatus, RecipientFate, RecipientState};
use postern_vocab::events::{Accepted, Origin};
use postern_vocab::text::one_line;
use postern_vocab::{Decision, Disposition, Event, Facts, Mid, Rid, Timestamp, limits};

/// Feeds a message.
pub(super) fn accepted(changes: &mut Changes<'_>, settings: &Settings, fed: &Fed) -> Result<(), StoreError> {
    let Event::Accepted(accepted) = &fed.recorded.event else {
        return Ok(());
    };
    let at = fed.recorded.at;
    if let Origin::Release { by } = &accepted.origin {
        return released(changes, at, accepted, by);
    }
    changes.totals.count("accepted", 1);
    note_connection(changes, at, accepted)?;
    judged(
        changes,
        (accepted.mid, at),
        accepted.facts.as_deref(),
        &accepted.decision,
    )?;
    let record = changes.message(accepted.mid, at)?;
    record.found.row.sender = Some(accepted.envelope.sender.to_string());
    record.found.row.bytes = accepted.body_bytes;
    record.timeline.tell(at, origin(accepted));
    let mut holds = Vec::new();
    let mut dropped = 0;
    for (rid, recipient) in accepted.envelope.numbered() {
        let state = first_state(accepted, settings, (rid, at));
        dropped += usize::from(matches!(state, RecipientState::Dropped { .. }));
        record.timeline.tell(at, first_words(rid, &state));
        let held = matches!(state, RecipientState::Quarantined { .. });
        let recipient = recipient.to_string();
        let kept = set_first(record, rid, recipient, state);
        if held {
            holds.push((rid, kept));
        }
    }
    changes.totals.count("dropped", dropped);
    hold(changes, settings, fed, &holds)
}

/// Feeds what was known and decided about a message, accepted or refused at the end of data.
pub(super) fn judged(
    changes: &mut Changes<'_>,
    (mid, at): (Mid, Timestamp),
    facts: Option<&Facts>,
    decision: &Decision,
) -> Result<(), StoreError> {
    let record = changes.message(mid, at)?;
    let found = &mut record.found;
    if let Some(facts) = facts {
        found.classify(&facts.classification);
        let row = &mut found.row;
        row.icid = Some(facts.icid);
        row.ip = Some(facts.peer.remote.ip().to_canonical().to_string());
        row.reverse = facts
            .reverse
            .name()
            .map(|name| one_line(name, limits::DOMAIN_OCTETS_MAX));
        row.helo = Some(one_line(&facts.helo, limits::DOMAIN_OCTETS_MAX));
        row.sender = Some(facts.envelope.sender.to_string());
        row.subject = one_line(&facts.header.subject, limits::HEADER_FACT_CHARS_MAX);
        row.message_id = one_line(&facts.header.message_id, limits::HEADER_FACT_CHARS_MAX);
        row.bytes = facts.body_bytes;
        row.score = Some(decision.score);
        found.attachments = facts
            .mime
            .attachments
            .iter()
            .map(|one| one.name.clone())
            .collect();
    }
    let tracking = keys::tracking(found.row.at, keys::Tracked::Message(mid.0));
    let message_id = found.row.message_id.clone();
    let columns = changes.columns();
    if !message_id.is_empty() {
        let key = keys::message_id(&message_id, &tracking);
        columns.mark(&mut changes.batch, Column::MessageIds, &key);
    }
    let judged = JudgedRecord {
        facts: facts.cloned(),
        decision: decision.clone(),
    };
    columns.put(
        &mut changes.batch,
        (Column::Judged, &mid.0.to_be_bytes()),
        &judged,
    );
    Ok(())
}

/// Feeds a release: it is in a shard's journal, so the mail side has confirmed it.
fn released(
    changes: &mut Changes<'_>,
    at: Timestamp,
    accepted: &Accepted,
    by: &str,
) -> Result<(), StoreError> {
    let rids = accepted
        .decision
        .rids(|disposition| *disposition == Disposition::Deliver);
    changes.totals.count("released", rids.len());
    for rid in rids {
        let key = HeldKey {
            mid: accepted.mid,
            rid,
        };
        let columns = changes.columns();
        columns.delete(&mut changes.batch, Column::Pending, &keys::held(key));
        if let Some(held) = changes.held(key)?
            && held.row.status == HeldStatus::Held
        {
            held.row.status = HeldStatus::Released;
            held.done = Some(Done {
                action: HeldAction::Release,
                by: by.to_owned(),
                at,
            });
        }
        let recipient = accepted.envelope.recipient(rid).map(ToString::to_string);
        let record = changes.message(accepted.mid, at)?;
        let state = RecipientState::Released {
            by: by.to_owned(),
            at,
        };
        record
            .timeline
            .tell(at, format!("RID {rid} queued for delivery, released by {by}"));
        set(record, rid, recipient.unwrap_or_default(), state);
    }
    Ok(())
}

fn note_connection(changes: &mut Changes<'_>, at: Timestamp, accepted: &Accepted) -> Result<(), StoreError> {
    if let Some(facts) = &accepted.facts {
        let record = changes.connection(facts.icid, at)?;
        connection::note_message(record, accepted.mid);
    }
    Ok(())
}

/// Holds the message for these recipients: a row for each, and the content once.
fn hold(
    changes: &mut Changes<'_>,
    settings: &Settings,
    fed: &Fed,
    holds: &[(Rid, HeldStatus)],
) -> Result<(), StoreError> {
    let Event::Accepted(accepted) = &fed.recorded.event else {
        return Ok(());
    };
    if holds.is_empty() {
        return Ok(());
    }
    let body = fed.body.clone().ok_or(StoreError::NoBody(accepted.mid))?;
    for &(rid, status) in holds {
        let mut row = held_row(accepted, settings, (rid, fed.recorded.at));
        row.status = status;
        changes.hold(row);
    }
    let content = ContentRecord {
        envelope: accepted.envelope.clone(),
        trace_header: accepted.trace_header.clone(),
        cuts: accepted.cuts.clone(),
        body,
    };
    let key = accepted.mid.0.to_be_bytes();
    changes
        .columns()
        .put(&mut changes.batch, (Column::Content, &key), &content);
    Ok(())
}

fn held_row(accepted: &Accepted, settings: &Settings, (rid, at): (Rid, Timestamp)) -> HeldRow {
    let header = accepted
        .facts
        .as_ref()
        .map(|facts| facts.header.clone())
        .unwrap_or_default();
    let decided = accepted.decision.recipients.iter().find(|one| one.rid == rid);
    let (quarantine, reason) = match decided {
        Some(one) => match &one.disposition {
            Disposition::Quarantine(name) => (name.clone(), one.reason.clone()),
            _ => (String::new(), one.reason.clone()),
        },
        None => (String::new(), String::new()),
    };
    HeldRow {
        mid: accepted.mid,
        rid,
        recipient: accepted
            .envelope
            .recipient(rid)
            .map(ToString::to_string)
            .unwrap_or_default(),
        sender: accepted.envelope.sender.to_string(),
        from_name: one_line(&header.from_name, limits::HEADER_FACT_CHARS_MAX),
        from: header.from.into_iter().next().unwrap_or_default(),
        subject: one_line(&header.subject, limits::HEADER_FACT_CHARS_MAX),
        received_at: at,
        expires_at: at.plus(retention(settings, &quarantine)),
        quarantine,
        reason,
        verdict: accepted.decision.verdict,
        score: accepted.decision.score,
        bytes: accepted.body_bytes,
        status: HeldStatus::Held,
    }
}

fn retention(settings: &Settings, quarantine: &str) -> std::time::Duration {
    settings
        .retention
        .get(quarantine)
        .copied()
        .unwrap_or(settings.retention_default)
}

fn first_state(accepted: &Accepted, settings: &Settings, (rid, at): (Rid, Timestamp)) -> RecipientState {
    let decided = accepted.decision.recipients.iter().find(|one| one.rid == rid);
    let Some(decided) = decided else {
        return RecipientState::Queued;
    };
    match &decided.disposition {
        Disposition::Deliver => RecipientState::Queued,
        Disposition::Quarantine(name) => RecipientState::Quarantined {
            quarantine: name.clone(),
            reason: decided.reason.clone(),
            until: at.plus(retention(settings, name)),
        },
        // An accepted message refuses nobody (see `Disposition::Refuse`); if one ever says so, it went nowhere.
        Disposition::Drop | Disposition::Refuse(_) => RecipientState::Dropped {
            reason: decided.reason.clone(),
        },
    }
}

/// Sets a recipient's first state, unless a later one is known: when a lost index is fed again, a release in one shard's
/// journal may come before the message in another's. Gives the status of the held row that goes with it.
fn set_first(record: &mut MessageRecord, rid: Rid, recipient: String, state: RecipientState) -> HeldStatus {
    if let Some(known) = record.recipients.iter_mut().find(|one| one.rid == Some(rid)) {
        known.recipient = recipient;
        return HeldStatus::Released;
    }
    set(record, rid, recipient, state);
    HeldStatus::Held
}

/// Sets a recipient's state.
pub(crate) fn set(record: &mut MessageRecord, rid: Rid, recipient: String, state: RecipientState) {
    match record.recipients.iter_mut().find(|one| one.rid == Some(rid)) {
        Some(one) => one.state = state,
        None => record.recipients.push(RecipientFate {
            rid: Some(rid),
            recipient,
            state,
        }),
    }
}

fn origin(accepted: &Accepted) -> String {
    let (mid, bytes) = (accepted.mid, accepted.body_bytes);
    match &accepted.origin {
        Origin::Dsn { of } => format!("MID {mid} made here: the bounce for MID {of}"),
        Origin::Receipt { of } => {
            format!("MID {mid} made here: the notice, asked for by its sender, that MID {of} was passed on")
        }
        Origin::Digest => format!("MID {mid} made here: a digest"),
        Origin::Smtp | Origin::Release { .. } => {
            let (verdict, score) = (accepted.decision.verdict, accepted.decision.score);
            format!("MID {mid} accepted: {bytes} octets, judged {verdict}, score {score}")
        }
    }
}

fn first_words(rid: Rid, state: &RecipientState) -> String {
    match state {
        RecipientState::Quarantined {
            quarantine, reason, ..
        } => format!("RID {rid} held in quarantine \"{quarantine}\": {reason}"),
        RecipientState::Dropped { reason } => format!("RID {rid} dropped: {reason}"),
        _ => format!("RID {rid} queued for delivery"),
    }
}
