//! Bodies of requests: JSON, or a problem that says what is wrong with it.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde::de::DeserializeOwned;

use super::{BODY_BYTES_MAX, problem::Problem};

/// A JSON body, whatever its content type is called. An empty one is an empty object.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            let detail = match status {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    format!("the body has more than {BODY_BYTES_MAX} bytes")
                }
                _ => "the body cannot be read".to_owned(),
            };
            Problem::new(status, detail)
        })?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        serde_json::from_slice(&bytes).map(Body).map_err(|error| {
            let detail = format!("the body is not what this route takes: {error}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        })
    }
}
