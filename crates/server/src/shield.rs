//! Fields that have browsers keep other pages away from an answer: nothing frames it, loads it, guesses its
//! type, or learns where it was asked from.

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};

use crate::{entrance::IsSecure, http_host::Host};

/// What an answer that is no page may do: nothing.
pub(crate) const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
    microphone=(), midi=(), payment=(), picture-in-picture=(), \
    publickey-credentials-get=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()";

const ALWAYS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
];

/// A year, after which a browser may try without TLS again.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds the fields to every answer of the routes behind it; `policy` says what a page may load.
pub(crate) async fn shield(
    State(policy): State<&'static str>,
    request: Request,
    next: Next,
) -> Response {
    let is_secure = request.extensions().get::<IsSecure>().is_some_and(|it| it.0);
    // Where a name of this machine is told so, its other servers suffer from it.
    let wants_tls = is_secure && !Host::of(request.headers(), request.uri()).is_of_this_machine();
    let mut response = next.run(request).await;
    cover(&mut response, policy);
    if wants_tls {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    response
}

/// Adds the fields to one answer. What it says itself about being kept, or about what it may load, stays.
pub(crate) fn cover(response: &mut Response, policy: &'static str) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = HeaderValue::from_static(policy);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
