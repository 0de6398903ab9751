//! The status page: what the server is doing, for people in a browser and for programs as JSON.
//!
//! It only shows; nothing can be changed through it.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, rt::TokioTimer, service::TowerToHyperService};
use rialto_broker::Stats;
use rialto_session::coremq;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{handle::Handle, hub::Hub};

/// Told to a client for which there is no room.
pub(crate) const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Scripts and styles come from this server only.
const POLICY: &str = "default-src 'self'";

/// Serves the page and what it shows.
#[derive(Clone)]
pub(crate) struct StatusPage {
    router: Router,
}

/// What the handlers ask.
struct Asked {
    hub: Arc<Hub>,
    server: Arc<coremq::Server>,
}

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
    #[serde(flatten)]
    stats: Stats,
}

impl StatusPage {
    pub(crate) fn new(handle: Handle, server: Arc<coremq::Server>) -> Self {
        let hub = handle.hub().clone();
        let router = Router::new()
            .route(
                "/",
                get(|| document("text/html; charset=utf-8", include_str!("status/page.html"))),
            )
            .route("/status.css", get(|| document("text/css", include_str!("status/page.css"))))
            .route(
                "/status.js",
                get(|| document("text/javascript", include_str!("status/page.js"))),
            )
            .route("/status.json", get(status))
            .with_state(Arc::new(Asked { hub, server }));
        StatusPage { router }
    }

    /// Serves one connection until its client goes.
    ///
    /// # Errors
    /// When the connection breaks, or says what is no HTTP.
    pub(crate) async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> io::Result<()> {
        let service = TowerToHyperService::new(self.router.clone());
        http1::Builder::new()
            // With a timer, a client that does not finish its request is not waited for: 30 s.
            .timer(TokioTimer::new())
            // One that has ended its side still reads.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service)
            .await
            .map_err(io::Error::other)
    }
}

async fn document(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

async fn status(State(asked): State<Arc<Asked>>) -> impl IntoResponse {
    let server = asked.server.address.clone();
    let status = asked.hub.round(|broker| Status {
        server,
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: broker.now().uptime.as_secs(),
        replicants: broker.observers().map(str::to_owned).collect(),
        links: broker.linked().map(str::to_owned).collect(),
        stats: broker.stats(),
    });
    ([(CACHE_CONTROL, "no-store")], Json(status))
}
