//! `/healthz` and `/metrics`: for what watches the appliance. Nothing here tells of anyone's mail.

use crate::app::App;
use crate::door;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_quarantine_api::{Health, Reply, Request, Who};
use std::fmt::Write;

async fn health(app: &App) -> Option<Health> {
    match door::ask(app, Who::Anyone, Request::Health).await {
        Ok(Reply::Health(health)) => Some(health),
        _ => None,
    }
}

/// `GET /healthz`.
pub async fn healthz(State(app): State<App>) -> Response {
    let (status, body) = match health(&app).await {
        Some(_) => (StatusCode::OK, "{\"status\":\"ok\"}\n"),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "{\"status\":\"unavailable\",\"cause\":\"the mail side does not answer at its socket\"}\n",
        ),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// `GET /metrics`, in Prometheus's text format 0.0.4. An absent mail side is a value, not an error: it is what is
/// watched for.
pub async fn metrics(State(app): State<App>) -> Response {
    let body = exposition(health(&app).await.as_ref());
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        body,
    )
        .into_response()
}

fn exposition(health: Option<&Health>) -> String {
    let mut text = String::new();
    let up = u64::from(health.is_some());
    gauge(&mut text, ("up", "Whether the mail side answers."), up);
    let Some(health) = health else {
        return text;
    };
    gauge(&mut text, ("held_messages", "Messages held now."), health.held);
    gauge(
        &mut text,
        ("queued_messages", "Messages with a recipient not yet delivered."),
        health.queued,
    );
    gauge(
        &mut text,
        ("index_behind_records", "Journal records not yet in the index."),
        health.index_behind,
    );
    gauge(
        &mut text,
        (
            "start_time_seconds",
            "When the daemon started, in seconds since 1970.",
        ),
        health.started_at.0 / 1000,
    );
    for (name, count) in &health.counts {
        let name = metric_name(name);
        let _never_fails = write!(
            text,
            "# HELP postern_{name}_total Count of what was {name} since the index began.\n\
             # TYPE postern_{name}_total counter\npostern_{name}_total {count}\n"
        );
    }
    text
}

fn gauge(text: &mut String, (name, help): (&str, &str), value: u64) {
    let _never_fails = write!(
        text,
        "# HELP postern_{name} {help}\n# TYPE postern_{name} gauge\npostern_{name} {value}\n"
    );
}

/// A count's name with nothing in it that the format does not allow.
fn metric_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_metrics_and_absence_is_one_too() {
        assert!(exposition(None).ends_with("\npostern_up 0\n"));
        let health = Health {
            held: 3,
            counts: [("accepted".to_owned(), 7), ("over-limit".to_owned(), 1)].into(),
            ..Health::default()
        };
        let text = exposition(Some(&health));
        for line in [
            "postern_up 1",
            "postern_held_messages 3",
            "# TYPE postern_accepted_total counter",
            "postern_accepted_total 7",
            "postern_over_limit_total 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
    }
}
