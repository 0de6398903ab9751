//! `/metrics`: what the server counts and measures, as Prometheus reads it.
//!
//! Nothing is counted for it that would not be counted without it, but for a few durations: a scrape
//! gathers what there is. Labels are words of ours, never names of clients or channels.

mod page;
mod snapshot;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    extract::State,
    http::{
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{prometheus_text, text},
    registry::Registry,
};

use crate::{
    api::refuse_stranger,
    asked::Asked,
    entrance::{Entrance, Origin},
    http_times::HttpTimes,
};

use snapshot::Snapshot;

/// What all names begin with.
const PREFIX: &str = "rialto";

/// The other format, in which exemplars can be told.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Makes the router of the one route.
pub(crate) fn router(asked: Arc<Asked>, http: Arc<HttpTimes>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state((asked, http))
}

async fn metrics(
    State((asked, http)): State<(Arc<Asked>, Arc<HttpTimes>)>,
    Extension(peer): Extension<SocketAddr>,
    Extension(entrance): Extension<Arc<Entrance>>,
    request: Parts,
) -> Response {
    let origin = Origin { entrance: &entrance, address: peer };
    if let Some(refusal) = refuse_stranger(&asked, origin, &request).await {
        return refusal;
    }
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Snapshot::take(&asked, http)));
    let mut text = String::new();
    let (encoded, content_type) = if wants_open_metrics(&request) {
        (text::encode(&mut text, &registry), OPEN_METRICS)
    } else {
        (prometheus_text::encode(&mut text, &registry), prometheus_text::CONTENT_TYPE)
    };
    encoded.expect("writing to a String cannot fail");
    let headers =
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store"), (VARY, ACCEPT.as_str())];
    (headers, text).into_response()
}

/// Says whether a request names the other format among those that it accepts, as Prometheus does
/// where it stores exemplars.
fn wants_open_metrics(request: &Parts) -> bool {
    let accepted = request.headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
    let mut kinds = accepted.flat_map(|it| it.split(',')).filter_map(|it| it.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("application/openmetrics-text"))
}
