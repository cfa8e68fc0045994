//! `/admin`: message tracking. What was delivered, held and refused is one search.

use crate::app::App;
use crate::door::{self, answer};
use crate::params::Params;
use crate::problem::Problem;
use crate::session::Administrator;
use crate::shell::{Section, Shell, rendered};
use crate::when::Moment;
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postern_quarantine_api::{Health, Reply, Request, TrackQuery, TrackRow, TrackState, Who};
use postern_vocab::text::one_line;
use std::time::Duration;

/// Rows of one page.
const ROWS: usize = 50;
const HOUR: Duration = Duration::from_secs(3_600);
/// How far back a search goes, by the form's word for it; the first is what a bare page shows.
const PERIODS: [(&str, &str, Option<Duration>); 4] = [
    ("24h", "last 24 hours", Some(Duration::from_secs(24 * 3_600))),
    ("1h", "last hour", Some(HOUR)),
    ("7d", "last 7 days", Some(Duration::from_secs(7 * 24 * 3_600))),
    ("all", "all there is", None),
];

/// One row of the result.
pub struct RowView {
    /// When.
    pub at: Moment,
    /// The page about it.
    pub link: String,
    /// `MID 7` or `ICID 12`.
    pub id: String,
    /// Envelope sender.
    pub sender: String,
    /// The first recipient.
    pub recipient: String,
    /// How many more there are.
    pub more_recipients: usize,
    /// In words if there is none.
    pub subject: String,
    /// The last state.
    pub state: &'static str,
    /// Its reason.
    pub reason: String,
    /// Spam score.
    pub score: Option<u8>,
    /// The peer's address and name.
    pub ip: String,
}

impl RowView {
    /// From the door's row.
    pub fn new(app: &App, row: &TrackRow) -> Self {
        let (link, id) = match (row.mid, row.icid) {
            (Some(mid), _) => (format!("/admin/show/mid/{mid}"), format!("MID {mid}")),
            (None, Some(icid)) => (format!("/admin/show/icid/{icid}"), format!("ICID {icid}")),
            (None, None) => ("/admin".to_owned(), String::new()),
        };
        let sender = match row.sender.as_deref() {
            None => "\u{2014}".to_owned(),
            Some("") => "<> (bounce)".to_owned(),
            Some(sender) => one_line(sender, 320),
        };
        Self {
            at: app.moment(row.at),
            link,
            id,
            sender,
            recipient: row
                .recipients
                .first()
                .map_or_else(|| "\u{2014}".to_owned(), |one| one_line(one, 320)),
            more_recipients: row.recipients.len().saturating_sub(1),
            subject: if row.mid.is_some() {
                words::subject(&row.subject)
            } else {
                "(no message)".to_owned()
            },
            state: row.state.as_str(),
            reason: one_line(&row.reason, 300),
            score: row.score,
            ip: one_line(row.ip.as_deref().unwrap_or("\u{2014}"), 60),
        }
    }
}

/// One entry of a select box.
struct Choice {
    word: &'static str,
    label: &'static str,
    is_chosen: bool,
}

/// One count.
struct Count {
    label: String,
    number: u64,
}

#[derive(Template)]
#[template(path = "tracking.html")]
struct Page {
    shell: Shell,
    counts: Vec<Count>,
    version: String,
    started: Option<Moment>,
    index_behind: u64,
    fields: Vec<(&'static str, &'static str, &'static str, String)>,
    states: Vec<Choice>,
    periods: Vec<Choice>,
    rejected: bool,
    rows: Vec<RowView>,
    is_later_page: bool,
    first: String,
    next: Option<String>,
    error: Option<String>,
}

/// `GET /admin`.
pub async fn page(
    State(app): State<App>,
    Administrator(asker): Administrator,
    params: Params,
) -> Result<Response, Problem> {
    let health = answer!(
        door::ask(&app, Who::Anyone, Request::Health).await?,
        Reply::Health
    )?;
    let asked = door::ask_plain(&app, asker.who(), Request::Track(query(&app, &params))).await;
    let (found, error) = match asked {
        Ok(reply) => (answer!(reply, Reply::Tracked)?, None),
        // A network that is none, and the like: said above the form, which keeps what was typed.
        Err(door::Refusal::Failed(failure @ postern_quarantine_api::Failure::Invalid(_))) => (
            postern_quarantine_api::Page {
                rows: Vec::new(),
                next: None,
            },
            Some(failure.to_string()),
        ),
        Err(other) => return Err(other.into()),
    };
    rendered(&Page {
        shell: app.shell("Message tracking", Section::Tracking, Some(&asker.account)),
        counts: counts(&health),
        version: one_line(&health.version, 60),
        started: (health.started_at.0 > 0).then(|| app.moment(health.started_at)),
        index_behind: health.index_behind,
        fields: fields(&params),
        states: states(params.text("state")),
        periods: periods(params.text("since")),
        rejected: params.is_set("rejected"),
        rows: found.rows.iter().map(|row| RowView::new(&app, row)).collect(),
        is_later_page: params.is_set("cursor"),
        first: params.query_with("cursor", ""),
        next: found.next.map(|cursor| params.query_with("cursor", &cursor)),
        error,
    })
}

fn query(app: &App, params: &Params) -> TrackQuery {
    let period = PERIODS
        .iter()
        .find(|(word, ..)| *word == params.text("since"))
        .unwrap_or(&PERIODS[0]);
    TrackQuery {
        from: params.given("from"),
        to: params.given("to"),
        subject: params.given("subject"),
        message_id: params.given("message-id"),
        ip: params.given("ip"),
        attachment: params.given("attachment"),
        policy: params.given("policy"),
        state: params.text("state").parse().ok(),
        rejected: params.is_set("rejected"),
        since: period.2.map(|back| app.now().minus(back)),
        until: None,
        cursor: params.given("cursor"),
        limit: ROWS,
    }
}

/// Name, label, hint and value of each text field.
fn fields(params: &Params) -> Vec<(&'static str, &'static str, &'static str, String)> {
    [
        ("from", "From", "address, @domain or part"),
        ("to", "To", "address, @domain or part"),
        ("subject", "Subject", "words"),
        ("message-id", "Message-ID", ""),
        ("ip", "IP address", "or a network: 192.0.2.0/24"),
        ("attachment", "Attachment", "part of its name"),
        ("policy", "Policy", "flow policy or sender group"),
    ]
    .map(|(name, label, hint)| (name, label, hint, params.text(name).to_owned()))
    .into()
}

fn states(chosen: &str) -> Vec<Choice> {
    TrackState::ALL
        .iter()
        .map(|state| Choice {
            word: state.as_str(),
            label: state.as_str(),
            is_chosen: state.as_str() == chosen,
        })
        .collect()
}

fn periods(chosen: &str) -> Vec<Choice> {
    PERIODS
        .iter()
        .map(|(word, label, _)| Choice {
            word,
            label,
            is_chosen: *word == chosen,
        })
        .collect()
}

/// What is now, then what was counted since the index began.
fn counts(health: &Health) -> Vec<Count> {
    let now = [("held now", health.held), ("queued now", health.queued)];
    let counted = health
        .counts
        .iter()
        .map(|(name, number)| (name.as_str(), *number));
    now.into_iter()
        .chain(counted)
        .map(|(label, number)| Count {
            label: one_line(label, 40),
            number,
        })
        .collect()
}
