//! Who may use the API: keys, and what each is good for.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{Request, State},
    http::{
        HeaderMap, Method, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use rialto_config::{ApiKey, ApiRight, Settings};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::http::Asked;

const NO_KEYS: &str = "the API is closed: set a key for it in the server's settings, such as \
                       [[api.keys]] name = \"app\", key = \"at least 16 bytes that nobody can guess\"";
const NO_KEY: &str = "send a key, as Authorization: Bearer KEY or as X-API-Key: KEY";

/// What stands before routes that need a right.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) asked: Arc<Asked>,
    pub(crate) right: ApiRight,
}

/// Lets a request through whose key is good for it.
pub(crate) async fn check(
    State(guard): State<Guard>,
    Extension(peer): Extension<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let doorkeeper = &guard.asked.handle.hub().doorkeeper;
    let settings = guard.asked.handle.settings();
    if settings.api.keys.is_empty() {
        return Problem::new(StatusCode::FORBIDDEN, NO_KEYS).into_response();
    }
    let shown = shown(request.headers());
    let Some(key) = shown.and_then(|shown| find(&settings, shown)) else {
        // Whoever has a key is not kept waiting by those who guess.
        if shown.is_some() {
            doorkeeper.slow_down_wrong_key(peer.ip()).await;
        }
        let detail = if shown.is_some() { "this key is not known" } else { NO_KEY };
        let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        return ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response();
    };
    if !key.allow.contains(&guard.right) {
        let right = guard.right.as_str();
        let detail = format!("the key {:?} does not allow {right:?} (api.keys)", key.name);
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    let (name, method, path) =
        (key.name.clone(), request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    if method != Method::GET && guard.right == ApiRight::Manage && response.status().is_success() {
        tracing::info!(key = name, %method, path, "managed by the API");
    }
    response
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok())
}

/// Finds a key. All are compared, so that the time taken tells nothing of which was near.
fn find<'a>(settings: &'a Settings, shown: &str) -> Option<&'a ApiKey> {
    settings.api.keys.iter().fold(None, |found, key| {
        let is_it = bool::from(key.key.expose().as_bytes().ct_eq(shown.as_bytes()));
        if is_it { Some(key) } else { found }
    })
}
