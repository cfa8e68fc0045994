//! `/admin/show/{kind}/{number}`: everything about one message, connection in, or connection out.

use super::tracking::RowView;
use super::why::{FindingView, StepView, findings, trail};
use crate::app::App;
use crate::door::answer;
use crate::params::Params;
use crate::problem::Problem;
use crate::session::Administrator;
use crate::shell::{Section, Shell, rendered};
use crate::when::Moment;
use crate::words;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use postern_quarantine_api::{Detail, RecipientFate, RecipientState, Reply, Request, Subject};
use postern_vocab::events::{Line, Speaker};
use postern_vocab::text::{escaped, one_line};
use postern_vocab::{Facts, ReverseName, limits};

struct FateView {
    rid: String,
    recipient: String,
    state: &'static str,
    text: String,
}

struct LineView {
    after: String,
    speaker: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "detail.html")]
struct Page {
    shell: Shell,
    row: RowView,
    summary: Vec<(&'static str, String)>,
    connection: Option<(String, String)>,
    messages: Vec<u64>,
    fates: Vec<FateView>,
    trail: Vec<StepView>,
    findings: Vec<FindingView>,
    facts: Vec<(&'static str, String)>,
    timeline: Vec<(Moment, String)>,
    lines: Vec<LineView>,
    lines_left_out: u32,
    ending: Option<String>,
    incidents: Vec<(String, String)>,
}

/// `GET /admin/show?id=`.
pub async fn find(_administrator: Administrator, params: Params) -> Result<Response, Problem> {
    let subject: Subject = params
        .text("id")
        .parse()
        .map_err(|why: String| Problem::invalid(why))?;
    let target = match subject {
        Subject::Mid(id) => format!("/admin/show/mid/{id}"),
        Subject::Icid(id) => format!("/admin/show/icid/{id}"),
        Subject::Dcid(id) => format!("/admin/show/dcid/{id}"),
    };
    Ok(Redirect::to(&target).into_response())
}

/// `GET /admin/show/{kind}/{number}`.
pub async fn page(
    State(app): State<App>,
    Administrator(asker): Administrator,
    Path((kind, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let title = format!("{} {number}", kind.to_uppercase());
    let subject: Subject = title.parse().map_err(|why: String| Problem::not_found(why))?;
    let detail = *answer!(asker.ask(&app, Request::Show(subject)).await?, Reply::Detail)?;
    let disconnected = detail.disconnected.as_ref();
    rendered(&Page {
        shell: app.shell(&title, Section::Tracking, Some(&asker.account)),
        row: RowView::new(&app, &detail.row),
        summary: summary(&detail),
        connection: connection(subject, &detail),
        messages: messages(subject, &detail),
        fates: detail
            .recipients
            .iter()
            .map(|fate| fate_view(&app, fate))
            .collect(),
        trail: trail(detail.decision.as_ref()),
        findings: findings(detail.facts.as_ref()),
        facts: detail.facts.as_ref().map(facts).unwrap_or_default(),
        timeline: timeline(&app, &detail),
        lines: disconnected.map_or_else(Vec::new, |end| end.conversation.iter().map(line).collect()),
        lines_left_out: disconnected.map_or(0, |end| end.lines_left_out),
        ending: disconnected.map(ending),
        incidents: incidents(&detail),
    })
}

fn summary(detail: &Detail) -> Vec<(&'static str, String)> {
    let row = &detail.row;
    let ip = detail
        .peer
        .as_ref()
        .map(|peer| peer.remote.to_string())
        .or_else(|| row.ip.clone());
    let listener = detail
        .peer
        .as_ref()
        .map(|peer| format!("{} ({})", peer.listener, peer.local));
    let recipients = row.recipients.join(", ");
    let bytes = (row.bytes > 0).then(|| format!("{} ({} octets)", words::size(row.bytes), row.bytes));
    let rows = [
        (
            "Sender",
            row.sender.clone().map(|one| {
                if one.is_empty() {
                    "<> (bounce)".to_owned()
                } else {
                    one
                }
            }),
        ),
        ("Recipients", (!recipients.is_empty()).then_some(recipients)),
        (
            "Message-ID",
            (!row.message_id.is_empty()).then(|| format!("<{}>", row.message_id)),
        ),
        ("Size", bytes),
        ("Spam score", row.score.map(|score| format!("{score} of 100"))),
        ("From IP", ip),
        ("Reverse name", reverse(&detail.reverse)),
        ("HELO", row.helo.clone()),
        ("Listener", listener),
    ];
    rows.into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .chain(detail.client_facts())
        .map(|(label, value)| (label, one_line(&value, 2_000)))
        .collect()
}

fn reverse(name: &ReverseName) -> Option<String> {
    match name {
        ReverseName::NotAsked => None,
        ReverseName::Verified(name) => Some(format!("{name} (confirmed)")),
        ReverseName::Unverified(name) => Some(format!("{name} (does not lead back to the address)")),
        ReverseName::None => Some("none".to_owned()),
        ReverseName::Unknown => Some("no answer from DNS in time".to_owned()),
    }
}

/// The connection that a message came by.
fn connection(subject: Subject, detail: &Detail) -> Option<(String, String)> {
    let icid = detail.row.icid?;
    let is_itself = subject == Subject::Icid(icid);
    (!is_itself).then(|| (format!("/admin/show/icid/{icid}"), format!("ICID {icid}")))
}

/// The other messages that belong to it.
fn messages(subject: Subject, detail: &Detail) -> Vec<u64> {
    let others = detail
        .messages
        .iter()
        .filter(|mid| subject != Subject::Mid(**mid));
    others.map(|mid| mid.0).collect()
}

fn fate_view(app: &App, fate: &RecipientFate) -> FateView {
    let at = |at| app.moment(at).text;
    let text = match &fate.state {
        RecipientState::Refused { stage, reply, rule } => format!("at {}: {reply} ({rule})", stage.as_str()),
        RecipientState::Queued => "waits for its first attempt".to_owned(),
        RecipientState::Deferred {
            next_at,
            reply,
            attempts,
        } => format!(
            "{} so far, next {}: {reply}",
            words::counted(u64::from(*attempts), "attempt"),
            at(*next_at)
        ),
        RecipientState::Delivered {
            hop,
            reply,
            dcid,
            at: when,
        } => {
            let by = dcid.map(|dcid| format!(", DCID {dcid}")).unwrap_or_default();
            format!("{} to {hop}{by}: {reply}", at(*when))
        }
        RecipientState::Bounced { reply, dsn } => match dsn {
            Some(mid) => format!("{reply}; the sender was told by MID {mid}"),
            None => format!("{reply}; there was no one to tell, or they asked not to be told"),
        },
        RecipientState::Dropped { reason } => reason.clone(),
        RecipientState::Quarantined {
            quarantine,
            reason,
            until,
        } => format!("in \"{quarantine}\" until {}: {reason}", at(*until)),
        RecipientState::Released { by, at: when } | RecipientState::Deleted { by, at: when } => {
            format!("{} by {by}", at(*when))
        }
        RecipientState::Expired { at: when } => at(*when),
    };
    FateView {
        rid: fate
            .rid
            .map_or_else(|| "\u{2014}".to_owned(), |rid| rid.to_string()),
        recipient: one_line(&fate.recipient, 320),
        state: fate.state.word().as_str(),
        text: one_line(&text, 1_000),
    }
}

fn facts(facts: &Facts) -> Vec<(&'static str, String)> {
    let header = &facts.header;
    let files: Vec<String> = facts
        .mime
        .attachments
        .iter()
        .map(|file| {
            format!(
                "{} ({}, {})",
                file.name,
                file.declared_type,
                words::size(file.bytes)
            )
        })
        .collect();
    let helo = if facts.helo_valid {
        "valid"
    } else {
        "not a valid name"
    };
    let mut rows = vec![
        (
            "From:",
            format!("{} {}", header.from_name, header.from.join(", ")),
        ),
        ("Reply-To:", header.reply_to.join(", ")),
        ("Subject:", header.subject.clone()),
        ("HELO", format!("{} ({helo})", facts.helo)),
        ("Received: fields", header.received_count.to_string()),
        (
            "MIME parts",
            format!("{}, nested {} deep", facts.mime.parts, facts.mime.depth),
        ),
        ("Attachments", files.join(", ")),
        ("Oddities", facts.mime.oddities.join(", ")),
    ];
    rows.retain(|(_, value)| !value.trim().is_empty());
    rows.into_iter()
        .map(|(label, value)| (label, one_line(value.trim(), 2_000)))
        .collect()
}

fn timeline(app: &App, detail: &Detail) -> Vec<(Moment, String)> {
    detail
        .timeline
        .iter()
        .map(|entry| (app.moment(entry.at), one_line(&entry.text, 2_000)))
        .collect()
}

fn line(line: &Line) -> LineView {
    let millis = line.after_ms;
    LineView {
        after: format!("{}.{:03}", millis / 1000, millis % 1000),
        speaker: match line.speaker {
            Speaker::Client => "C:",
            Speaker::Server => "S:",
        },
        // In pieces, because a log line's cut is shorter than what a conversation keeps.
        text: line
            .octets
            .chunks(limits::LOGGED_OCTETS_MAX)
            .map(escaped)
            .collect(),
    }
}

fn ending(end: &postern_vocab::events::Disconnected) -> String {
    use postern_vocab::events::Ending;
    let how = match end.ending {
        Ending::Quit => "ended by QUIT",
        Ending::Lost => "lost: the client went away without QUIT",
        Ending::Closed => "closed by us after a reply that said so",
        Ending::TimedOut => "closed by us because the client was silent",
        Ending::Shutdown => "closed by us because the daemon stopped",
    };
    format!(
        "{how}; {} received, {} accepted",
        words::size(end.received_bytes),
        words::counted(u64::from(end.accepted_messages), "message")
    )
}

fn incidents(detail: &Detail) -> Vec<(String, String)> {
    let shown = detail.incidents.iter().take(limits::INCIDENTS_PER_CONNECTION_MAX);
    shown
        .map(|incident| {
            let kind = serde_json::to_value(incident.kind).unwrap_or_default();
            (
                words::rule(kind.as_str().unwrap_or("incident")).replace('-', " "),
                one_line(&incident.detail, 1_000),
            )
        })
        .collect()
}
