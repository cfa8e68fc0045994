//! One event, its lines; those about a connection in are in `connection.rs`. All text of strangers is put on one line before it goes in, so nobody writes a line but us.

use super::connection::Connections;
use jiff::tz::TimeZone;
use postern_vocab::events::{Accepted, Attempted, DeliveryConnected, Origin, Outcome, Refused, Stage};
use postern_vocab::text::one_line;
use postern_vocab::{
    Decision, Direction, Disposition, Event, Facts, Icid, Mid, Recorded, Reply, ReversePath, Rid, Timestamp,
    Verdict, limits,
};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

/// Messages that are remembered to have begun by a refusal, so that `Start MID` is written once.
const BEGUN_MAX: usize = 10_000;

/// Makes lines.
pub(super) struct Lines {
    zone: TimeZone,
    begun: VecDeque<Mid>,
    connections: Connections,
}

/// The lines of one batch, each stamped with its event's time.
pub(super) struct Page<'a> {
    zone: &'a TimeZone,
    /// The time of the event, and how it is written: many events share a second.
    at: Timestamp,
    stamp: String,
    text: String,
}

impl Page<'_> {
    fn turn_to(&mut self, at: Timestamp) {
        if self.stamp.is_empty() || at.seconds() != self.at.seconds() {
            self.stamp = stamp(at, self.zone);
        }
        self.at = at;
    }

    pub(super) fn line(&mut self, what: &str) {
        let _ = writeln!(self.text, "{} Info: {what}", self.stamp);
    }
}

impl Lines {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            begun: VecDeque::new(),
            connections: Connections::default(),
        }
    }

    /// All lines of these records.
    pub(super) fn of(&mut self, records: &[Recorded]) -> String {
        let zone = self.zone.clone();
        let mut page = Page {
            zone: &zone,
            at: Timestamp::default(),
            stamp: String::new(),
            text: String::new(),
        };
        // A connection that is turned away was never accepted by a sender group, and its line must not say so first.
        let turned_away: BTreeSet<Icid> = records
            .iter()
            .filter_map(|recorded| match &recorded.event {
                Event::Refused(refused) if refused.stage == Stage::Connect => Some(refused.icid),
                _ => None,
            })
            .collect();
        for recorded in records {
            page.turn_to(recorded.at);
            match &recorded.event {
                Event::Connected(event) => {
                    let turned_away = turned_away.contains(&event.icid);
                    self.connections.connected(&mut page, event, turned_away);
                }
                Event::Refused(event) => self.refused(&mut page, event),
                Event::Incident(event) => self.connections.incident(&mut page, event),
                Event::Accepted(event) => self.accepted(&mut page, event),
                Event::Disconnected(event) => self.connections.disconnected(&mut page, event),
                Event::DeliveryConnected(event) => delivery_connected(&mut page, event),
                Event::Attempted(event) => attempted(&mut page, event),
                Event::Finished { mid } => page.line(&format!("Message finished MID {mid} done")),
                Event::DeliveryDisconnected { dcid } => page.line(&format!("DCID {dcid} close")),
            }
        }
        page.text
    }

    fn begin(&mut self, page: &mut Page<'_>, (mid, icid): (Mid, Icid), sender: &str) {
        if self.begun.contains(&mid) {
            return;
        }
        if self.begun.len() >= BEGUN_MAX {
            self.begun.pop_front();
        }
        self.begun.push_back(mid);
        page.line(&format!("Start MID {mid} ICID {icid}"));
        page.line(&format!("MID {mid} ICID {icid} From: <{sender}>"));
    }

    fn refused(&mut self, page: &mut Page<'_>, refused: &Refused) {
        let icid = refused.icid;
        let sender = refused.sender.as_ref().map(ReversePath::to_string);
        let sender = clean(&sender.unwrap_or_default());
        let why = format!("{} ({})", reply(&refused.reply), clean(&refused.rule));
        let mut prefix = String::new();
        if let Some(mid) = refused.mid {
            self.begin(page, (mid, icid), &sender);
            prefix = format!("MID {mid} ");
        }
        if refused.stage == Stage::Connect {
            return self.connections.turned_away(page, icid, &clean(&refused.rule));
        }
        page.line(&match (refused.stage, &refused.recipient) {
            (Stage::Connect | Stage::Hello, _) => format!("ICID {icid} Rejected: {why}"),
            (Stage::Sender, _) => format!("{prefix}ICID {icid} Address: <{sender}> sender rejected, {why}"),
            (Stage::Recipient | Stage::Data, Some(recipient)) => {
                let recipient = clean(&recipient.to_string());
                format!("{prefix}ICID {icid} Address: <{recipient}> recipient rejected, {why}")
            }
            (Stage::Recipient | Stage::Data, None) => format!("{prefix}ICID {icid} Rejected: {why}"),
        });
    }

    fn accepted(&mut self, page: &mut Page<'_>, accepted: &Accepted) {
        let mid = accepted.mid;
        match &accepted.origin {
            Origin::Release { by } => {
                let released = accepted
                    .decision
                    .rids(|disposition| *disposition == Disposition::Deliver);
                let (rids, by) = (list(&released), clean(by));
                page.line(&format!("MID {mid} RID {rids} released from quarantine by {by}"));
                page.line(&format!("MID {mid} queued for delivery"));
                return;
            }
            Origin::Dsn { of } => page.line(&format!("MID {mid} was generated for bounce of MID {of}")),
            Origin::Receipt { of } => {
                page.line(&format!(
                    "MID {mid} was generated for delivery notice of MID {of}"
                ));
            }
            Origin::Digest => page.line(&format!("MID {mid} was generated as a digest of held mail")),
            Origin::Smtp => {}
        }
        let icid = accepted.facts.as_ref().map_or(Icid(0), |facts| facts.icid);
        if let Some(facts) = &accepted.facts {
            let known = (facts.tls.as_ref(), facts.user.as_deref());
            self.connections.secured(page, icid, known);
        }
        let sender = clean(&accepted.envelope.sender.to_string());
        self.begin(page, (mid, icid), &sender);
        self.begun.retain(|one| *one != mid);
        for (rid, recipient) in accepted.envelope.numbered() {
            let recipient = clean(&recipient.to_string());
            page.line(&format!("MID {mid} ICID {icid} RID {rid} To: <{recipient}>"));
        }
        if let Some(facts) = &accepted.facts {
            header(page, mid, facts);
        }
        let bytes = accepted.body_bytes;
        page.line(&format!("MID {mid} ready {bytes} bytes from <{sender}>"));
        if let Some(facts) = &accepted.facts {
            judged(page, (mid, facts), accepted.decision.verdict);
        }
        disposed(page, mid, &accepted.decision);
    }
}

