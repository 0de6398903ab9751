//! Giving tickets.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::{
    asked::Asked,
    guests::Asker,
    tickets::{COUNT_MAX, GOOD_FOR},
};

/// A ticket.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketJson {
    /// What goes into the query of one request, as `ticket`.
    ticket: String,
    /// For how many seconds it is good.
    seconds: u64,
}

/// Gives a ticket for following
///
/// For one request to follow channels, with `ticket=` in its query, within a minute: for browsers'
/// `EventSource`, which cannot send a token. It is good for what its maker may do.
#[utoipa::path(
    post, path = "/v1/tickets", operation_id = "give_ticket", tag = "messages",
    responses(
        (status = 201, description = "The ticket", body = TicketJson),
        (status = 503, description = "10,000 others were given and not used"),
    )
)]
pub(crate) async fn give(
    State(asked): State<Arc<Asked>>,
    Extension(asker): Extension<Asker>,
) -> Result<(StatusCode, Json<TicketJson>), Problem> {
    let ticket = asked.tickets.give(asker).ok_or_else(|| {
        let detail = format!("{COUNT_MAX} tickets were given and not used; try again later");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    Ok((StatusCode::CREATED, Json(TicketJson { ticket, seconds: GOOD_FOR.as_secs() })))
}
