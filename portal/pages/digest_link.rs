//! `/digest/{token}`: what a link in a digest opens. Opening it shows; pressing a button does. Mail software opens every
//! link it sees, so nothing else would be safe (RFC 8058 took the same road). No log-in: the token is the proof, for
//! one message and one recipient.

use super::held_list::{Button, HeldView, buttons};
use crate::app::App;
use crate::door::{self, answer};
use crate::params::Posted;
use crate::problem::Problem;
use crate::shell::{Section, Shell, rendered};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use postern_quarantine_api::{HeldAction, LinkView, Reply, Request, Who};
use postern_vocab::text::one_line;

/// The token in the address must not travel on: not in a referrer, not into a cache, not into a search engine.
const QUIET: [(HeaderName, &str); 3] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

#[derive(Template)]
#[template(path = "digest_link.html")]
struct Page {
    shell: Shell,
    held: HeldView,
    buttons: Vec<Button>,
    done: Option<String>,
}

/// `GET /digest/{token}`, `HEAD` too.
pub async fn page(State(app): State<App>, Path(token): Path<String>) -> Response {
    quiet(show(&app, Request::LinkView { token }).await)
}

/// `POST /digest/{token}`.
pub async fn act(
    State(app): State<App>,
    Path(token): Path<String>,
    form: Result<Posted, Problem>,
) -> Response {
    quiet(acted(&app, token, form).await)
}

async fn acted(app: &App, token: String, form: Result<Posted, Problem>) -> Result<Response, Problem> {
    let action: HeldAction = form?.0.text("action").parse().map_err(Problem::invalid)?;
    show(app, Request::LinkAct { token, action }).await
}

async fn show(app: &App, request: Request) -> Result<Response, Problem> {
    // A link needs no log-in, so "not logged in" can only mean that the link itself is not good (any more).
    let asked = door::ask(app, Who::Anyone, request)
        .await
        .map_err(|problem| match problem {
            Problem::LogIn(_) => Problem::not_found("This link is not valid, or its time is over."),
            other => other,
        })?;
    let LinkView { held, actions, done } = *answer!(asked, Reply::Link)?;
    let title = if done.is_some() {
        "Done"
    } else {
        "A message was held for you"
    };
    rendered(&Page {
        shell: app.shell(title, Section::None, None),
        held: HeldView::new(app, &held),
        buttons: buttons(&actions),
        done: done.map(|text| one_line(&text, 300)),
    })
}

fn quiet(page: Result<Response, Problem>) -> Response {
    (QUIET, page.into_response()).into_response()
}
