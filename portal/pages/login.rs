//! `/login`, `/logout`. A wrong name and a wrong password read the same.

use crate::app::App;
use crate::door;
use crate::params::{Params, Posted};
use crate::problem::Problem;
use crate::session::{self, Asker};
use crate::shell::{Section, Shell, rendered};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use postern_quarantine_api::{Failure, Reply, Request, Who};

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    shell: Shell,
    login: String,
    next: String,
    error: Option<String>,
}

/// `GET /login`; someone who is logged in goes where they wanted.
pub async fn page(
    State(app): State<App>,
    asker: Result<Asker, Problem>,
    params: Params,
) -> Result<Response, Problem> {
    let next = local(params.text("next"));
    match asker {
        Ok(_) => return Ok(Redirect::to(&next).into_response()),
        Err(Problem::LogIn(_)) => {}
        Err(other) => return Err(other),
    }
    rendered(&Page {
        shell: app.shell("Log in", Section::None, None),
        login: String::new(),
        next,
        error: None,
    })
}

/// `POST /login`.
pub async fn begin(State(app): State<App>, Posted(form): Posted) -> Result<Response, Problem> {
    let next = local(form.text("next"));
    let request = Request::LogIn {
        login: form.text("login").to_owned(),
        password: form.raw("password").to_owned(),
    };
    let (status, error) = match door::ask_plain(&app, Who::Anyone, request).await {
        Ok(reply) => {
            let Reply::LoggedIn { token, .. } = reply else {
                return Err(Problem::mismatch());
            };
            let cookie = session::begun(&app, &token).ok_or_else(Problem::mismatch)?;
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response());
        }
        // 401 without a challenge, which RFC 9110 §15.5.2 asks for: there is none for a form, and a browser that got
        // one would open its own window over ours.
        Err(door::Refusal::Failed(Failure::NotLoggedIn(text))) => (StatusCode::UNAUTHORIZED, text),
        Err(door::Refusal::Failed(Failure::TooMany(text))) => (StatusCode::TOO_MANY_REQUESTS, text),
        Err(other) => return Err(other.into()),
    };
    let page = rendered(&Page {
        shell: app.shell("Log in", Section::None, None),
        login: form.text("login").to_owned(),
        next,
        error: Some(error),
    })?;
    Ok((status, page).into_response())
}

/// `POST /logout`. The cookie goes even when the door cannot be asked.
pub async fn end(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(token) = session::token(&headers) {
        let _gone_anyway = door::ask(&app, Who::Session(token), Request::LogOut).await;
    }
    (
        [(header::SET_COOKIE, session::ended(&app))],
        Redirect::to("/login"),
    )
        .into_response()
}

/// A path of this portal, or its start page: a log-in link must not lead on to another site. `//host` and `/\host` are
/// other sites to a browser.
fn local(next: &str) -> String {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|octet| (33..=126).contains(&octet) && octet != b'\\')
        && !next.starts_with("/login");
    if is_local { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn a_log_in_leads_to_our_own_pages_only() {
        let rows = [
            ("/held/1-0?view=text", "/held/1-0?view=text"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/login?next=/login", "/"),
            ("", "/"),
        ];
        for (next, expected) in rows {
            assert_eq!(local(next), expected, "{next}");
        }
    }
}
