//! The router in this process, with nobody behind the door: what holds for every page whatever the store says.

use super::{router, table};
use crate::app::App;
use crate::server::Settings;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use std::path::PathBuf;
use tower::ServiceExt;

fn portal(public_url: &str) -> Router {
    let settings = Settings {
        address: ([127, 0, 0, 1], 8025).into(),
        socket: PathBuf::from("no-such-directory/portal.sock"),
        public_url: public_url.to_owned(),
        hostname: "mx.example.test".to_owned(),
        digest_from: "quarantine@example.test".parse().expect("valid"),
    };
    router(App::new(settings).expect("settings that work"))
}

fn answered(request: Request<Body>) -> Response<Body> {
    answered_by(portal("http://127.0.0.1:8025"), request)
}

fn answered_by(portal: Router, request: Request<Body>) -> Response<Body> {
    runtime()
        .block_on(portal.oneshot(request))
        .expect("a router never fails")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn text(response: Response<Body>) -> String {
    let octets = runtime()
        .block_on(to_bytes(response.into_body(), 1 << 20))
        .expect("a page");
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

fn get(path: &str) -> Request<Body> {
    Request::get(path)
        .header(header::HOST, "127.0.0.1:8025")
        .body(Body::empty())
        .expect("a request")
}

fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let begun = Request::post(path)
        .header(header::HOST, "127.0.0.1:8025")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    headers
        .iter()
        .fold(begun, |request, (name, value)| request.header(*name, *value))
        .body(body.into())
        .expect("a request")
}

#[test]
fn the_readme_lists_every_address() {
    let readme = include_str!("../README.md");
    for row in table() {
        let line = format!("| {} `{}` | {} | {} |", row.method, row.path, row.who, row.does);
        assert!(
            readme.lines().any(|one| one == line),
            "README.md lacks this line:\n{line}"
        );
    }
    let listed = readme
        .lines()
        .filter(|line| line.starts_with("| GET `") || line.starts_with("| POST `"));
    assert_eq!(
        listed.count(),
        table().len(),
        "README.md lists an address that is not there"
    );
}

#[test]
fn every_address_of_the_table_is_answered() {
    for row in table() {
        let path = row
            .path
            .replace("{kind}", "mid")
            .replace("{", "")
            .replace("}", "");
        let request = if row.method == "GET" {
            get(&path)
        } else {
            post(&path, &[], "")
        };
        let status = answered(request).status();
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{} {path}", row.method);
        let is_found = status != StatusCode::NOT_FOUND || row.path == "/assets/{file}";
        assert!(is_found, "{} {path}: {status}", row.method);
    }
}

#[test]
fn a_page_without_a_session_leads_to_the_log_in_and_back() {
    let rows = [
        ("/", "/login?next=%2F"),
        (
            "/held/1-0?view=source",
            "/login?next=%2Fheld%2F1-0%3Fview%3Dsource",
        ),
        ("/lists", "/login?next=%2Flists"),
        ("/digest", "/login?next=%2Fdigest"),
        ("/admin", "/login?next=%2Fadmin"),
        ("/admin/show/mid/7", "/login?next=%2Fadmin%2Fshow%2Fmid%2F7"),
    ];
    for (path, expected) in rows {
        let response = answered(get(path));
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(response.headers()[header::LOCATION], expected, "{path}");
    }
    for path in ["/held", "/lists/add", "/lists/remove", "/digest"] {
        let response = answered(post(path, &[], "action=release&key=1-0"));
        assert_eq!(response.headers()[header::LOCATION], "/login", "{path}");
    }
}

#[test]
fn every_answer_carries_the_headers() {
    for path in ["/login", "/", "/nothing-here", "/healthz", "/digest/token"] {
        let response = answered(get(path));
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().expect("ASCII"))
        };
        let policy = header("content-security-policy").expect(path);
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("script") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            Some("same-origin"),
            "{path}"
        );
        assert_eq!(
            header("cross-origin-resource-policy"),
            Some("same-origin"),
            "{path}"
        );
        assert!(
            header("strict-transport-security").is_none(),
            "{path}: plain http"
        );
    }
    let link = answered(get("/digest/token"));
    assert_eq!(link.headers()["referrer-policy"], "no-referrer");
    assert_eq!(link.headers()["x-robots-tag"], "noindex, nofollow");
    let secure = answered_by(portal("https://mail.example.com"), get("/login"));
    assert!(secure.headers().contains_key("strict-transport-security"));
}

