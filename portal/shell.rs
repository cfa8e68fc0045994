//! What stands around every page: title, navigation, account. Every page is an askama template, which escapes
//! whatever it is given.

use crate::assets;
use crate::problem::Problem;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use postern_quarantine_api::{Account, Role};

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// Held mail.
    Quarantine,
    /// Safelist and blocklist.
    Lists,
    /// The digest.
    Digest,
    /// Message tracking.
    Tracking,
    /// None of them.
    None,
}

/// See the file's preface.
pub struct Shell {
    /// The page's title, without the product's name.
    pub title: String,
    /// The appliance's name.
    pub hostname: String,
    /// The log-in, if there is one.
    pub login: Option<String>,
    /// Whether the administrators' entries are shown.
    pub is_admin: bool,
    /// The style sheet.
    pub css: &'static str,
    section: Section,
}

impl Shell {
    /// A shell without the appliance's name; see [`crate::app::App::shell`].
    pub fn new(title: &str, section: Section, account: Option<&Account>) -> Self {
        Self {
            title: title.to_owned(),
            hostname: String::new(),
            login: account.map(|account| account.login.clone()),
            is_admin: account.is_some_and(|account| account.role == Role::Admin),
            css: assets::css_path(),
            section,
        }
    }

    /// With the appliance's name.
    #[must_use]
    pub fn on(mut self, hostname: &str) -> Self {
        hostname.clone_into(&mut self.hostname);
        self
    }

    /// `aria-current` for the navigation's entry of this word, or nothing.
    pub fn current(&self, word: &str) -> &'static str {
        let here = match self.section {
            Section::Quarantine => "quarantine",
            Section::Lists => "lists",
            Section::Digest => "digest",
            Section::Tracking => "tracking",
            Section::None => return "false",
        };
        if here == word { "page" } else { "false" }
    }
}

/// The page as a reply.
///
/// # Errors
/// [`Problem::ours`], should a template fail.
pub fn rendered(page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| Problem::ours())?;
    Ok(Html(text).into_response())
}
