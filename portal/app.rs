//! What every page shares: the settings, the door, the zone times are shown in. Nothing in it changes while it runs.

use crate::server::{PortalError, Settings};
use crate::shell::{Section, Shell};
use crate::when::Moment;
use axum::http::Uri;
use jiff::tz::TimeZone;
use postern_quarantine_api::{Account, Client};
use postern_vocab::Timestamp;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// Held messages that are read for a page at once: a hostile one may keep its thread busy for as long as it likes.
const PREVIEWS_MAX: usize = 4;

/// The portal; cheap to clone, one for all requests.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    settings: Settings,
    client: Client,
    zone: TimeZone,
    previews: Arc<Semaphore>,
}

impl App {
    /// Takes settings that can work.
    ///
    /// # Errors
    /// [`PortalError::PublicUrl`].
    pub fn new(mut settings: Settings) -> Result<Self, PortalError> {
        let url = settings.public_url.trim_end_matches('/').to_owned();
        if !is_web_address(&url) {
            return Err(PortalError::PublicUrl(settings.public_url));
        }
        settings.public_url = url;
        Ok(Self(Arc::new(Shared {
            client: Client::new(&settings.socket),
            settings,
            zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
            previews: Arc::new(Semaphore::new(PREVIEWS_MAX)),
        })))
    }

    /// As given, the public address without a slash at its end.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The asking side of the door; blocking.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The places for reading held messages.
    pub fn previews(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.previews)
    }

    /// Whether browsers reach the portal by https, and cookies may say so.
    pub fn is_https(&self) -> bool {
        self.0.settings.public_url.starts_with("https://")
    }

    /// Scheme, host and port that browsers name as `Origin`.
    pub fn origin(&self) -> String {
        let url = &self.0.settings.public_url;
        let host = url.find("://").map_or(0, |at| at + 3);
        let end = url[host..].find('/').map_or(url.len(), |at| host + at);
        url[..end].to_owned()
    }

    /// The clock.
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().plus(since)
    }

    /// An instant for a page.
    pub fn moment(&self, at: Timestamp) -> Moment {
        Moment::new(at, self.now(), &self.0.zone)
    }

    /// What stands around a page.
    pub fn shell(&self, title: &str, section: Section, account: Option<&Account>) -> Shell {
        Shell::new(title, section, account).on(&self.0.settings.hostname)
    }
}

fn is_web_address(url: &str) -> bool {
    let known = url.starts_with("https://") || url.starts_with("http://");
    let printable = url
        .bytes()
        .all(|octet| (33..=126).contains(&octet) && !b"\"<>\\".contains(&octet));
    known
        && printable
        && url
            .parse::<Uri>()
            .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}
