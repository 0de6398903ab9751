//! Errors of the API, as RFC 9457 has them.

use axum::{
    Json,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use rialto_domain::Reject;
use serde::Serialize;
use utoipa::ToSchema;

use crate::handle::PublishError;

/// How a problem is marked.
pub(super) const PROBLEM_TYPE: &str = "application/problem+json";

/// What went wrong, why, and what to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always "about:blank": the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }

    /// Says first what it is about.
    pub(crate) fn about(self, what: &str) -> Self {
        Problem { detail: format!("{what}: {}", self.detail), ..self }
    }

    pub(crate) fn unknown_client(client: &str) -> Self {
        Problem::new(StatusCode::NOT_FOUND, format!("no client {client:?} is known"))
    }

    pub(crate) fn not_banned(client: &str) -> Self {
        Problem::new(StatusCode::NOT_FOUND, format!("the client {client:?} is not banned"))
    }

    pub(crate) fn unknown_channel(channel: &str) -> Self {
        Problem::new(StatusCode::NOT_FOUND, format!("no channel {channel:?} is in use"))
    }

    pub(crate) fn unknown_retained(channel: &str) -> Self {
        let detail = format!("the channel {channel:?} has no retained message");
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// Something could not be written down, as the detail says.
    pub(crate) fn unwritten(error: String) -> Self {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, PROBLEM_TYPE)];
        (status, headers, Json(self)).into_response()
    }
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        let status = match &reject {
            Reject::Denied(_) | Reject::WithStatus { .. } | Reject::NotAllowed => {
                StatusCode::FORBIDDEN
            }
            Reject::ClientOffline => StatusCode::CONFLICT,
            Reject::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
            Reject::RetainedFull => StatusCode::INSUFFICIENT_STORAGE,
            Reject::LogFull | Reject::StoreUnavailable | Reject::Undecided => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Reject::InvalidPacket
            | Reject::InvalidToken
            | Reject::Failed(_)
            | Reject::PayloadTooLarge { .. }
            | Reject::InvalidChannel
            | Reject::ChannelNameTooLong { .. }
            | Reject::TooManySubscriptions { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let more = match reject {
            Reject::ClientOffline => "; a QoS 1 message to a client that is known is kept for it",
            _ => "",
        };
        Problem::new(status, format!("{reject}{more}"))
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Rejected(reject) => reject.into(),
            error => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        }
    }
}
