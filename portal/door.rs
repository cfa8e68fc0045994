//! Asking the store from a page: the blocking client on a thread of its own, and what goes wrong as a page.

use crate::app::App;
use crate::problem::Problem;
use postern_quarantine_api::{DoorError, Failure, Reply, Request, Who};

/// Why there is no answer.
#[derive(Debug)]
pub enum Refusal {
    /// The store said no.
    Failed(Failure),
    /// It could not be asked, or did not make sense.
    Away(Problem),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Failed(failure) => failure.into(),
            Refusal::Away(problem) => problem,
        }
    }
}

/// Asks, and waits without holding up other pages.
///
/// # Errors
/// What the store refuses or cannot do, as the page that tells of it.
pub async fn ask(app: &App, who: Who, request: Request) -> Result<Reply, Problem> {
    ask_plain(app, who, request).await.map_err(Problem::from)
}

/// As [`ask`], for a page that shows a refusal itself.
///
/// # Errors
/// [`Refusal`].
pub async fn ask_plain(app: &App, who: Who, request: Request) -> Result<Reply, Refusal> {
    let asking = app.clone();
    let answer = tokio::task::spawn_blocking(move || asking.client().ask(who, request)).await;
    match answer {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(DoorError::Failed(failure))) => Err(Refusal::Failed(failure)),
        Ok(Err(DoorError::Unreachable { .. } | DoorError::Broken(_))) => {
            Err(Refusal::Away(Problem::store_away()))
        }
        Ok(Err(DoorError::Unexpected)) => Err(Refusal::Away(Problem::mismatch())),
        // Only a panic of the client, or a runtime that is being stopped, ends the thread without an answer.
        Err(_) => Err(Refusal::Away(Problem::ours())),
    }
}

/// The value inside the one reply that fits the request.
macro_rules! answer {
    ($reply:expr, $variant:path) => {
        match $reply {
            $variant(value) => Ok(value),
            _ => Err($crate::problem::Problem::mismatch()),
        }
    };
}
pub(crate) use answer;
