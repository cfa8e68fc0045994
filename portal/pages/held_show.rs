//! `/held/{key}`: one held message, safe to look at, and why it was held.

use super::held_list::{Button, HeldView, buttons};
use super::why::{FindingView, StepView, findings, steps};
use crate::app::App;
use crate::door::answer;
use crate::params::Params;
use crate::preview::{self, Preview, Reading};
use crate::problem::Problem;
use crate::session::Asker;
use crate::shell::{Section, Shell, rendered};
use crate::words;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use postern_quarantine_api::{HeldAction, HeldKey, HeldMessage, Reply, Request};
use postern_vocab::text::one_line;

struct FileView {
    name: String,
    declared_type: String,
    size: String,
}

/// What the tab shows.
struct Shown {
    view: &'static str,
    text: String,
    formatted: Option<String>,
    is_from_html: bool,
    is_cut: bool,
    /// Why the source is shown although the text was asked for.
    unread: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "held_show.html")]
struct Page {
    shell: Shell,
    held: HeldView,
    from: String,
    reply_to: Option<String>,
    to: String,
    date: Option<String>,
    score: u8,
    verdict: &'static str,
    findings: Vec<FindingView>,
    deciding: Vec<StepView>,
    others: Vec<StepView>,
    files: Vec<FileView>,
    shown: Shown,
    buttons: Vec<Button>,
    mid: u64,
}

/// `GET /held/{key}`.
pub async fn page(
    State(app): State<App>,
    asker: Asker,
    Path(key): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let key: HeldKey = key.parse().map_err(|why: String| Problem::not_found(why))?;
    let mut message = *answer!(asker.ask(&app, Request::HeldShow(key)).await?, Reply::HeldMessage)?;
    let content = std::mem::take(&mut message.content);
    let (shown, reading) = shown(&app, params.text("view"), content).await;
    let reading = reading.unwrap_or_default();
    let held = HeldView::new(&app, &message.row);
    let (deciding, others) = steps(&message.decision, Some(message.row.rid));
    rendered(&Page {
        shell: app.shell(&held.subject, Section::Quarantine, Some(&asker.account)),
        from: from(&held, &reading),
        reply_to: reply_to(&message, &reading),
        to: if reading.to.is_empty() {
            held.recipient.clone()
        } else {
            reading.to.clone()
        },
        date: reading.date.as_ref().map(|date| date.text.clone()),
        score: message.row.score,
        verdict: message.row.verdict.as_str(),
        findings: findings(message.facts.as_ref()),
        deciding,
        others,
        files: files(&message, reading),
        shown,
        buttons: buttons(if held.is_held { &HeldAction::ALL } else { &[] }),
        mid: key.mid.0,
        held,
    })
}

async fn shown(app: &App, view: &str, content: Vec<u8>) -> (Shown, Option<Reading>) {
    let (source, source_cut) = match view {
        "headers" => preview::header_text(&content),
        _ => preview::source_text(&content),
    };
    let mut shown = Shown {
        view: match view {
            "headers" => "headers",
            "source" => "source",
            _ => "text",
        },
        text: source,
        formatted: None,
        is_from_html: false,
        is_cut: source_cut,
        unread: None,
    };
    let mut reading = match preview::read(app, content).await {
        Preview::Read(reading) => *reading,
        Preview::Unread(why) => {
            shown.unread = Some(why);
            return (shown, None);
        }
    };
    if shown.view == "text" {
        shown.text = std::mem::take(&mut reading.text);
        shown.formatted = reading.formatted.take();
        shown.is_from_html = reading.is_from_html;
        shown.is_cut = reading.is_cut;
    }
    (shown, Some(reading))
}

fn from(held: &HeldView, reading: &Reading) -> String {
    if !reading.from.is_empty() {
        reading.from.clone()
    } else if held.name.is_empty() {
        held.address.clone()
    } else {
        format!("{} <{}>", held.name, held.address)
    }
}

/// The facts know Reply-To: of a message that the preview could not read.
fn reply_to(message: &HeldMessage, reading: &Reading) -> Option<String> {
    let header = &message.facts.as_ref()?.header;
    let other = header
        .reply_to
        .iter()
        .find(|address| !header.from.contains(address));
    reading
        .reply_to
        .clone()
        .or_else(|| other.map(|address| one_line(address, 320)))
}

/// The facts come from the whole message, the reading from what went through the door.
fn files(message: &HeldMessage, reading: Reading) -> Vec<FileView> {
    match &message.facts {
        Some(facts) => facts
            .mime
            .attachments
            .iter()
            .map(|file| FileView {
                name: one_line(&file.name, 255),
                declared_type: one_line(&file.declared_type, 100),
                size: words::size(file.bytes),
            })
            .collect(),
        None => reading
            .attachments
            .into_iter()
            .map(|file| FileView {
                size: words::size(file.bytes),
                name: file.name,
                declared_type: file.declared_type,
            })
            .collect(),
    }
}
