//! The status page: what the server is doing, for people in a browser and for programs as JSON.
//!
//! It only shows; nothing can be changed through it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use rialto_broker::{COUNTERS, Stats};
use serde::Serialize;

use crate::{
    api::Problem,
    asked::{Asked, ListenerStatus},
    store::StoreState,
};

/// Told to a client for which there is no room.
pub(crate) const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
    Content-Type: application/problem+json\r\nContent-Length: 124\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"there are too many connections; try again later\"}";

/// Scripts and styles come from this server only.
const POLICY: &str = "default-src 'self'";

/// What `/status.json` says.
#[derive(Debug, Serialize)]
struct Status {
    /// The server's name, as others know it.
    server: Arc<str>,
    version: &'static str,
    uptime_s: u64,
    /// Servers that get all messages of this one.
    replicants: Vec<String>,
    /// Servers all of whose messages this one gets.
    links: Vec<String>,
    /// The listeners that are open.
    listeners: Vec<ListenerStatus>,
    store: StoreStatus,
    #[serde(flatten)]
    stats: Stats,
}

/// The store, as the page shows it.
#[derive(Debug, Serialize)]
struct StoreStatus {
    kind: &'static str,
    state: StoreState,
}

/// Makes the router of the page and of what it shows.
pub(crate) fn router(asked: Arc<Asked>) -> Router {
    let page = Router::new()
        .route(
            "/status.css",
            get(|| async { document("text/css", include_str!("status/page.css")) }),
        )
        .route(
            "/status.js",
            get(|| async { document("text/javascript", include_str!("status/page.js")) }),
        )
        .route("/status.json", get(status))
        .route("/counters.json", get(|| async { ([(CACHE_CONTROL, "no-cache")], Json(COUNTERS)) }));
    page.route_layer(from_fn_with_state(asked.clone(), only_where_wanted)).with_state(asked)
}

/// Hides the page where the settings do not want it.
async fn only_where_wanted(
    State(asked): State<Arc<Asked>>,
    request: Request,
    next: Next,
) -> Response {
    if asked.handle.settings().api.status_page { next.run(request).await } else { not_served() }
}

/// Returns the page, for where the console is not.
pub(crate) fn page(asked: &Asked) -> Response {
    if !asked.handle.settings().api.status_page {
        return not_served();
    }
    document("text/html; charset=utf-8", include_str!("status/page.html")).into_response()
}

fn not_served() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "the status page is not served here (api.status_page)")
        .into_response()
}

fn document(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

async fn status(State(asked): State<Arc<Asked>>) -> impl IntoResponse {
    let server = asked.server.address.clone();
    let (listeners, kind) = (asked.listeners.clone(), asked.handle.settings().store.kind);
    let store = StoreStatus { kind: kind.as_str(), state: asked.commit_watch.state() };
    let status = asked.handle.hub().round(|broker| Status {
        server,
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: broker.now().uptime.as_secs(),
        replicants: broker.observers().map(str::to_owned).collect(),
        links: broker.linked().map(str::to_owned).collect(),
        listeners,
        store,
        stats: broker.stats(),
    });
    ([(CACHE_CONTROL, "no-store")], Json(status))
}

#[cfg(test)]
mod tests;
