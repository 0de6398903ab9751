//! `/metrics`: what the server counts and measures, as Prometheus reads it.
//!
//! Nothing is counted for it that would not be counted without it, but for a few durations: a scrape
//! gathers what there is. Labels are words of ours, never names of clients or channels.

mod snapshot;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::State,
    http::{
        header::{CACHE_CONTROL, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus_client::{encoding::prometheus_text, registry::Registry};

use crate::{
    api::refuse_stranger,
    asked::Asked,
    entrance::{Entrance, Origin},
};

use snapshot::Snapshot;

/// What all names begin with.
const PREFIX: &str = "rialto";

/// Makes the router of the one route.
pub(crate) fn router(asked: Arc<Asked>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(asked)
}

async fn metrics(
    State(asked): State<Arc<Asked>>,
    Extension(peer): Extension<SocketAddr>,
    Extension(entrance): Extension<Arc<Entrance>>,
    request: Parts,
) -> Response {
    let origin = Origin { entrance: &entrance, address: peer };
    if let Some(refusal) = refuse_stranger(&asked, origin, &request).await {
        return refusal;
    }
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Snapshot::take(&asked)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("writing to a String cannot fail");
    let headers = [(CONTENT_TYPE, prometheus_text::CONTENT_TYPE), (CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}
