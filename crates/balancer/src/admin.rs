//! The balancer's own HTTP: `/livez`, `/readyz`, `/metrics`, and what `rialto balance` asks of one that runs.
//!
//! On loopback only, so without keys; and only by a `Host` of loopback, so that no web page that a browser shows on
//! this machine can reach it by a name of its own.

mod metrics;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use prometheus_client::{encoding::prometheus_text, registry::Registry};
use rialto_net::ConnectionLimiter;
use rialto_stopwatch::Moment;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::route::Route;

/// The target of lines about what an operator did.
const AUDIT: &str = "rialto::audit";

/// What can be looked at and changed while the balancer runs.
pub(crate) struct Administered {
    started: SystemTime,
    limiter: Arc<ConnectionLimiter>,
    routes: ArcSwap<Vec<Arc<Route>>>,
    is_stopping: AtomicBool,
}

/// A server as it is told of.
#[derive(Debug, Serialize)]
struct Server {
    route: String,
    server: SocketAddr,
    host: String,
    state: &'static str,
    weight: u32,
    backup: bool,
    connections: u32,
}

impl Administered {
    pub(crate) fn new(started: SystemTime, limiter: Arc<ConnectionLimiter>) -> Self {
        Administered {
            started,
            limiter,
            routes: ArcSwap::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Takes up the routes that there are now.
    pub(crate) fn take_up(&self, routes: Vec<Arc<Route>>) {
        self.routes.store(Arc::new(routes));
    }

    /// Is not ready any more.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Returns why the balancer is not ready: it stops, or a route has no server.
    fn trouble(&self) -> Option<String> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return Some("stopping".to_owned());
        }
        let now = Moment::now();
        let routes = self.routes.load();
        let without = routes.iter().find(|route| !route.with_pool(|pool| pool.is_ready(now)));
        without.map(|route| format!("the route {} has no server", route.label))
    }

    fn servers(&self) -> Vec<Server> {
        let now = Moment::now();
        let of_route = |route: &Arc<Route>| {
            let server = |(spec, state, open): (crate::Spec, crate::State, u32)| Server {
                route: route.label.clone(),
                server: spec.address,
                host: route.host(spec.address),
                state: state.word(),
                weight: spec.weight,
                backup: spec.is_backup,
                connections: open,
            };
            route.with_pool(|pool| pool.servers(now).map(server).collect::<Vec<_>>())
        };
        self.routes.load().iter().flat_map(of_route).collect()
    }

    /// Gives the servers at an address, of a name or of an IP address without a port no new connections, or does
    /// again. Returns how many there are.
    fn drain(&self, named: &str, is_draining: bool) -> usize {
        let is_meant = |server: &Server| {
            let Server { server, host, .. } = server;
            named == server.to_string()
                || named.parse::<IpAddr>().is_ok_and(|ip| ip == server.ip())
                || named == host
                || named == format!("{host}:{}", server.port())
        };
        let meant: Vec<Server> = self.servers().into_iter().filter(is_meant).collect();
        let now = Moment::now();
        for route in self.routes.load().iter() {
            for Server { server, .. } in meant.iter().filter(|it| it.route == route.label) {
                route.with_pool(|pool| pool.drain(*server, is_draining, now));
                let event = if is_draining { "server-drained" } else { "server-resumed" };
                tracing::info!(target: AUDIT, event, route = route.label, %server);
            }
        }
        meant.len()
    }
}

/// Answers until the task is aborted.
pub(crate) async fn serve(socket: TcpListener, administered: Arc<Administered>) {
    let router = Router::new()
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
