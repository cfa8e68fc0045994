//! What a form or a query says: names and values, any number of each. Both read the same, and neither fails for a name
//! that is missing or twice there.

use crate::problem::Problem;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;

/// Names and values in the order they came.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of that name without white space around it; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of that name as it came: a password may begin with a space.
    pub fn raw(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first value of that name, unless it is empty.
    pub fn given(&self, name: &str) -> Option<String> {
        let text = self.text(name);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether a check box of that name is set.
    pub fn is_set(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Every value of that name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The query that says the same with `changed` in place of the value it names; an empty value leaves it out.
    pub fn query_with(&self, changed: &str, value: &str) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(name, kept)| name != changed && !kept.is_empty());
        let pairs = kept
            .map(|(name, kept)| (name.as_str(), kept.as_str()))
            .chain((!value.is_empty()).then_some((changed, value)));
        let text: Vec<String> = pairs
            .map(|(name, value)| {
                let (name, value) = (
                    crate::words::query_escaped(name),
                    crate::words::query_escaped(value),
                );
                format!("{name}={value}")
            })
            .collect();
        format!("?{}", text.join("&"))
    }
}

/// From the address.
impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        match query {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(_) => Err(Problem::invalid("The address has a query that cannot be read.")),
        }
    }
}

/// From a form.
pub struct Posted(pub Params);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Form::<Vec<(String, String)>>::from_request(request, state).await {
            Ok(Form(pairs)) => Ok(Self(Params(pairs))),
            Err(rejection) => {
                let status = rejection.into_response().status();
                Err(if status == StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::new(
                        status,
                        "The form is too large",
                        "More was sent than any form of this portal needs.",
                        "Select fewer messages and send it again.",
                    )
                } else {
                    Problem::invalid("The form cannot be read.")
                })
            }
        }
    }
}
