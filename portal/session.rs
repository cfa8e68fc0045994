//! Who asks: the session's cookie, and the account behind it as the door tells. RFC 6265 §4.1, §4.2.

use crate::app::App;
use crate::door;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use postern_quarantine_api::{Account, Reply, Request, Role, Who};

const COOKIE: &str = "postern_session";
/// A token longer than this is none of ours, and is not passed on.
const TOKEN_OCTETS_MAX: usize = 512;

/// A person with a session. The door checks the token again at every request: this only says what to show.
pub struct Asker {
    token: String,
    /// Whose session it is.
    pub account: Account,
}

impl Asker {
    /// For the door.
    pub fn who(&self) -> Who {
        Who::Session(self.token.clone())
    }

    /// Whether everyone's mail is shown.
    pub fn is_admin(&self) -> bool {
        self.account.role == Role::Admin
    }

    /// Asks the door as this person.
    ///
    /// # Errors
    /// As [`door::ask`].
    pub async fn ask(&self, app: &App, request: Request) -> Result<Reply, Problem> {
        door::ask(app, self.who(), request).await
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Only a page can be come back to: a form that was refused for want of a session is not sent again by itself.
        let is_page = matches!(parts.method, Method::GET | Method::HEAD);
        let back = is_page.then(|| {
            parts
                .uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned()
        });
        let Some(token) = token(&parts.headers) else {
            return Err(Problem::LogIn(back));
        };
        let reply = door::ask(app, Who::Session(token.clone()), Request::WhoAmI).await;
        let account = match reply {
            Ok(reply) => door::answer!(reply, Reply::Account)?,
            Err(Problem::LogIn(_)) => return Err(Problem::LogIn(back)),
            Err(other) => return Err(other),
        };
        Ok(Self { token, account })
    }
}

/// An [`Asker`] who is an administrator; anyone else gets 403.
pub struct Administrator(pub Asker);

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let asker = Asker::from_request_parts(parts, app).await?;
        if asker.is_admin() {
            Ok(Self(asker))
        } else {
            Err(Problem::administrators_only())
        }
    }
}

/// The token in the cookie, if there is a plausible one.
pub fn token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, token)| *name == COOKIE && is_token(token))
        .map(|(_, token)| token.to_owned())
}

/// `cookie-octet` of RFC 6265 §4.1.1.
fn is_token(text: &str) -> bool {
    let plain = |octet: u8| (33..=126).contains(&octet) && !b"\",;\\".contains(&octet);
    !text.is_empty() && text.len() <= TOKEN_OCTETS_MAX && text.bytes().all(plain)
}

/// The `Set-Cookie` value that begins a session; `None` for a token that no cookie can carry.
pub fn begun(app: &App, token: &str) -> Option<String> {
    is_token(token).then(|| format!("{COOKIE}={token}; {}", attributes(app)))
}

/// The `Set-Cookie` value that ends it.
pub fn ended(app: &App) -> String {
    format!("{COOKIE}=; Max-Age=0; {}", attributes(app))
}

fn attributes(app: &App) -> &'static str {
    if app.is_https() {
        "Path=/; HttpOnly; SameSite=Lax; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Lax"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_cookie_is_found_among_others_and_junk_is_none() {
        let rows = [
            ("postern_session=abc-123_x", Some("abc-123_x"), "alone"),
            ("a=b; postern_session=tok; c=d", Some("tok"), "among others"),
            ("postern_session=", None, "empty"),
            ("xpostern_session=tok", None, "another name"),
            ("postern_session=a b", None, "a space"),
            ("postern_session", None, "no value"),
        ];
        for (value, expected, reason) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(value));
            assert_eq!(token(&headers).as_deref(), expected, "{reason}");
        }
        let mut headers = HeaderMap::new();
        let long = format!("postern_session={}", "a".repeat(TOKEN_OCTETS_MAX + 1));
        headers.insert(header::COOKIE, long.parse().expect("a header"));
        assert_eq!(token(&headers), None, "too long");
    }
}
