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

const FORM_BODY: &str = "the console sends application/json, which no form can";
const FORGED: &str = "this did not come from a page of the console's own: what changes something needs the field \
                      X-Rialto-CSRF, with the word that /v1/session gives";
const PLAIN: &str = "nobody signs in from another machine without TLS, since whoever reads the network could act \
                     as them: set tls.certificate and tls.key and use https://, or put a proxy that speaks TLS in \
                     front and name it in access.trusted_proxies";
const NO_CREDENTIALS: &str = "show user and password, or token, or key, as a JSON object";
const NO_ROLE: &str = "no role of the console is for any of your groups (console.roles)";
const SIGN_IN: &str = "nobody is signed in to the console here, or not any more";

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
    /// Who has signed in, and in which role, which may not do this.
    MissingRole(String, String),
    /// Nothing was sent where a client has to show something.
    NoClient,
    /// A page of another site acts for somebody who shows nothing.
    ForeignPage,
    /// A ticket that is nobody's any more.
    UsedTicket,
    /// The cookie's sign-in has ended, or it is none.
    EndedSignIn,
    /// A browser asks under a name that is none of the console's; what it is told.
    ForeignHost(String),
    /// A browser may have been made to ask by another page.
    ForgedRequest,
    /// The same, by a form.
    FormBody,
    /// Somebody signs in where others could listen.
    PlainSignIn,
    /// Somebody signs in and shows nothing.
    NoCredentials,
    /// A client without a role in the console signs in.
    NoRole(String),
    /// A client is not let in, of which there is a trace already.
    Client(Reject),
}

impl Refusal {
    /// Returns what the trace of it says, if there is to be one.
    pub(super) fn details(&self, right: ApiRight) -> Option<Details> {
        Some(match self {
            Refusal::Closed => Details::new(Reason::ClosedApi).rule("api.keys"),
            Refusal::NoKey | Refusal::NoClient | Refusal::NoCredentials => {
                Details::new(Reason::NoKey)
            }
            Refusal::Unknown | Refusal::UsedTicket => Details::new(Reason::WrongKey),
            Refusal::MissingRight(name) => {
                Details::new(Reason::MissingRight).rule(format!("{name} {}", right.as_str()))
            }
            Refusal::MissingRole(name, role) => {
                let rule = format!("{role} {}", right.as_str());
                Details::new(Reason::MissingRight).rule(rule).client(name)
            }
            Refusal::ForeignPage => Details::new(Reason::ForeignOrigin).rule("api.cors_origins"),
            Refusal::EndedSignIn => Details::new(Reason::EndedSignIn),
            Refusal::ForeignHost(_) => Details::new(Reason::ForeignHost).rule("console.hosts"),
            Refusal::ForgedRequest | Refusal::FormBody => Details::new(Reason::ForgedRequest),
            Refusal::PlainSignIn => Details::new(Reason::TlsRequired),
            Refusal::NoRole(name) => {
                Details::new(Reason::MissingRight).rule("console.roles").client(name)
            }
            Refusal::Client(_) => return None,
        })
    }

    /// Says whether it is one of whoever shows nothing.
    pub(super) fn is_of_nothing(&self) -> bool {
        matches!(self, Refusal::Closed | Refusal::NoKey | Refusal::NoClient)
    }

    pub(super) fn answer(&self, right: ApiRight) -> Response {
        let unauthorized = |detail: &str| {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response()
        };
        let forbidden = |detail: &str| Problem::new(StatusCode::FORBIDDEN, detail).into_response();
        match self {
            Refusal::EndedSignIn => unauthorized(SIGN_IN),
            Refusal::ForeignHost(detail) => forbidden(detail),
            Refusal::ForgedRequest => forbidden(FORGED),
            Refusal::FormBody => {
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, FORM_BODY).into_response()
            }
            Refusal::PlainSignIn => forbidden(PLAIN),
            Refusal::NoCredentials => unauthorized(NO_CREDENTIALS),
            Refusal::NoRole(_) => forbidden(NO_ROLE),
            Refusal::Closed => Problem::new(StatusCode::FORBIDDEN, NO_KEYS).into_response(),
            Refusal::NoKey => unauthorized(NO_KEY),
            Refusal::Unknown => unauthorized("this key is not known"),
            Refusal::MissingRight(name) => {
                let right = right.as_str();
                let detail = format!("the key {name:?} does not allow {right:?} (api.keys)");
                Problem::new(StatusCode::FORBIDDEN, detail).into_response()
            }
            Refusal::MissingRole(_, role) => {
                let right = right.as_str();
                forbidden(&format!("your role {role:?} does not allow {right:?} (console.roles)"))
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
