//! `/digest`: a person's own digest as it would be mailed, and a button that mails it. An administrator may look at
//! anyone's.

use crate::app::App;
use crate::digest;
use crate::door::answer;
use crate::params::{Params, Posted};
use crate::problem::Problem;
use crate::session::Asker;
use crate::shell::{Section, Shell, rendered};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use postern_quarantine_api::{DigestContent, Reply, Request};
use postern_vocab::Address;
use postern_vocab::text::one_line;

#[derive(Template)]
#[template(path = "digest_own.html")]
struct Page {
    shell: Shell,
    /// Whose; empty for an administrator who has not said yet.
    mailbox: String,
    subject: String,
    from: String,
    text: String,
    is_empty: bool,
    sent: Option<u64>,
}

/// `GET /digest`.
pub async fn page(State(app): State<App>, asker: Asker, params: Params) -> Result<Response, Problem> {
    let mailbox = mailbox(&asker, &params);
    if mailbox.is_empty() {
        return show(&app, &asker, None, None);
    }
    let content = content(&app, &asker, mailbox).await?;
    show(&app, &asker, Some(&content), None)
}

/// `POST /digest`.
pub async fn send(State(app): State<App>, asker: Asker, Posted(form): Posted) -> Result<Response, Problem> {
    let mailbox = mailbox(&asker, &form);
    let content = content(&app, &asker, mailbox.clone()).await?;
    let settings = app.settings();
    let message =
        digest::compose(&content, &settings.digest_from, &settings.public_url, app.now()).map_err(|why| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The digest could not be written",
                why.to_string(),
                "Tell your administrator.",
            )
        })?;
    let asked = asker.ask(&app, Request::DigestSend { mailbox, message }).await?;
    let Reply::Submitted { mid } = asked else {
        return Err(Problem::mismatch());
    };
    show(&app, &asker, Some(&content), Some(mid.0))
}

fn show(
    app: &App,
    asker: &Asker,
    content: Option<&DigestContent>,
    sent: Option<u64>,
) -> Result<Response, Problem> {
    let title = if asker.is_admin() {
        "Digests"
    } else {
        "Your digest"
    };
    let settings = app.settings();
    rendered(&Page {
        shell: app.shell(title, Section::Digest, Some(&asker.account)),
        mailbox: content.map_or_else(String::new, |content| one_line(&content.mailbox, 320)),
        subject: content.map_or_else(String::new, digest::subject),
        from: settings.digest_from.to_string(),
        text: content.map_or_else(String::new, |content| {
            digest::text(content, &settings.public_url, app.now())
        }),
        is_empty: content.is_some_and(|content| content.rows.is_empty()),
        sent,
    })
}

async fn content(app: &App, asker: &Asker, mailbox: String) -> Result<DigestContent, Problem> {
    let asked = asker.ask(app, Request::DigestContent { mailbox }).await?;
    answer!(asked, Reply::Digest)
}

/// Their own for a user, whatever the form says; the store would refuse another.
fn mailbox(asker: &Asker, params: &Params) -> String {
    if asker.is_admin() {
        let text = params.text("mailbox");
        text.parse::<Address>()
            .map_or_else(|_| text.to_lowercase(), |address| address.folded())
    } else {
        asker.account.login.clone()
    }
}
