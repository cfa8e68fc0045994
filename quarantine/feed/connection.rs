//! What happened on a connection in: it came, was refused something, misbehaved, ended.

use super::message;
use crate::StoreError;
use crate::changes::Changes;
use crate::fate;
use crate::record::{ConnectionRecord, MessageRecord};
use postern_quarantine_api::{RecipientFate, RecipientState};
use postern_vocab::events::{Connected, Disconnected, Incident, IncidentKind, Refused, Speaker, Stage};
use postern_vocab::text::{escaped, one_line};
use postern_vocab::{Address, Classification, ReversePath, Timestamp, limits};

/// Feeds a connection.
pub(super) fn connected(
    changes: &mut Changes<'_>,
    at: Timestamp,
    connected: &Connected,
) -> Result<(), StoreError> {
    let record = changes.connection(connected.icid, at)?;
    let is_first = record.peer.is_none();
    record.peer = Some(connected.peer.clone());
    record.reverse = connected.reverse.clone();
    record.classification = connected.classification.clone();
    record.proxy = connected.proxy;
    record.found.classify(&connected.classification);
    let row = &mut record.found.row;
    row.ip = Some(connected.peer.remote.ip().to_canonical().to_string());
    row.reverse = connected.reverse.name().map(shown);
    let name = row.reverse.as_deref().unwrap_or("no reverse name");
    let (icid, remote, listener) = (connected.icid, connected.peer.remote, &connected.peer.listener);
    let proxy = connected
        .proxy
        .map(|proxy| format!(", as the proxy {proxy} says"))
        .unwrap_or_default();
    let text = match is_first {
        true => format!("ICID {icid} connected from {remote} ({name}) to listener {listener}{proxy}"),
        false => format!("ICID {icid} is in truth from {remote} ({name}){proxy}"),
    };
    record.timeline.tell(at, text);
    if connected.classification != Classification::default() {
        record.timeline.tell(at, classified(&connected.classification));
    }
    if is_first {
        changes.totals.count("connections", 1);
    }
    Ok(())
}

fn classified(by: &Classification) -> String {
    let (group, policy, access) = (&by.sender_group, &by.flow_policy, by.access.as_str());
    let matched = one_line(&by.matched, limits::CONVERSATION_LINE_OCTETS_MAX);
    match group.is_empty() {
        true => format!("no sender group: {access} by flow policy {policy}"),
        false => format!("sender group {group} by {matched}: {access} by flow policy {policy}"),
    }
}

/// Feeds a refusal: to the message it was in, else to the connection, whose row a search then shows.
pub(super) fn refused(changes: &mut Changes<'_>, at: Timestamp, refused: &Refused) -> Result<(), StoreError> {
    changes.totals.count("refused", 1);
    let text = refusal(refused);
    let record = changes.connection(refused.icid, at)?;
    let Some(mid) = refused.mid else {
        record.timeline.tell(at, text);
        refuse_connection(record, refused);
        return Ok(());
    };
    note_message(record, mid);
    let (ip, reverse) = (record.found.row.ip.clone(), record.found.row.reverse.clone());
    let classification = record.classification.clone();
    let record = changes.message(mid, at)?;
    record.timeline.tell(at, text);
    record.found.refused = true;
    record.found.classify(&classification);
    let row = &mut record.found.row;
    row.icid = Some(refused.icid);
    row.ip = row.ip.take().or(ip);
    row.reverse = row.reverse.take().or(reverse);
    row.sender = refused
        .sender
        .as_ref()
        .map(ReversePath::to_string)
        .or(row.sender.take());
    refuse_recipients(record, refused);
    match &refused.judged {
        Some(judged) => message::judged(changes, (mid, at), Some(&judged.facts), &judged.decision),
        None => Ok(()),
    }
}

/// Feeds misbehaviour.
pub(super) fn incident(
    changes: &mut Changes<'_>,
    at: Timestamp,
    incident: &Incident,
) -> Result<(), StoreError> {
    changes.totals.count("incidents", 1);
    let record = changes.connection(incident.icid, at)?;
    let kind = super::word(&incident.kind);
    record.timeline.tell(
        at,
        format!(
            "{kind}: {}",
            one_line(&incident.detail, limits::CONVERSATION_LINE_OCTETS_MAX)
        ),
    );
    // A message that broke off has no id: the connection's own row is where it is found.
    record.listed |= incident.kind == IncidentKind::Aborted;
    if record.incidents.len() < limits::INCIDENTS_PER_CONNECTION_MAX {
        record.incidents.push(incident.clone());
    }
    Ok(())
}

