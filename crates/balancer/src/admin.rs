//! The balancer's own HTTP: its page, `/livez`, `/readyz`, `/metrics`, and what `rialto balance` asks of one that runs.
//!
//! On loopback only, so without keys; and only by a `Host` of loopback, so that no web page that a browser shows on
//! this machine can reach it by a name of its own.

mod administered;
mod metrics;
mod page;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use prometheus_client::{encoding::prometheus_text, registry::Registry};
use tokio::net::TcpListener;

pub(crate) use administered::Administered;
use administered::Server;

/// Answers until the task is aborted.
pub(crate) async fn serve(socket: TcpListener, administered: Arc<Administered>) {
    let router = page::router()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/servers", get(servers))
        .route("/v1/servers/{server}/drain", post(drain))
        .route("/v1/servers/{server}/resume", post(resume))
        .layer(middleware::from_fn(refuse_strangers))
        .with_state(administered);
    if let Err(error) = axum::serve(socket, router).await {
        tracing::error!(%error, "the administration of the balancer has ended");
    }
}

/// Refuses requests by a name that is none of loopback: a page could have it lead here.
async fn refuse_strangers(headers: HeaderMap, request: Request, next: Next) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback =
        name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match is_loopback {
        true => next.run(request).await,
        false => {
            (StatusCode::FORBIDDEN, "this is asked on loopback, by its address or localhost\n")
                .into_response()
        }
    }
}

async fn readyz(State(administered): State<Arc<Administered>>) -> Response {
    match administered.trouble() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn servers(State(administered): State<Arc<Administered>>) -> Json<Vec<Server>> {
    Json(administered.servers())
}

async fn drain(State(it): State<Arc<Administered>>, Path(server): Path<String>) -> Response {
    changed(it.drain(&server, true), &server)
}

async fn resume(State(it): State<Arc<Administered>>, Path(server): Path<String>) -> Response {
    changed(it.drain(&server, false), &server)
}

fn changed(count: usize, server: &str) -> Response {
    match count {
        0 => (StatusCode::NOT_FOUND, format!("no route has a server {server}\n")).into_response(),
        count => Json(serde_json::json!({ "servers": count })).into_response(),
    }
}

async fn metrics(State(administered): State<Arc<Administered>>) -> Response {
    let mut registry = Registry::with_prefix("rialto_balancer");
    registry.register_collector(Box::new(metrics::Snapshot::take(&administered)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("writing to a String cannot fail");
    ([(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response()
}
