//! Everything about one message, connection or delivery connection.

use crate::columns::Column;
use crate::record::{ConnectionRecord, DeliveryRecord, Found, MessageRecord};
use crate::{Store, StoreError};
use postern_quarantine_api::{Detail, Failure, Subject};
use postern_vocab::{Classification, Dcid, Icid, Mid, ReverseName};

impl Store {
    /// What is known about it.
    pub(crate) fn show(&self, subject: Subject) -> Result<Detail, Failure> {
        let (found, label) = match subject {
            Subject::Mid(mid) => (self.show_message(mid)?, format!("MID {mid}")),
            Subject::Icid(icid) => (self.show_connection(icid)?, format!("ICID {icid}")),
            Subject::Dcid(dcid) => (self.show_delivery(dcid)?, format!("DCID {dcid}")),
        };
        found.ok_or_else(|| Failure::NotFound(format!("there is no {label}")))
    }

    /// A message, with the connection it came by: from the first packet to the last click.
    fn show_message(&self, mid: Mid) -> Result<Option<Detail>, StoreError> {
        let Some(record) = self.message_record(mid)? else {
            return Ok(None);
        };
        let connection = match record.found.row.icid {
            Some(icid) => self.connection_record(icid)?,
            None => None,
        };
        let mut detail = empty(record.found);
        let mut timeline = record.timeline.told();
        if let Some(connection) = connection {
            // Much happens within one millisecond: what began the connection comes first, what ended it last.
            let mut of_connection = connection.timeline.told();
            let rest = of_connection.split_off(of_connection.len().min(1));
            timeline.splice(0..0, of_connection);
            timeline.extend(rest);
            detail.peer = connection.peer;
            detail.reverse = connection.reverse;
            detail.classification = connection.classification;
            detail.proxy = connection.proxy;
            detail.incidents = connection.incidents;
            if let Some(end) = &connection.disconnected {
                detail.tls = end.tls.clone();
                detail.user = end.user.clone();
            }
            detail.disconnected = connection.disconnected;
            detail.row.helo = detail.row.helo.or(connection.found.row.helo);
        }
        timeline.sort_by_key(|entry| entry.at);
        detail.timeline = timeline;
        detail.recipients = record.recipients;
        detail.messages = vec![mid];
        if let Some(judged) = self.judged(mid)? {
            if let Some(facts) = &judged.facts {
                detail.peer = detail.peer.or(Some(facts.peer.clone()));
                // As it was for this message; the connection's record may have changed since, by XCLIENT.
                detail.classification = facts.classification.clone();
                detail.tls = facts.tls.clone();
                detail.user = facts.user.clone();
            }
            detail.facts = judged.facts;
            detail.decision = Some(judged.decision);
        }
        Ok(Some(detail))
    }

    fn show_connection(&self, icid: Icid) -> Result<Option<Detail>, StoreError> {
        let Some(record) = self.connection_record(icid)? else {
            return Ok(None);
        };
        let mut detail = empty(record.found);
        if !record.listed {
            // Its own row says nothing of how its messages fared; the one that most wants attention does.
            for mid in &record.messages {
                let Some(message) = self.message_record(*mid)? else {
                    continue;
                };
                let row = message.found.row;
                if detail.row.reason.is_empty() || row.state < detail.row.state {
                    detail.row.state = row.state;
                    detail.row.reason = format!("MID {mid}: {}", row.reason);
                }
            }
        }
        detail.peer = record.peer;
        detail.reverse = record.reverse;
        detail.classification = record.classification;
        detail.proxy = record.proxy;
        detail.timeline = record.timeline.told();
        detail.incidents = record.incidents;
        if let Some(disconnected) = &record.disconnected {
            detail.tls = disconnected.tls.clone();
            detail.user = disconnected.user.clone();
        }
        detail.disconnected = record.disconnected;
        detail.messages = record.messages;
        Ok(Some(detail))
    }

    fn show_delivery(&self, dcid: Dcid) -> Result<Option<Detail>, StoreError> {
        let record: Option<DeliveryRecord> = self.columns.read(Column::Deliveries, &dcid.0.to_be_bytes())?;
        Ok(record.map(|record| {
            let mut detail = empty(Found::new(record.row.at));
            detail.row = record.row;
            detail.timeline = record.timeline.told();
            detail.messages = record.messages;
            detail
        }))
    }

    fn message_record(&self, mid: Mid) -> Result<Option<MessageRecord>, StoreError> {
        self.columns.read(Column::Messages, &mid.0.to_be_bytes())
    }

    fn connection_record(&self, icid: Icid) -> Result<Option<ConnectionRecord>, StoreError> {
        self.columns.read(Column::Connections, &icid.0.to_be_bytes())
    }
}

fn empty(found: Found) -> Detail {
    Detail {
        row: found.row,
        peer: None,
        reverse: ReverseName::NotAsked,
        classification: Classification::default(),
        proxy: None,
        tls: None,
        user: None,
        facts: None,
        decision: None,
        recipients: Vec::new(),
        timeline: Vec::new(),
        incidents: Vec::new(),
        disconnected: None,
        messages: Vec::new(),
    }
}