/// Feeds an end. A connection that brought no message is then shown by a search.
pub(super) fn disconnected(
    changes: &mut Changes<'_>,
    at: Timestamp,
    disconnected: &Disconnected,
) -> Result<(), StoreError> {
    let record = changes.connection(disconnected.icid, at)?;
    record
        .timeline
        .tell(at, format!("disconnected: {}", fate::ending(disconnected.ending)));
    read_conversation(record, disconnected);
    record.listed |= record.messages.is_empty();
    record.disconnected = Some(disconnected.clone());
    Ok(())
}

/// The connection brought this message.
pub(super) fn note_message(record: &mut ConnectionRecord, mid: postern_vocab::Mid) {
    if record.messages.last() != Some(&mid) && !record.messages.contains(&mid) {
        record.messages.push(mid);
    }
}

fn refuse_connection(record: &mut ConnectionRecord, refused: &Refused) {
    record.listed = true;
    record.found.refused = true;
    let row = &mut record.found.row;
    row.reason = format!("{} ({})", refused.reply, refused.rule);
    if let Some(sender) = &refused.sender {
        row.sender = Some(sender.to_string());
    }
    for address in refused.accepted_recipients.iter().chain(&refused.recipient) {
        note_recipient(&mut row.recipients, address.to_string());
    }
}

fn note_recipient(recipients: &mut Vec<String>, address: String) {
    if recipients.len() < limits::RECIPIENTS_MAX && !recipients.contains(&address) {
        recipients.push(address);
    }
}

fn refuse_recipients(record: &mut MessageRecord, refused: &Refused) {
    let whom: Vec<&Address> = match (&refused.recipient, refused.stage) {
        (Some(recipient), _) => vec![recipient],
        (None, Stage::Data) => refused.accepted_recipients.iter().collect(),
        (None, _) => Vec::new(),
    };
    record.found.row.reason = format!("{} ({})", refused.reply, refused.rule);
    for recipient in whom {
        if record.recipients.len() >= limits::RECIPIENTS_MAX * 2 {
            return;
        }
        record.recipients.push(RecipientFate {
            rid: None,
            recipient: recipient.to_string(),
            state: RecipientState::Refused {
                stage: refused.stage,
                reply: refused.reply.clone(),
                rule: refused.rule.clone(),
            },
        });
    }
}

fn refusal(refused: &Refused) -> String {
    let what = match (refused.stage, &refused.recipient) {
        (Stage::Connect, _) => "connection".to_owned(),
        (Stage::Hello, _) => "greeting".to_owned(),
        (Stage::Sender, _) => {
            let sender = refused.sender.as_ref().map(ReversePath::to_string);
            format!("sender <{}>", sender.unwrap_or_default())
        }
        (Stage::Recipient | Stage::Data, Some(recipient)) => format!("recipient <{recipient}>"),
        (Stage::Recipient | Stage::Data, None) => "message".to_owned(),
    };
    format!("{what} refused: {} ({})", refused.reply, refused.rule)
}

/// What only the conversation tells: the greeting, and the envelope of a message that never became one.
fn read_conversation(record: &mut ConnectionRecord, disconnected: &Disconnected) {
    let anonymous = record.messages.is_empty() || record.listed;
    let aborted = fate::is_aborted(record);
    let row = &mut record.found.row;
    for line in &disconnected.conversation {
        if line.speaker != Speaker::Client {
            continue;
        }
        let text = escaped(&line.octets);
        if let Some(name) = after(&text, "EHLO ").or_else(|| after(&text, "HELO ")) {
            row.helo = Some(name.trim().to_owned());
        } else if !anonymous {
            continue;
        } else if let Some(path) = after(&text, "MAIL FROM:") {
            if aborted {
                // The last one is the one that broke off.
                row.sender = None;
                row.recipients.clear();
            }
            row.sender.get_or_insert_with(|| in_brackets(path));
        } else if let Some(path) = after(&text, "RCPT TO:") {
            note_recipient(&mut row.recipients, in_brackets(path));
        }
    }
}

fn after<'a>(line: &'a str, verb: &str) -> Option<&'a str> {
    let start = line.get(..verb.len())?;
    start.eq_ignore_ascii_case(verb).then(|| &line[verb.len()..])
}

/// The path of a MAIL or RCPT argument, without angle brackets and parameters.
fn in_brackets(argument: &str) -> String {
    let argument = argument.trim();
    match argument.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((path, _)) => path.to_owned(),
        None => argument.split(' ').next().unwrap_or_default().to_owned(),
    }
}

fn shown(name: &str) -> String {
    one_line(name, limits::DOMAIN_OCTETS_MAX)
}
