//! What a reader of an answer that goes on can read.

use axum::http::{HeaderMap, header::ACCEPT};

/// Says whether a reader wants Server-Sent Events, as browsers do; the others get lines of JSON.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(','));
    kinds.any(|kind| {
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/event-stream")
    })
}
