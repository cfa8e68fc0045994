//! `POST /held`: does one thing with every selected message, and tells of each.

use crate::app::App;
use crate::door::answer;
use crate::params::{Params, Posted};
use crate::problem::Problem;
use crate::session::Asker;
use crate::shell::{Section, Shell, rendered};
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use postern_quarantine_api::{HeldAction, HeldKey, HeldOutcome, Reply, Request};
use postern_vocab::limits;
use postern_vocab::text::one_line;

struct OutcomeView {
    key: String,
    about: String,
    done: bool,
    text: String,
}

#[derive(Template)]
#[template(path = "held_done.html")]
struct Page {
    shell: Shell,
    summary: String,
    outcomes: Vec<OutcomeView>,
}

/// Acts. What the form says a message is about is shown again beside its outcome and used for nothing else.
pub async fn act(State(app): State<App>, asker: Asker, Posted(form): Posted) -> Result<Response, Problem> {
    let action: HeldAction = form.text("action").parse().map_err(Problem::invalid)?;
    let keys: Vec<HeldKey> = form
        .all("key")
        .map(str::parse)
        .collect::<Result<_, String>>()
        .map_err(Problem::invalid)?;
    if keys.is_empty() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "No message was selected",
            "A button was pressed, but no message's box was ticked, so nothing was done.",
            "Go back, tick the messages you mean, and press the button again.",
        ));
    }
    if keys.len() > limits::PAGE_ROWS_MAX {
        return Err(Problem::invalid(
            "These are more messages than one form may carry.",
        ));
    }
    let asked = asker.ask(&app, Request::HeldAct { keys, action }).await?;
    let outcomes = answer!(asked, Reply::HeldDone)?;
    let page = rendered(&Page {
        shell: app.shell(words::action(action), Section::Quarantine, Some(&asker.account)),
        summary: summary(&outcomes),
        outcomes: outcomes.into_iter().map(|outcome| view(&form, outcome)).collect(),
    })?;
    Ok(page.into_response())
}

fn view(form: &Params, outcome: HeldOutcome) -> OutcomeView {
    let key = outcome.key.to_string();
    let about = form.text(&format!("about-{key}"));
    OutcomeView {
        about: if about.is_empty() {
            format!("Message {key}")
        } else {
            one_line(about, 400)
        },
        key,
        done: outcome.done,
        text: outcome.text,
    }
}

/// `3 done, 1 not done`.
fn summary(outcomes: &[HeldOutcome]) -> String {
    let done = outcomes.iter().filter(|outcome| outcome.done).count();
    let left = outcomes.len() - done;
    match left {
        0 => format!("Done for {}.", words::counted(done as u64, "message")),
        _ => format!(
            "Done for {}; not done for {}: the reason stands beside each.",
            words::counted(done as u64, "message"),
            left
        ),
    }
}
