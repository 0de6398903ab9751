//! Who may use the API: keys, and what each is good for.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, Method, StatusCode, Uri,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use rialto_config::{ApiKey, ApiRight, Settings};
use subtle::ConstantTimeEq as _;

use super::{
    asking::{Asking, Terms},
    problem::Problem,
};
use crate::{
    asked::Asked,
    audit::{Details, Event, Reason},
    entrance::{Entrance, Origin},
};

const NO_KEYS: &str = "the API is closed: set a key for it in the server's settings, such as \
                       [[api.keys]] name = \"app\", key = \"at least 16 bytes that nobody can guess\"";
const NO_KEY: &str = "send a key, as Authorization: Bearer KEY or as X-API-Key: KEY";

/// What stands before routes that need a right.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) asked: Arc<Asked>,
    pub(crate) right: ApiRight,
}

/// Whether the key of a request is good for the payloads of messages as they pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct MayInspect(pub(super) bool);

/// Lets a request through whose key is good for it.
pub(crate) async fn check(
    State(guard): State<Guard>,
    Extension(peer): Extension<SocketAddr>,
    Extension(entrance): Extension<Arc<Entrance>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = Origin { entrance: &entrance, address: peer };
    let settings = guard.asked.handle.settings();
    let key = match guard.key(&settings, request.headers()) {
        Ok(key) => key,
        Err(refusal) => {
            guard.note(&refusal, origin, (request.method(), request.uri()));
            return guard.refuse(&refusal, origin).await;
        }
    };
    let asked = Asking::new(key.name.clone(), peer.ip(), &path, &request);
    request.extensions_mut().insert(MayInspect(key.allow.contains(&ApiRight::Inspect)));
    let response = next.run(request).await;
    if response.status().is_success() {
        let terms = response.extensions().get::<Terms>().cloned().unwrap_or_default();
        asked.note_done(guard.right, &terms);
    }
    response
}

/// Refuses what only shows the server to somebody who is neither on this machine nor has a key that may
/// read; `None` where it may be shown.
pub(crate) async fn refuse_stranger(
    asked: &Arc<Asked>,
    origin: Origin<'_>,
    request: &Parts,
) -> Option<Response> {
    if origin.address.ip().to_canonical().is_loopback() {
        return None;
    }
    let guard = Guard { asked: asked.clone(), right: ApiRight::Read };
    let refusal = guard.key(&asked.handle.settings(), &request.headers).err()?;
    guard.note(&refusal, origin, (&request.method, &request.uri));
    Some(guard.refuse(&refusal, origin).await)
}

/// Why a key does not do.
enum Refusal {
    /// There are none.
    Closed,
    /// None was sent.
    NoKey,
    /// It is nobody's.
    Unknown,
    /// Whose it is, which may not do this.
    MissingRight(String),
}

impl Guard {
    fn key<'a>(&self, settings: &'a Settings, headers: &HeaderMap) -> Result<&'a ApiKey, Refusal> {
        if settings.api.keys.is_empty() {
            return Err(Refusal::Closed);
        }
        let shown = shown(headers).ok_or(Refusal::NoKey)?;
        let key = find(settings, shown).ok_or(Refusal::Unknown)?;
        if key.allow.contains(&self.right) {
            Ok(key)
        } else {
            Err(Refusal::MissingRight(key.name.clone()))
        }
    }

    fn note(&self, refusal: &Refusal, origin: Origin<'_>, (method, uri): (&Method, &Uri)) {
        let details = refusal.details(self.right);
        self.asked.handle.hub().audit.refused(origin, (Event::Api, details.reason), || {
            details.detail(&format!("{method} {}", uri.path()))
        });
    }

    async fn refuse(&self, refusal: &Refusal, origin: Origin<'_>) -> Response {
        let authorizer = &self.asked.handle.hub().authorizer;
        // Whoever has a key is not kept waiting by those who guess.
        if let Refusal::Unknown = refusal {
            authorizer.slow_down_wrong_key(origin).await;
        }
        refusal.answer(self.right)
    }
}

impl Refusal {
    fn details(&self, right: ApiRight) -> Details {
        match self {
            Refusal::Closed => Details::new(Reason::ClosedApi).rule("api.keys"),
            Refusal::NoKey => Details::new(Reason::NoKey),
            Refusal::Unknown => Details::new(Reason::WrongKey),
            Refusal::MissingRight(name) => {
                Details::new(Reason::MissingRight).rule(format!("{name} {}", right.as_str()))
            }
        }
    }

    fn answer(&self, right: ApiRight) -> Response {
        let unauthorized = |detail| {
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
        }
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok())
}

/// Finds a key. All are compared, so that the time taken tells nothing of which was near.
fn find<'a>(settings: &'a Settings, shown: &str) -> Option<&'a ApiKey> {
    settings.api.keys.iter().fold(None, |found, key| {
        let is_it = bool::from(key.key.expose().as_bytes().ct_eq(shown.as_bytes()));
        if is_it { Some(key) } else { found }
    })
}
