//! `/lists`: safelist and blocklist. A user's own; for administrators everyone's and any user's.

use crate::app::App;
use crate::door::{Refusal, answer, ask_plain};
use crate::params::{Params, Posted};
use crate::problem::Problem;
use crate::session::Asker;
use crate::shell::{Section, Shell, rendered};
use crate::when::Moment;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use postern_quarantine_api::{Failure, Reply, Request};
use postern_vocab::text::one_line;
use postern_vocab::{Address, ListEntry, ListKind, ListOwner};

/// The word for everyone in the owner's field.
const EVERYONE: &str = "everyone";

struct EntryView {
    pattern: String,
    kind: &'static str,
    owner: String,
    added: Moment,
    added_by: String,
}

struct ListView {
    kind: &'static str,
    title: &'static str,
    does: &'static str,
    entries: Vec<EntryView>,
}

#[derive(Template)]
#[template(path = "lists.html")]
struct Page {
    shell: Shell,
    lists: Vec<ListView>,
    owner: String,
    pattern: String,
    kind: &'static str,
    notice: Option<String>,
    error: Option<String>,
}

/// What the form had in it when it is shown again.
#[derive(Default)]
struct Again {
    owner: String,
    pattern: String,
    blocks: bool,
    notice: Option<String>,
    error: Option<String>,
}

/// `GET /lists`; administrators choose with `?owner=`.
pub async fn page(State(app): State<App>, asker: Asker, params: Params) -> Result<Response, Problem> {
    let notice = match params.text("done") {
        "added" => Some("Added. It is in force now.".to_owned()),
        "removed" => Some("Removed. It is in force now.".to_owned()),
        _ => None,
    };
    let again = Again {
        owner: params.text("owner").to_owned(),
        notice,
        ..Again::default()
    };
    show(&app, &asker, again).await
}

/// `POST /lists/add`.
pub async fn add(State(app): State<App>, asker: Asker, Posted(form): Posted) -> Result<Response, Problem> {
    let kind = kind(form.text("kind"))?;
    let asked = match owner(&asker, form.text("owner")) {
        Ok(owner) => {
            let request = Request::ListAdd {
                owner,
                kind,
                pattern: form.text("pattern").to_owned(),
            };
            ask_plain(&app, asker.who(), request).await
        }
        Err(why) => Err(Refusal::Failed(Failure::Invalid(why))),
    };
    match asked {
        Ok(_) => Ok(back(&form, "added")),
        Err(Refusal::Failed(Failure::Invalid(why))) => {
            let again = Again {
                owner: form.text("owner").to_owned(),
                pattern: form.text("pattern").to_owned(),
                blocks: kind == ListKind::Block,
                error: Some(why),
                ..Again::default()
            };
            let page = show(&app, &asker, again).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /lists/remove`.
pub async fn remove(State(app): State<App>, asker: Asker, Posted(form): Posted) -> Result<Response, Problem> {
    let request = Request::ListRemove {
        owner: owner(&asker, form.text("owner")).map_err(Problem::invalid)?,
        kind: kind(form.text("kind"))?,
        pattern: form.text("pattern").to_owned(),
    };
    asker.ask(&app, request).await?;
    Ok(back(&form, "removed"))
}

async fn show(app: &App, asker: &Asker, again: Again) -> Result<Response, Problem> {
    let chosen = match again.owner.as_str() {
        "" => None,
        _ if !asker.is_admin() => None,
        text => Some(owner(asker, text).map_err(Problem::invalid)?),
    };
    let asked = asker.ask(app, Request::ListShow { owner: chosen }).await?;
    let entries = answer!(asked, Reply::List)?;
    let title = if asker.is_admin() {
        "Safelists and blocklists"
    } else {
        "Your safelist and blocklist"
    };
    rendered(&Page {
        shell: app.shell(title, Section::Lists, Some(&asker.account)),
        lists: vec![
            list(app, &entries, ListKind::Safe),
            list(app, &entries, ListKind::Block),
        ],
        owner: again.owner,
        pattern: again.pattern,
        kind: if again.blocks { "block" } else { "safe" },
        notice: again.notice,
        error: again.error,
    })
}

fn list(app: &App, entries: &[ListEntry], kind: ListKind) -> ListView {
    let (title, does) = match kind {
        ListKind::Safe => (
            "Safelist",
            "Mail from these senders skips the spam judgement only; viruses are still held, and so is what breaks a rule \
             of your organisation.",
        ),
        ListKind::Block => (
            "Blocklist",
            "Mail from these senders is treated as spam, whatever it says.",
        ),
    };
    let of_kind = entries.iter().filter(|entry| entry.kind == kind);
    ListView {
        kind: word(kind),
        title,
        does,
        entries: of_kind
            .map(|entry| EntryView {
                pattern: entry.pattern.to_string(),
                kind: word(kind),
                owner: entry.owner.to_string(),
                added: app.moment(entry.added_at),
                added_by: one_line(&entry.added_by, 320),
            })
            .collect(),
    }
}

/// Whose list a form is about: their own for a user, whatever the form says.
fn owner(asker: &Asker, text: &str) -> Result<ListOwner, String> {
    let own = || ListOwner::Mailbox(asker.account.login.clone());
    match text {
        _ if !asker.is_admin() => Ok(own()),
        "" | EVERYONE => Ok(ListOwner::Everyone),
        text => text
            .parse::<Address>()
            .map(|address| ListOwner::of(&address))
            .map_err(|why| format!("\"{text}\" is no mailbox: {why}; write user@example.com, or everyone")),
    }
}

fn kind(text: &str) -> Result<ListKind, Problem> {
    [ListKind::Safe, ListKind::Block]
        .into_iter()
        .find(|kind| word(*kind) == text)
        .ok_or_else(|| Problem::invalid("The form does not say which of the two lists it is about."))
}

fn word(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Safe => "safe",
        ListKind::Block => "block",
    }
}

/// Back to the list, by a page that can be loaded again without sending the form again.
fn back(form: &Params, done: &str) -> Response {
    let shown = form.text("shown");
    let query = match shown {
        "" => format!("?done={done}"),
        shown => format!("?done={done}&owner={}", crate::words::query_escaped(shown)),
    };
    Redirect::to(&format!("/lists{query}")).into_response()
}
