//! `/`: what is held. A user sees their own, an administrator everyone's; the store sees to that.

use crate::app::App;
use crate::door::answer;
use crate::params::Params;
use crate::problem::Problem;
use crate::session::Asker;
use crate::shell::{Section, Shell, rendered};
use crate::when::Moment;
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use postern_quarantine_api::{HeldAction, HeldFilter, HeldRow, HeldStatus, Reply, Request};
use postern_vocab::text::one_line;

/// Rows of one page: what a person goes through before the next.
const ROWS: usize = 25;

/// One held message as a page shows it.
pub struct HeldView {
    /// `MID-RID`.
    pub key: String,
    /// The display name, or the address when there is none.
    pub name: String,
    /// The From: address, or the envelope sender.
    pub address: String,
    /// What is odd about the two together.
    pub warning: Option<String>,
    /// In words if there is none.
    pub subject: String,
    /// Whom it is held for.
    pub recipient: String,
    /// When it came.
    pub received: Moment,
    /// When it goes.
    pub expires: Moment,
    /// Why, in plain words.
    pub reason: String,
    /// The quarantine's name.
    pub quarantine: String,
    /// Its size.
    pub size: String,
    /// One word.
    pub status: &'static str,
    /// Whether something can still be done.
    pub is_held: bool,
}

impl HeldView {
    /// From the door's row.
    pub fn new(app: &App, row: &HeldRow) -> Self {
        let address = if row.from.is_empty() {
            &row.sender
        } else {
            &row.from
        };
        let address = if address.is_empty() {
            "(no sender)"
        } else {
            address
        };
        let name = one_line(&row.from_name, 200);
        Self {
            key: row.key().to_string(),
            warning: words::name_warning(&name, address),
            name: name.trim().to_owned(),
            address: one_line(address, 320),
            subject: words::subject(&row.subject),
            recipient: one_line(&row.recipient, 320),
            received: app.moment(row.received_at),
            expires: app.moment(row.expires_at),
            reason: one_line(&row.reason, 300),
            quarantine: one_line(&row.quarantine, 100),
            size: words::size(row.bytes),
            status: words::status(row.status),
            is_held: row.status == HeldStatus::Held,
        }
    }

    /// What a reader who cannot see the row calls it.
    pub fn label(&self) -> String {
        let who = if self.name.is_empty() {
            &self.address
        } else {
            &self.name
        };
        format!("{} from {who}", self.subject)
    }
}

/// A button.
pub struct Button {
    /// The action's word.
    pub word: &'static str,
    /// What it says.
    pub label: &'static str,
    /// How it looks.
    pub class: &'static str,
}

/// The buttons for `actions`.
pub fn buttons(actions: &[HeldAction]) -> Vec<Button> {
    let button = |action: &HeldAction| Button {
        word: action.as_str(),
        label: words::action(*action),
        class: words::action_class(*action),
    };
    actions.iter().map(button).collect()
}

#[derive(Template)]
#[template(path = "held_list.html")]
struct Page {
    shell: Shell,
    rows: Vec<HeldView>,
    buttons: Vec<Button>,
    words: String,
    recipient: String,
    shows_all: bool,
    is_filtered: bool,
    is_later_page: bool,
    first: String,
    next: Option<String>,
}

/// `GET /`.
pub async fn page(State(app): State<App>, asker: Asker, params: Params) -> Result<Response, Problem> {
    let filter = HeldFilter {
        words: params.text("words").to_owned(),
        recipient: params.given("recipient").filter(|_| asker.is_admin()),
        quarantine: params.given("quarantine"),
        all: params.is_set("all"),
    };
    let is_filtered = !filter.words.is_empty() || filter.recipient.is_some() || filter.quarantine.is_some();
    let request = Request::HeldList {
        filter,
        cursor: params.given("cursor"),
        limit: ROWS,
    };
    let found = answer!(asker.ask(&app, request).await?, Reply::Held)?;
    let title = if asker.is_admin() {
        "Everyone's quarantine"
    } else {
        "Your quarantine"
    };
    rendered(&Page {
        shell: app.shell(title, Section::Quarantine, Some(&asker.account)),
        rows: found.rows.iter().map(|row| HeldView::new(&app, row)).collect(),
        buttons: buttons(&HeldAction::ALL),
        words: params.text("words").to_owned(),
        recipient: params.text("recipient").to_owned(),
        shows_all: params.is_set("all"),
        is_filtered,
        is_later_page: params.is_set("cursor"),
        first: params.query_with("cursor", ""),
        next: found.next.map(|cursor| params.query_with("cursor", &cursor)),
    })
}

/// `GET /held`: the address of a result that is opened again.
pub async fn moved() -> Redirect {
    Redirect::to("/")
}
