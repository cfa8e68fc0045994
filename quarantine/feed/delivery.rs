//! What happened on the way out: a next hop was reached, tried, left.

use crate::StoreError;
use crate::changes::Changes;
use crate::feed::message;
use crate::record::MessageRecord;
use postern_quarantine_api::{RecipientState, TrackState};
use postern_vocab::events::{Attempted, DeliveryConnected, Outcome};
use postern_vocab::text::one_line;
use postern_vocab::{Dcid, Mid, Reply, Rid, Timestamp, limits};
use std::borrow::Cow;

/// Feeds a connection to a next hop.
pub(super) fn connected(
    changes: &mut Changes<'_>,
    at: Timestamp,
    connected: &DeliveryConnected,
) -> Result<(), StoreError> {
    let record = changes.delivery(connected.dcid, at)?;
    record.row.ip = Some(connected.remote.ip().to_canonical().to_string());
    record.row.reason = format!("to {}", connected.hop);
    let text = format!(
        "DCID {} connected to {} ({})",
        connected.dcid, connected.hop, connected.remote
    );
    record.timeline.tell(at, text);
    Ok(())
}

/// Feeds an attempt.
pub(super) fn attempted(
    changes: &mut Changes<'_>,
    at: Timestamp,
    attempted: &Attempted,
) -> Result<(), StoreError> {
    let count = match attempted.outcome {
        Outcome::Delivered => "delivered",
        Outcome::Deferred { .. } => "deferred",
        Outcome::Bounced { .. } => "bounced",
    };
    changes.totals.count(count, attempted.rids.len());
    let attempted = &Attempted {
        reply: shown(&attempted.reply),
        ..attempted.clone()
    };
    let text = words(attempted);
    let record = changes.message(attempted.mid, at)?;
    for &rid in &attempted.rids {
        set_outcome(record, attempted, (rid, at));
    }
    record.timeline.tell(at, text.clone());
    if let Outcome::Bounced { dsn: Some(dsn) } = attempted.outcome {
        changes.totals.mid = changes.totals.mid.max(dsn);
    }
    let Some(dcid) = attempted.dcid else {
        return Ok(());
    };
    let record = changes.delivery(dcid, at)?;
    record.timeline.tell(at, format!("MID {}: {text}", attempted.mid));
    if !record.messages.contains(&attempted.mid)
        && record.messages.len() < limits::MESSAGES_PER_DELIVERY_MAX as usize
    {
        record.messages.push(attempted.mid);
    }
    let state = match attempted.outcome {
        Outcome::Delivered => TrackState::Delivered,
        Outcome::Deferred { .. } => TrackState::Deferred,
        Outcome::Bounced { .. } => TrackState::Bounced,
    };
    record.row.state = record.row.state.min(state);
    Ok(())
}

/// Feeds the end of a message's way.
pub(super) fn finished(changes: &mut Changes<'_>, at: Timestamp, mid: Mid) -> Result<(), StoreError> {
    let record = changes.message(mid, at)?;
    record.timeline.tell(at, format!("MID {mid} finished"));
    Ok(())
}

/// Feeds the end of a connection to a next hop.
pub(super) fn disconnected(changes: &mut Changes<'_>, at: Timestamp, dcid: Dcid) -> Result<(), StoreError> {
    let record = changes.delivery(dcid, at)?;
    record.timeline.tell(at, format!("DCID {dcid} closed"));
    Ok(())
}

fn set_outcome(record: &mut MessageRecord, attempted: &Attempted, (rid, at): (Rid, Timestamp)) {
    let reply = attempted.reply.clone();
    let state = match attempted.outcome {
        Outcome::Delivered => RecipientState::Delivered {
            hop: attempted.hop.clone(),
            reply,
            dcid: attempted.dcid,
            at,
        },
        Outcome::Deferred { next_at } => RecipientState::Deferred {
            next_at,
            reply,
            attempts: attempted.attempt,
        },
        Outcome::Bounced { dsn } => RecipientState::Bounced { reply, dsn },
    };
    message::set(record, rid, String::new(), state);
}

fn words(attempted: &Attempted) -> String {
    let rids = super::rids(&attempted.rids);
    let by = attempted.dcid.map_or_else(
        || " without a connection".to_owned(),
        |dcid| format!(" by DCID {dcid}"),
    );
    let (hop, reply) = (&attempted.hop, &attempted.reply);
    match attempted.outcome {
        Outcome::Delivered => format!("RID {rids} delivered to {hop}{by}: {reply}"),
        Outcome::Deferred { next_at } => format!(
            "RID {rids} deferred until {}, attempt {} at {hop}{by}: {reply}",
            crate::time::when(next_at),
            attempted.attempt
        ),
        Outcome::Bounced { dsn: Some(dsn) } => {
            format!("RID {rids} bounced by {hop}{by}: {reply}; the sender is told by MID {dsn}")
        }
        Outcome::Bounced { dsn: None } => format!("RID {rids} bounced by {hop}{by}: {reply}"),
    }
}

/// A next hop's reply, bounded and on one line.
fn shown(reply: &Reply) -> Reply {
    Reply {
        code: reply.code,
        enhanced: reply.enhanced.clone(),
        text: Cow::Owned(one_line(&reply.text, limits::CONVERSATION_LINE_OCTETS_MAX)),
    }
}
