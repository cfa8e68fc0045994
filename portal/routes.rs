//! Every address there is. The router is built from this table, and the README's list is checked against it.

use crate::app::App;
use crate::assets;
use crate::guard;
use crate::pages::{
    detail, digest_link, digest_own, held_act, held_list, held_show, lists, login, machine, tracking,
};
use crate::problem::Problem;
use axum::Router;
use axum::routing::{MethodRouter, get, post};

/// One row of the table.
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the words are for the README, which a test holds against them"
    )
)]
struct Route {
    method: &'static str,
    path: &'static str,
    who: &'static str,
    does: &'static str,
    handler: MethodRouter<App>,
}

impl Route {
    fn new(
        (method, path): (&'static str, &'static str),
        (who, does): (&'static str, &'static str),
        handler: MethodRouter<App>,
    ) -> Self {
        Self {
            method,
            path,
            who,
            does,
            handler,
        }
    }
}

#[rustfmt::skip]
fn table() -> Vec<Route> {
    let row = Route::new;
    vec![
        row(("GET", "/"), ("session", "held mail: search, select, act"), get(held_list::page)),
        row(("GET", "/held"), ("session", "goes to `/`"), get(held_list::moved)),
        row(("POST", "/held"), ("session", "acts on the selected messages, shows each outcome"), post(held_act::act)),
        row(("GET", "/held/{key}"), ("session", "one held message, safe to look at; `?view=text`, `headers` or `source`"), get(held_show::page)),
        row(("GET", "/lists"), ("session", "safelist and blocklist"), get(lists::page)),
        row(("POST", "/lists/add"), ("session", "adds an entry"), post(lists::add)),
        row(("POST", "/lists/remove"), ("session", "removes an entry"), post(lists::remove)),
        row(("GET", "/digest"), ("session", "the own digest as it would be mailed; administrators: `?mailbox=`"), get(digest_own::page)),
        row(("POST", "/digest"), ("session", "mails it now"), post(digest_own::send)),
        row(("GET", "/digest/{token}"), ("link", "shows what the link is about; changes nothing"), get(digest_link::page)),
        row(("POST", "/digest/{token}"), ("link", "acts on that one message; a second time tells of the first"), post(digest_link::act)),
        row(("GET", "/login"), ("anyone", "the log-in form"), get(login::page)),
        row(("POST", "/login"), ("anyone", "begins a session"), post(login::begin)),
        row(("POST", "/logout"), ("anyone", "ends it"), post(login::end)),
        row(("GET", "/admin"), ("administrator", "message tracking, with the appliance's counts"), get(tracking::page)),
        row(("GET", "/admin/show"), ("administrator", "goes to the id in `?id=`: `MID 7`, `ICID 12`, `DCID 3`"), get(detail::find)),
        row(("GET", "/admin/show/{kind}/{number}"), ("administrator", "one message or connection: why, timeline, conversation"), get(detail::page)),
        row(("GET", "/healthz"), ("anyone", "200 `{\"status\":\"ok\"}`, or 503 when the door does not answer"), get(machine::healthz)),
        row(("GET", "/metrics"), ("anyone", "counts for Prometheus"), get(machine::metrics)),
        row(("GET", "/assets/{file}"), ("anyone", "the style sheet"), get(assets::file)),
    ]
}

/// The whole portal.
pub fn router(app: App) -> Router {
    let routes = table()
        .into_iter()
        .fold(Router::new(), |router, row| router.route(row.path, row.handler))
        .fallback(async || Problem::not_found("Nothing is at this address."))
        .method_not_allowed_fallback(async || Problem::wrong_method());
    guard::guarded(routes.with_state(app.clone()), &app)
}

#[cfg(test)]
mod tests;
