//! Whether the server works, and whether it can serve: for load balancers, for what runs containers, and
//! for people.
//!
//! `/livez` fails where only a new process helps, `/readyz` where clients had better go elsewhere for
//! the moment; `/healthz` is both. They are free and say little; `?verbose` names each check, for
//! whoever is on this machine or has a key that may read.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::{
    api::refuse_stranger,
    asked::Asked,
    entrance::{Entrance, Origin},
    readiness::{Check, broker, checks},
};

/// What is asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    /// Whether it works.
    Live,
    /// Whether it can serve.
    Ready,
    /// Both.
    Health,
}

impl Probe {
    fn name(self) -> &'static str {
        match self {
            Probe::Live => "livez",
            Probe::Ready => "readyz",
            Probe::Health => "healthz",
        }
    }

    fn checks(self, asked: &Asked) -> Vec<Check> {
        match self {
            Probe::Live => vec![broker(asked)],
            Probe::Ready | Probe::Health => checks(asked),
        }
    }
}

/// Makes the router of the three.
pub(crate) fn router(asked: Arc<Asked>) -> Router {
    let answer = |probe| {
        get(
            move |State(asked): State<Arc<Asked>>,
                  Extension(peer): Extension<SocketAddr>,
                  Extension(entrance): Extension<Arc<Entrance>>,
                  request: Parts| async move {
                let origin = Origin { entrance: &entrance, address: peer };
                answer(probe, &asked, origin, &request).await
            },
        )
    };
    let routes = [Probe::Live, Probe::Ready, Probe::Health].into_iter();
    let router = routes.fold(Router::new(), |router, probe| {
        router.route(&format!("/{}", probe.name()), answer(probe))
    });
    router.with_state(asked)
}

async fn answer(probe: Probe, asked: &Arc<Asked>, origin: Origin<'_>, request: &Parts) -> Response {
    let is_verbose = is_verbose(request.uri.query());
    if is_verbose && let Some(refusal) = refuse_stranger(asked, origin, request).await {
        return refusal;
    }
    let checks = probe.checks(asked);
    let passes = checks.iter().all(|check| check.passes);
    let status = if passes { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let text = match (is_verbose, passes) {
        (true, _) => verbose(probe, &checks, passes),
        (false, true) => "ok\n".to_owned(),
        (false, false) => "failed\n".to_owned(),
    };
    (status, headers, text).into_response()
}

/// Names each check, in the form that Kubernetes gave such answers.
fn verbose(probe: Probe, checks: &[Check], passes: bool) -> String {
    let mut text = String::new();
    for Check { name, state, passes } in checks {
        let sign = if *passes { '+' } else { '-' };
        let _ = writeln!(text, "[{sign}]{name} {state}"); // Writing to a String cannot fail.
    }
    let verdict = if passes { "passed" } else { "failed" };
    let _ = writeln!(text, "{} check {verdict}", probe.name());
    text
}

fn is_verbose(query: Option<&str>) -> bool {
    let mut words = query.into_iter().flat_map(|query| query.split('&'));
    words.any(|word| word == "verbose" || word.starts_with("verbose="))
}

#[cfg(test)]
mod tests;
