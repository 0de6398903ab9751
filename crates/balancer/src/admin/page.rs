//! The balancer's page: its routes and servers, for people in a browser. It only shows.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use crate::route::Route;

use super::administered::{Administered, Server};

/// Scripts and styles come from here only, and no page may have this one in a frame.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'";

/// What `/status.json` says.
#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    uptime_s: u64,
    /// Open connections of clients.
    connections: usize,
    /// Why the balancer is not ready, if it is not.
    trouble: Option<String>,
    routes: Vec<RouteStatus>,
    servers: Vec<Server>,
}

/// A route, as the page shows it. All but the first three are counted since the route was opened.
#[derive(Debug, Serialize)]
struct RouteStatus {
    route: String,
    listen: String,
    policy: String,
    accepted: u64,
    refused: BTreeMap<&'static str, u64>,
    to_servers_bytes: u64,
    to_clients_bytes: u64,
    server_failures: u64,
}

/// Makes the router of the page and of what it shows.
pub(super) fn router() -> Router<Arc<Administered>> {
    Router::new()
        .route("/", get(|| document("text/html; charset=utf-8", include_str!("page/page.html"))))
        .route("/page.css", get(|| document("text/css", include_str!("page/page.css"))))
        .route("/page.js", get(|| document("text/javascript", include_str!("page/page.js"))))
        .route("/status.json", get(status))
}

async fn document(kind: &'static str, text: &'static str) -> Response {
    let headers =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}

async fn status(State(administered): State<Arc<Administered>>) -> Response {
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: administered.started.elapsed().unwrap_or_default().as_secs(),
        connections: administered.limiter.open(),
        trouble: administered.trouble(),
        routes: administered.routes.load().iter().map(|route| of_route(route)).collect(),
        servers: administered.servers(),
    };
    ([(CACHE_CONTROL, "no-store")], Json(status)).into_response()
}

fn of_route(route: &Route) -> RouteStatus {
    let terms = route.terms.load();
    let counted = route.counts.read();
    RouteStatus {
        route: route.label.clone(),
        listen: terms.settings.listen.to_string(),
        policy: terms.settings.policy.to_string(),
        accepted: counted.accepted,
        refused: counted.refused.iter().map(|(cause, count)| (cause.word(), *count)).collect(),
        to_servers_bytes: counted.bytes_to_servers,
        to_clients_bytes: counted.bytes_to_clients,
        server_failures: counted.server_failures,
    }
}
