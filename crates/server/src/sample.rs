//! The sample application: a page with which people try the broker, as plain files.
//!
//! It does nothing by itself: what it does it does as any client, over WebSocket. Only where the
//! broker can be reached, `broker.json`, is made here; the rest are the files of `web/sample`.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::CACHE_CONTROL},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use rialto_config::{AccessMode, Dialect, SamplePage};
use serde::Serialize;

use crate::{
    api::Problem, asked::ListenerStatus, handle::Handle, shield::shield, static_file::StaticFile,
};

/// Scripts and styles come from this server only. Brokers may be anywhere, since their address can be
/// written on the page; the client's clock is a worker from a blob.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self' ws: wss:; worker-src blob:; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

macro_rules! files_of_the_page {
    ($($name:literal,)*) => {
        [$(($name, concat!("/sample/", $name), include_str!(concat!("../../../web/sample/", $name))),)*]
    };
}

/// Each file: its name, its path here, and what is in it. `client` is the client's own source.
const FILES: [(&str, &str, &str); 35] = files_of_the_page![
    "address.js",
    "app.js",
    "client-view.js",
    "code.js",
    "index.html",
    "log.js",
    "mark.svg",
    "sample.css",
    "step.js",
    "theme.js",
    "token.js",
    "tokens.css",
    "watched-socket.js",
    "client/acknowledger.js",
    "client/authenticate.js",
    "client/backoff.js",
    "client/browser.js",
    "client/calls.js",
    "client/channel.js",
    "client/client.js",
    "client/clock.js",
    "client/connection.js",
    "client/delivery.js",
    "client/errors.js",
    "client/farewell.js",
    "client/heartbeat.js",
    "client/outbox.js",
    "client/packets.js",
    "client/page-clock.js",
    "client/publisher.js",
    "client/session.js",
    "client/subscription.js",
    "client/subscriptions.js",
    "client/unclaimed.js",
    "client/websocket.js",
];

/// A listener on which the page can open a WebSocket.
#[derive(Debug, Clone, Serialize)]
struct WebSocketListener {
    name: String,
    /// Nothing where every address of the machine is listened on: the page takes the host it came
    /// from.
    host: Option<IpAddr>,
    port: u16,
    tls: &'static str,
}

/// What the page is told of the broker.
#[derive(Debug, Serialize)]
struct Where {
    listeners: Vec<WebSocketListener>,
}

impl WebSocketListener {
    /// Returns the listener as the page sees it, unless JMQT is not spoken there.
    fn of(listener: &ListenerStatus) -> Option<Self> {
        if listener.dialect != Dialect::Jmqt.as_str() {
            return None;
        }
        Some(WebSocketListener {
            name: listener.name.clone(),
            host: Some(listener.address.ip()).filter(|it| !it.is_unspecified()),
            port: listener.address.port(),
            tls: listener.tls,
        })
    }
}

/// Makes the router of the page.
pub(crate) fn router(handle: Handle, listeners: &[ListenerStatus]) -> Router {
    let listeners = listeners.iter().filter_map(WebSocketListener::of).collect();
    let told = Arc::new(Where { listeners });
    let mut page = Router::new()
        // Relative, so that it holds behind a proxy that serves it below another path.
        .route("/sample", get(|| async { Redirect::permanent("sample/") }))
        .route("/sample/broker.json", get(move || async move { whereabouts(&told) }));
    for (name, path, text) in FILES {
        let path = if name == "index.html" { "/sample/" } else { path };
        let file = Arc::new(LazyLock::new(move || StaticFile::new(name, text.as_bytes())));
        let answer = move |headers: HeaderMap| async move { file.answer(&headers) };
        page = page.route(path, get(answer));
    }
    page.route_layer(from_fn_with_state(handle, only_where_wanted))
        .layer(from_fn_with_state(POLICY, shield))
}

/// Hides the page where the settings do not want it.
async fn only_where_wanted(State(handle): State<Handle>, request: Request, next: Next) -> Response {
    let settings = handle.settings();
    let is_wanted = match settings.api.sample {
        SamplePage::OpenMode => settings.access.mode == AccessMode::Open,
        SamplePage::Always => true,
        SamplePage::Never => false,
    };
    if is_wanted {
        return next.run(request).await;
    }
    Problem::new(StatusCode::NOT_FOUND, "the sample application is not served here (api.sample)")
        .into_response()
}

fn whereabouts(told: &Where) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(told)).into_response()
}

#[cfg(test)]
mod tests;