fn header(page: &mut Page<'_>, mid: Mid, facts: &Facts) {
    if !facts.header.message_id.is_empty() {
        let id = quoted(&format!("<{}>", facts.header.message_id));
        page.line(&format!("MID {mid} Message-ID '{id}'"));
    }
    let subject = quoted(&facts.header.subject);
    page.line(&format!("MID {mid} Subject '{subject}'"));
}

fn judged(page: &mut Page<'_>, (mid, facts): (Mid, &Facts), verdict: Verdict) {
    let table = match facts.direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    };
    page.line(&format!(
        "MID {mid} matched all recipients for per-recipient policy DEFAULT in the {table} table"
    ));
    for attachment in &facts.mime.attachments {
        page.line(&format!("MID {mid} attachment '{}'", quoted(&attachment.name)));
    }
    let spam = match verdict {
        Verdict::Spam => "positive",
        Verdict::Suspect => "suspect",
        Verdict::Clean | Verdict::Unscannable | Verdict::Virus => "negative",
    };
    page.line(&format!("MID {mid} using engine: CASE spam {spam}"));
    let virus = match verdict {
        Verdict::Virus => "positive",
        Verdict::Unscannable => "unscannable",
        Verdict::Clean | Verdict::Suspect | Verdict::Spam => "negative",
    };
    page.line(&format!("MID {mid} antivirus {virus}"));
}

