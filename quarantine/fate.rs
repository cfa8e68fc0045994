//! What a row says out of what its recipients came to: pure, no database.

use crate::record::{ConnectionRecord, MessageRecord};
use postern_quarantine_api::{RecipientFate, RecipientState, TrackState};
use postern_vocab::events::{Ending, IncidentKind};
use std::collections::BTreeSet;

/// Whether some recipient still waits for a next hop.
pub(crate) fn is_queued(recipients: &[RecipientFate]) -> bool {
    recipients.iter().any(|one| {
        matches!(
            one.state,
            RecipientState::Queued | RecipientState::Deferred { .. } | RecipientState::Released { .. }
        )
    })
}

/// Brings a message's row up to its recipients: last state, reason, addresses.
pub(crate) fn settle_message(record: &mut MessageRecord) {
    let row = &mut record.found.row;
    let mut seen = BTreeSet::new();
    let each_once = record
        .recipients
        .iter()
        .filter(|one| seen.insert(one.recipient.as_str()));
    row.recipients = each_once.map(|one| one.recipient.clone()).collect();
    // The order of the states is the order in which they want attention.
    let worst = record.recipients.iter().min_by_key(|one| one.state.word());
    match worst {
        Some(worst) => {
            row.state = worst.state.word();
            row.reason = reason(&worst.state);
        }
        None if record.found.refused => row.state = TrackState::Refused,
        None => row.state = TrackState::Empty,
    }
}

/// Brings a connection's own row up to what happened in it.
pub(crate) fn settle_connection(record: &mut ConnectionRecord) {
    let aborted = is_aborted(record);
    let row = &mut record.found.row;
    if record.found.refused {
        row.state = TrackState::Refused;
        return;
    }
    let Some(disconnected) = &record.disconnected else {
        return;
    };
    row.state = if aborted {
        TrackState::Aborted
    } else {
        TrackState::Empty
    };
    row.reason = match aborted {
        true => "the peer went away before the end of data; nothing was stored".to_owned(),
        false => ending(disconnected.ending).to_owned(),
    };
}

/// Whether the connection ended in the middle of a message.
pub(crate) fn is_aborted(record: &ConnectionRecord) -> bool {
    let mut kinds = record.incidents.iter().map(|incident| incident.kind);
    kinds.any(|kind| kind == IncidentKind::Aborted)
}

/// How a connection ended, in plain words.
pub(crate) fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Quit => "the client quit",
        Ending::Lost => "the client went away without QUIT",
        Ending::Closed => "we closed it",
        Ending::TimedOut => "we closed it: the client was silent for too long",
        Ending::Shutdown => "we closed it: the daemon stops",
    }
}

/// The reason in one line.
pub(crate) fn reason(state: &RecipientState) -> String {
    match state {
        RecipientState::Refused { reply, rule, .. } => format!("{reply} ({rule})"),
        RecipientState::Queued => "waiting for its first attempt".to_owned(),
        RecipientState::Deferred { reply, .. } | RecipientState::Bounced { reply, .. } => reply.to_string(),
        RecipientState::Delivered { hop, reply, .. } => format!("{hop} said {reply}"),
        RecipientState::Dropped { reason } => reason.clone(),
        RecipientState::Quarantined {
            quarantine, reason, ..
        } => format!("quarantine \"{quarantine}\": {reason}"),
        RecipientState::Released { by, .. } => format!("released by {by}"),
        RecipientState::Deleted { by, .. } => format!("deleted by {by}"),
        RecipientState::Expired { .. } => "its time in the quarantine was over".to_owned(),
    }
}
