//! The one file that pages load. Its name carries a fingerprint of its content, so browsers may keep it for ever.

use crate::problem::Problem;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

const CSS: &str = include_str!("assets/portal.css");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    CSS.hash(&mut hasher);
    format!("/assets/portal-{:016x}.css", hasher.finish())
});

/// Where the style sheet of this build is.
pub fn css_path() -> &'static str {
    &CSS_PATH
}

/// `GET /assets/{file}`. A name of another build gets this build's style sheet, without leave to keep it: a page that
/// was open during an upgrade stays readable.
pub async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let is_css = name.starts_with("portal-") && name.ends_with(".css");
    if !is_css {
        return Err(Problem::not_found(
            "The portal has one style sheet and no other file.",
        ));
    }
    let ours = css_path().ends_with(&name);
    let keep = if ours {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    Ok((
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, keep),
        ],
        CSS,
    )
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_is_small_and_loads_nothing() {
        assert!(CSS.len() < 20 * 1024, "{} octets", CSS.len());
        for loads in ["@import", "url(", "http:", "https:"] {
            assert!(!CSS.contains(loads), "{loads}");
        }
    }
}
