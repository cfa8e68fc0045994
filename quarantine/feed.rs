//! Journal records become rows: one event, one function. Nothing here reads a clock; the record's own time counts, so a
//! journal that is fed again gives the same index.

mod connection;
mod delivery;
mod message;

pub(crate) use message::set;

use crate::changes::Changes;
use crate::{Fed, Settings, StoreError};
use postern_vocab::Event;

/// Feeds one record.
pub(crate) fn record(changes: &mut Changes<'_>, settings: &Settings, fed: &Fed) -> Result<(), StoreError> {
    let at = fed.recorded.at;
    match &fed.recorded.event {
        Event::Connected(connected) => connection::connected(changes, at, connected),
        Event::Refused(refused) => connection::refused(changes, at, refused),
        Event::Incident(incident) => connection::incident(changes, at, incident),
        Event::Disconnected(disconnected) => connection::disconnected(changes, at, disconnected),
        Event::Accepted(_) => message::accepted(changes, settings, fed),
        Event::Finished { mid } => delivery::finished(changes, at, *mid),
        Event::DeliveryConnected(connected) => delivery::connected(changes, at, connected),
        Event::Attempted(attempted) => delivery::attempted(changes, at, attempted),
        Event::DeliveryDisconnected { dcid } => delivery::disconnected(changes, at, *dcid),
    }
}

/// The word that a closed list of words has in JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Recipient ids as logs and pages write them: `0`, or `[0, 1]`.
pub(crate) fn rids(rids: &[postern_vocab::Rid]) -> String {
    let all: Vec<_> = rids.iter().map(ToString::to_string).collect();
    match all.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", all.join(", ")),
    }
}