#[test]
fn a_form_from_another_site_is_refused_and_one_of_ours_is_not() {
    let refused: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
    ];
    for headers in refused {
        let response = answered(post("/logout", headers, ""));
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(text(response).contains("another site"), "{headers:?}");
    }
    let taken: [&[(&str, &str)]; 4] = [
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://127.0.0.1:8025"),
        ],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://127.0.0.1:8025")],
        &[],
    ];
    for headers in taken {
        let response = answered(post("/logout", headers, ""));
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{headers:?}");
    }
    // Behind a proxy that changes Host, the public address still counts.
    let proxied = post("/logout", &[("origin", "https://mail.example.com")], "");
    let response = answered_by(portal("https://mail.example.com/quarantine"), proxied);
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}

#[test]
fn logging_out_takes_the_cookie_even_when_the_store_is_away() {
    let response = answered(post("/logout", &[("cookie", "postern_session=abc")], ""));
    let cookie = response.headers()[header::SET_COOKIE]
        .to_str()
        .expect("ASCII")
        .to_owned();
    assert!(cookie.starts_with("postern_session=; Max-Age=0;"), "{cookie}");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "{cookie}");
    let secure = answered_by(portal("https://mail.example.com"), post("/logout", &[], ""));
    let cookie = secure.headers()[header::SET_COOKIE]
        .to_str()
        .expect("ASCII")
        .to_owned();
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[test]
fn a_store_that_is_away_is_a_page_that_says_mail_is_safe() {
    let mut request = get("/");
    request
        .headers_mut()
        .insert(header::COOKIE, "postern_session=abc".parse().expect("a cookie"));
    let response = answered(request);
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(response);
    assert!(page.contains("Mail is not affected"), "{page}");
    assert!(
        !page.contains("no-such-directory"),
        "no path of the machine: {page}"
    );

    let health = answered(get("/healthz"));
    assert_eq!(health.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(health).contains("\"status\":\"unavailable\""));
    assert!(text(answered(get("/metrics"))).contains("postern_up 0"));
}

#[test]
fn the_log_in_form_carries_what_it_is_given_as_text_only() {
    let page = text(answered(get(
        "/login?next=%2F%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    )));
    assert!(!page.contains("<script"), "{page}");
    let page = text(answered(get("/login?next=//evil.example")));
    assert!(!page.contains("evil.example"), "{page}");
    assert_eq!(page.matches("<h1").count(), 1);
}

#[test]
fn a_form_that_is_too_large_or_no_form_is_refused() {
    let large = "a".repeat(postern_vocab::limits::FORM_BYTES_MAX + 1);
    let response = answered(post("/login", &[], format!("login={large}")));
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let mut request = post("/login", &[], "{}");
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, "application/json".parse().expect("a type"));
    assert_eq!(answered(request).status(), StatusCode::BAD_REQUEST);
}

#[test]
fn the_style_sheet_may_be_kept_and_another_builds_may_not() {
    let ours = answered(get(crate::assets::css_path()));
    assert_eq!(ours.status(), StatusCode::OK);
    assert_eq!(ours.headers()["content-type"], "text/css; charset=utf-8");
    assert!(
        ours.headers()["cache-control"]
            .to_str()
            .expect("ASCII")
            .contains("immutable")
    );
    let older = answered(get("/assets/portal-0000000000000000.css"));
    assert_eq!(older.headers()["cache-control"], "no-store");
    assert_eq!(answered(get("/assets/../lib.rs")).status(), StatusCode::NOT_FOUND);
}
