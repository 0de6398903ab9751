//! Why a request is refused before it is carried out: what the trace says, and what is answered.

use axum::{
    http::{StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse as _, Response},
};
use rialto_config::ApiRight;
use rialto_domain::Reject;

use super::problem::Problem;
use crate::audit::{Details, Reason};

const NO_KEYS: &str = "the API is closed: set a key for it in the server's settings, such as \
                       [[api.keys]] name = \"app\", key = \"at least 16 bytes that nobody can guess\"";
const NO_KEY: &str = "send a key, as Authorization: Bearer KEY or as X-API-Key: KEY";
const NO_CLIENT: &str = "send a key or a client's token, as Authorization: Bearer TOKEN, or the id and token or \
                         password of a client, as curl -u ID:TOKEN does";
const FOREIGN_PAGE: &str = "pages of other sites may not act without a key or token; api.cors_origins names \
                            those that may";

/// Why a key, or what a client shows, does not do.
pub(super) enum Refusal {
    /// There are none.
    Closed,
    /// None was sent.
    NoKey,
    /// It is nobody's.
    Unknown,
    /// Whose it is, which may not do this.
    MissingRight(String),
    /// Nothing was sent where a client has to show something.
    NoClient,
    /// A page of another site acts for somebody who shows nothing.
    ForeignPage,
    /// A ticket that is nobody's any more.
    UsedTicket,
    /// A client is not let in, of which there is a trace already.
    Client(Reject),
}

impl Refusal {
    /// Returns what the trace of it says, if there is to be one.
    pub(super) fn details(&self, right: ApiRight) -> Option<Details> {
        Some(match self {
            Refusal::Closed => Details::new(Reason::ClosedApi).rule("api.keys"),
            Refusal::NoKey | Refusal::NoClient => Details::new(Reason::NoKey),
            Refusal::Unknown | Refusal::UsedTicket => Details::new(Reason::WrongKey),
            Refusal::MissingRight(name) => {
                Details::new(Reason::MissingRight).rule(format!("{name} {}", right.as_str()))
            }
            Refusal::ForeignPage => Details::new(Reason::ForeignOrigin).rule("api.cors_origins"),
            Refusal::Client(_) => return None,
        })
    }

    pub(super) fn answer(&self, right: ApiRight) -> Response {
        let unauthorized = |detail: &str| {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response()
        };
        match self {
            Refusal::Closed => Problem::new(StatusCode::FORBIDDEN, NO_KEYS).into_response(),
            Refusal::NoKey => unauthorized(NO_KEY),
            Refusal::Unknown => unauthorized("this key is not known"),
            Refusal::MissingRight(name) => {
                let right = right.as_str();
                let detail = format!("the key {name:?} does not allow {right:?} (api.keys)");
                Problem::new(StatusCode::FORBIDDEN, detail).into_response()
            }
            Refusal::NoClient => unauthorized(NO_CLIENT),
            Refusal::ForeignPage => {
                Problem::new(StatusCode::FORBIDDEN, FOREIGN_PAGE).into_response()
            }
            Refusal::UsedTicket => unauthorized("this ticket was used, or is too old"),
            Refusal::Client(Reject::InvalidToken | Reject::Failed(_)) => {
                unauthorized("what was sent is not the token or password of this client")
            }
            Refusal::Client(reject) => Problem::from(reject.clone()).into_response(),
        }
    }
}
