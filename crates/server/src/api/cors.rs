//! Which pages may use the API from browsers.

use std::{sync::Arc, time::Duration};

use axum::http::{
    HeaderName, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::asker::is_allowed;
use crate::asked::Asked;

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Makes what tells browsers whether a page may read answers, by the settings in force: none may, unless
/// its origin is listed.
pub(super) fn layer(asked: &Arc<Asked>) -> CorsLayer {
    let asked = asked.clone();
    let allow = AllowOrigin::predicate(move |origin, _| {
        let settings = asked.handle.settings();
        origin.to_str().is_ok_and(|origin| is_allowed(&settings, origin))
    });
    CorsLayer::new()
        .allow_origin(allow)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([RETRY_AFTER])
        .max_age(MAX_AGE)
}
