//! Answers that may be large: each takes room that all connections share before it is made, and
//! gives it back once it is written or its connection is over.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequestParts, rejection::ExtensionRejection},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::timeout;

use super::problem::Problem;
use crate::{
    answers::{Borrower, FREE_BYTES, Lease},
    asked::Asked,
};

/// Lends room to the connection of a request.
pub(crate) struct Lender {
    asked: Arc<Asked>,
    borrower: Borrower,
}

/// Room for an answer; nothing where a small one is expected.
pub(crate) struct Lent {
    lease: Option<Lease>,
    /// About how large the answer will be.
    bytes: usize,
}

/// An answer, as JSON, that takes room.
pub(crate) struct Large<T>(pub(crate) Lent, pub(crate) T);

/// The text of an answer, with the room that it takes. It is handed out in one piece, which hyper
/// keeps, and does not copy, until it is written: the stream takes what is in several pieces.
struct Held {
    text: Vec<u8>,
    _lease: Lease,
}

impl FromRequestParts<Arc<Asked>> for Lender {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        asked: &Arc<Asked>,
    ) -> Result<Self, ExtensionRejection> {
        let Extension(borrower) = Extension::from_request_parts(parts, asked).await?;
        Ok(Lender { asked: asked.clone(), borrower })
    }
}

impl Lender {
    /// Waits until there is room for an answer of about so many bytes.
    ///
    /// # Errors
    /// When there is none in the time that a request has.
    pub(crate) async fn lend(self, bytes: usize) -> Result<Lent, Problem> {
        if bytes <= FREE_BYTES {
            return Ok(Lent { lease: None, bytes });
        }
        let answers = &self.asked.handle.hub().answers;
        let limit = self.asked.handle.settings().limits.request_timeout.get();
        let Ok(Some(room)) = timeout(limit, answers.take(bytes)).await else {
            let detail = format!(
                "large answers to others left no room for this one within {limit:?} \
                 (limits.request_timeout); try again later"
            );
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        };
        Ok(Lent { lease: Some(answers.lend(room, self.borrower)), bytes })
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl<T: Serialize> IntoResponse for Large<T> {
    fn into_response(self) -> Response {
        let Large(Lent { lease, bytes }, answer) = self;
        let mut text = Vec::with_capacity(bytes);
        if let Err(error) = serde_json::to_writer(&mut text, &answer) {
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
                .into_response();
        }
        let text = match lease {
            Some(lease) if FREE_BYTES < text.len() => {
                Bytes::from_owner(Held { text, _lease: lease })
            }
            _ => text.into(),
        };
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
    }
}
