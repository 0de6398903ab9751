//! What handlers take from a request: its path, its query and its body, or a problem that says what
//! is wrong with it.

use std::error::Error;

use axum::{
    body::Bytes,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts},
    response::IntoResponse as _,
};
use serde::de::DeserializeOwned;

use super::{object::Object, problem::Problem};

/// Most bytes of a request, large enough for a batch of messages.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;

/// What stands in a path in place of the names in braces.
pub(crate) struct Path<T>(pub(crate) T);

/// The query. Which names a route knows is checked by [`names`](super::names).
pub(crate) struct Query<T>(pub(crate) T);

/// A JSON object as the body. An empty body is an empty object.
pub(crate) struct Body<T>(pub(crate) T);

/// A body as it came, whatever its type.
pub(crate) struct Raw(pub(crate) Bytes);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::from_request_parts(parts, state).await;
        path.map(|extract::Path(path)| Path(path)).map_err(|error| {
            let detail = format!("the path cannot be read: {}", innermost(&error));
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = extract::Query::try_from_uri(&parts.uri);
        query.map(|extract::Query(query)| Query(query)).map_err(|error| {
            let detail = format!("the query is not what this route takes: {}", innermost(&error));
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        serde_json::from_slice(&bytes).map(|Object(body)| Body(body)).map_err(|error| {
            let detail = format!("the body is not what this route takes: {error}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Raw).map_err(|rejection| {
            let status = rejection.into_response().status();
            let detail = match status {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    format!("the body has more than {BODY_BYTES_MAX} bytes")
                }
                _ => "the body cannot be read".to_owned(),
            };
            Problem::new(status, detail)
        })
    }
}

/// Refuses a body that is said to be anything but JSON. Programs that say nothing are taken at their
/// word, and so are those that say what `curl -d` says of whatever it sends.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    match essence(headers) {
        Some(essence) if !is_json(&essence) && essence != "application/x-www-form-urlencoded" => {
            Err(unsupported_type(&essence, "application/json"))
        }
        _ => Ok(()),
    }
}

/// Returns the type that a body is said to have, without parameters and in lower case.
pub(super) fn essence(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Says whether a type is JSON.
pub(super) fn is_json(essence: &str) -> bool {
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    kind == "application" && (subtype == "json" || subtype.ends_with("+json"))
}

/// The body is of a type that a route does not take.
pub(super) fn unsupported_type(given: &str, wanted: &str) -> Problem {
    let detail = format!("the body is said to be {given:?}; send {wanted}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

/// Returns what is behind an error, which names the value that is wrong.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
