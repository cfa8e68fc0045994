//! What went wrong, as a page that names the cause and the remedy.

use crate::assets;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use postern_quarantine_api::Failure;

/// A request that was not done.
#[derive(Debug)]
pub enum Problem {
    /// It needs a session; the path to come back to, if there is one.
    LogIn(Option<String>),
    /// A page that says why.
    Page(Box<Explained>),
}

/// The cause and the remedy.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct Explained {
    status: StatusCode,
    title: &'static str,
    cause: String,
    remedy: &'static str,
    css: &'static str,
}

impl Problem {
    /// One that none of the others fits.
    pub fn new(
        status: StatusCode,
        title: &'static str,
        cause: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Page(Box::new(Explained {
            status,
            title,
            cause: cause.into(),
            remedy,
            css: assets::css_path(),
        }))
    }

    /// 404.
    pub fn not_found(cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            cause,
            "Check the address, or begin at the start page.",
        )
    }

    /// 400.
    pub fn invalid(cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "That does not make sense here",
            cause,
            "Go back, correct it, and send it again.",
        )
    }

    /// 403, for a page that is the administrators'.
    pub fn administrators_only() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "For administrators only",
            "Message tracking shows everyone's mail, so only an administrator's account may open it.",
            "Log in as an administrator, or ask one.",
        )
    }

    /// 403, for a form that another site sent.
    pub fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form came from another site",
            "Your browser said that the form was not sent by a page of this portal, so nothing was done.",
            "Open the portal itself and do it there. Behind a proxy, pass Host and Origin on unchanged, or set [portal] \
             public_url to the address that browsers use.",
        )
    }

    /// 405.
    pub fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address is not opened that way",
            "The page at this address takes another kind of request.",
            "Begin at the start page.",
        )
    }

    /// 503, when nobody is behind the door.
    pub fn store_away() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The mail side does not answer",
            "The portal cannot reach the part of the system that keeps held mail. Mail is not affected by this page: \
             nothing is lost.",
            "Try again in a minute. If it stays so, tell your administrator: postern status and its log say more.",
        )
    }

    /// 503, when a page took too long.
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "This took too long",
            "The mail side did not answer in time. What you asked for may still be done.",
            "Look at the list again in a minute before you repeat it; doing it twice does no harm.",
        )
    }

    /// 502, when the store answers something else than was asked.
    pub fn mismatch() -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "The mail side answered something else",
            "The portal and the mail side do not understand each other; most likely they are of different versions.",
            "Tell your administrator to restart Postern, so that both are of one version.",
        )
    }

    /// 500.
    pub fn ours() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "A mistake of ours",
            "The portal failed while it made this page. Mail is not affected.",
            "Go back and try again; if it happens again, please report what you did.",
        )
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (status, title, remedy) = match failure {
            Failure::NotLoggedIn(_) => return Self::LogIn(None),
            Failure::Forbidden(_) => (
                StatusCode::FORBIDDEN,
                "You may not do this",
                "Log in with an account that may, or ask your administrator.",
            ),
            Failure::NotFound(_) => (
                StatusCode::NOT_FOUND,
                "It is not there",
                "It may have expired, or the address is wrong. Look for it in the list.",
            ),
            Failure::Invalid(_) => (
                StatusCode::BAD_REQUEST,
                "That does not make sense here",
                "Go back, correct it, and send it again.",
            ),
            Failure::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too often",
                "Wait a few minutes, then try again.",
            ),
            Failure::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The mail side cannot do it now",
                "Try again in a minute. Mail is not affected.",
            ),
        };
        Self::new(status, title, failure.to_string(), remedy)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::LogIn(None) => Redirect::to("/login").into_response(),
            Self::LogIn(Some(next)) => {
                let target = format!("/login?next={}", crate::words::query_escaped(&next));
                Redirect::to(&target).into_response()
            }
            Self::Page(page) => match page.render() {
                Ok(text) => (page.status, Html(text)).into_response(),
                Err(_) => (
                    page.status,
                    [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
                    format!("{}\n\n{}\n{}\n", page.title, page.cause, page.remedy),
                )
                    .into_response(),
            },
        }
    }
}
