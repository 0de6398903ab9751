//! The console: its one document, at the addresses of its pages, and the files that the document loads.
//!
//! All of it is the files of `web/console`, built in. What the pages show and do goes through the API.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use rialto_config::{ConsoleServed, Settings};

use crate::{
    api::Problem, asked::Asked, entrance::IsSecure, http_host::Host, shield::shield,
    static_file::StaticFile, status,
};

/// What a page may load and ask: what comes from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// Each file: its name and what is in it.
const FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// The document.
const DOCUMENT: &str = "index.html";

/// What the addresses of pages begin with, besides `/`; the document finds out itself which page it is.
const PAGES: [&str; 7] =
    ["clients", "channels", "nodes", "problems", "access", "configuration", "sign-in"];

/// Makes the router of the console, and of what is at `/` without it.
pub(crate) fn router(asked: Arc<Asked>) -> Router {
    let mut router = Router::new();
    for &(name, bytes) in FILES {
        let file = serve(name, bytes);
        if name == DOCUMENT {
            router = router.route("/", file.clone());
            for page in PAGES {
                router = router
                    .route(&format!("/{page}"), file.clone())
                    .route(&format!("/{page}/"), file.clone())
                    .route(&format!("/{page}/{{*rest}}"), file.clone());
            }
        } else {
            router = router.route(&format!("/console/{name}"), file);
        }
    }
    router
        .route_layer(from_fn_with_state(asked, only_where_served))
        .layer(from_fn_with_state(POLICY, shield))
}

/// Serves a file, which is packed when it is asked for first.
fn serve(name: &'static str, bytes: &'static [u8]) -> MethodRouter {
    let file = Arc::new(LazyLock::new(move || StaticFile::new(name, bytes)));
    get(move |headers: HeaderMap| async move { file.answer(&headers) })
}

/// Hides the console where the settings do not want it, and from names that are not its own.
async fn only_where_served(
    State(asked): State<Arc<Asked>>,
    request: Request,
    next: Next,
) -> Response {
    let settings = asked.handle.settings();
    if !is_served(&settings, &request) {
        if request.uri().path() == "/" {
            return status::page(&asked);
        }
        let detail = "the console is not served here (console.enabled)";
        return Problem::new(StatusCode::NOT_FOUND, detail).into_response();
    }
    let host = Host::of(request.headers(), request.uri());
    if !host.is_of_the_console(&settings) {
        return Problem::new(StatusCode::FORBIDDEN, host.is_unknown()).into_response();
    }
    next.run(request).await
}

fn is_served(settings: &Settings, request: &Request) -> bool {
    let extensions = request.extensions();
    let address = extensions.get::<SocketAddr>().map(|address| address.ip().to_canonical());
    let is_secure = extensions.get::<IsSecure>().is_some_and(|it| it.0);
    match settings.console.enabled {
        ConsoleServed::Never => false,
        ConsoleServed::Always => true,
        ConsoleServed::Auto => {
            let can_sign_in = !settings.console.roles.is_empty() || !settings.api.keys.is_empty();
            address.is_some_and(|it| it.is_loopback()) || is_secure && can_sign_in
        }
    }
}

#[cfg(test)]
mod tests;