fn disposed(page: &mut Page<'_>, mid: Mid, decision: &Decision) {
    let mut told = BTreeSet::new();
    for one in &decision.recipients {
        if let Disposition::Quarantine(name) = &one.disposition
            && told.insert(name)
        {
            let (name, reason) = (clean(name), clean(&one.reason));
            page.line(&match name.as_str() {
                "spam" => format!("EUQ: Quarantined MID {mid}"),
                _ => format!("MID {mid} quarantined to \"{name}\" ({reason})"),
            });
        }
    }
    let dropped = decision.rids(|disposition| *disposition == Disposition::Drop);
    if let Some(first) = dropped.first() {
        let reason = decision.recipients.iter().find(|one| one.rid == *first);
        let reason = clean(reason.map_or("", |one| &one.reason));
        page.line(&match dropped.len() == decision.recipients.len() {
            true => format!("Message aborted MID {mid} Dropped by {reason}"),
            false => format!("MID {mid} RID {} Dropped by {reason}", list(&dropped)),
        });
    }
    if !decision
        .rids(|disposition| *disposition == Disposition::Deliver)
        .is_empty()
    {
        page.line(&format!("MID {mid} queued for delivery"));
    }
}

fn delivery_connected(page: &mut Page<'_>, connected: &DeliveryConnected) {
    let (local, remote) = (
        connected.local.ip().to_canonical(),
        connected.remote.ip().to_canonical(),
    );
    let (dcid, port) = (connected.dcid, connected.remote.port());
    page.line(&format!(
        "New SMTP DCID {dcid} interface {local} address {remote} port {port}"
    ));
}

fn attempted(page: &mut Page<'_>, attempted: &Attempted) {
    let (mid, rids) = (attempted.mid, list(&attempted.rids));
    // The appliances write DCID 0 when there was no connection.
    let dcid = attempted.dcid.unwrap_or_default();
    if attempted.dcid.is_some() {
        page.line(&format!("Delivery start DCID {dcid} MID {mid} to RID {rids}"));
    }
    let to = crate::feed::rids(&attempted.rids);
    let failure = failure(&attempted.reply);
    match attempted.outcome {
        Outcome::Delivered => {
            page.line(&format!("Message done DCID {dcid} MID {mid} to RID {rids}"));
            let (enhanced, text) = (clean(&attempted.reply.enhanced), clean(&attempted.reply.text));
            let response = format!("{enhanced} {text}");
            page.line(&format!("MID {mid} RID {rids} Response {}", response.trim()));
        }
        Outcome::Deferred { next_at } => {
            page.line(&format!("Delayed: DCID {dcid} MID {mid} to RID {to} - {failure}"));
            let until = stamp(next_at, page.zone);
            page.line(&format!("Message {mid} to RID {rids} pending till {until}"));
        }
        Outcome::Bounced { .. } => {
            page.line(&format!("Bounced: DCID {dcid} MID {mid} to RID {to} - {failure}"));
        }
    }
}

/// `4.1.0 - Unknown address error ('466', ['Mailbox temporarily full.']) []`; the words are RFC 3463's for the subject.
fn failure(reply: &Reply) -> String {
    let class = if reply.is_permanent() { "5.0.0" } else { "4.0.0" };
    let enhanced = match clean(&reply.enhanced) {
        empty if empty.is_empty() => class.to_owned(),
        enhanced => enhanced,
    };
    let subject = match enhanced.split('.').nth(1) {
        Some("1") => "Unknown address error",
        Some("2") => "Other mailbox error",
        Some("3") => "Other mail system problem",
        Some("4") => "Other network problem",
        Some("5") => "Other protocol error",
        Some("6") => "Other media error",
        Some("7") => "Other security problem",
        _ => "Unspecified error",
    };
    format!(
        "{enhanced} - {subject} ('{}', ['{}']) []",
        reply.code,
        quoted(&reply.text)
    )
}

fn reply(reply: &Reply) -> String {
    clean(&reply.to_string())
}

fn list(rids: &[Rid]) -> String {
    let all: Vec<_> = rids.iter().map(ToString::to_string).collect();
    format!("[{}]", all.join(", "))
}

/// On one line, for programs too that take U+2028 and U+2029 for line ends.
pub(super) fn clean(text: &str) -> String {
    one_line(text, limits::HEADER_FACT_CHARS_MAX).replace(['\u{2028}', '\u{2029}'], " ")
}

/// [`clean`], to stand between single quotes.
pub(super) fn quoted(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('\'', "\\'")
}

/// `Sat Nov 21 21:00:00 2026`.
fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    let milliseconds = i64::try_from(at.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX);
    let local = time.to_zoned(zone.clone());
    local.strftime("%a %b %e %H:%M:%S %Y").to_string()
}
