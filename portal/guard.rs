//! What stands between the network and every page: forms from other sites, time, panics, and the headers that tell a
//! browser what the page may do.

use crate::app::App;
use crate::problem::Problem;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use postern_vocab::limits;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

/// How long a page may take: below what a browser or a proxy waits, above what a search over the whole index takes.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a page of ours may do: show itself, in our style, and send forms to us. There is no script to allow.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Sent with every reply that does not say otherwise itself. The referrer stays within the portal instead of being
/// empty: under `no-referrer` browsers send `Origin: null` with our own forms, and where the portal is plain http to
/// another host than localhost they send no `Sec-Fetch-Site` either, so that no form could be told from a forged one.
/// Pages with a token in their address say `no-referrer` (see `pages/digest_link.rs`).
const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// The router with everything in front of it; the first thing a request meets is the last one named here.
pub fn guarded(router: Router, app: &App) -> Router {
    router
        .layer(DefaultBodyLimit::max(limits::FORM_BYTES_MAX))
        .layer(csrf(app).with_rejection_response(|_| Problem::cross_site().into_response()))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(|_| Problem::ours().into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), with_headers))
}

/// A form is taken when the browser says that a page of ours sent it. A digest link's form is let through: its token is
/// the whole proof, no cookie counts there, and it must work from whatever opens links in a mail.
fn csrf(app: &App) -> CsrfLayer {
    let layer = CsrfLayer::new().with_insecure_bypass(is_digest_link);
    // What was checked when the portal started is an origin; should the layer see it otherwise, Host still counts.
    layer.clone().add_trusted_origin(app.origin()).unwrap_or(layer)
}

fn is_digest_link(_method: &Method, uri: &Uri) -> bool {
    uri.path()
        .strip_prefix("/digest/")
        .is_some_and(|token| !token.is_empty())
}

async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PAGE_TIMEOUT, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::too_slow().into_response())
}

async fn with_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if app.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
