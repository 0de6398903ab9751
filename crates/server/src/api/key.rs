//! Who may use the API: keys, and what each is good for; and clients, for what they do in other dialects
//! as well.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, request::Parts},
    middleware::Next,
    response::Response,
};
use rialto_config::{ApiKey, ApiRight, Settings};

use super::{
    asker::Visit,
    asking::{Asking, Terms},
    refusal::Refusal,
    shown::{Shown, find_key},
};
use crate::{
    asked::Asked,
    audit::Event,
    authorizer::Caller,
    entrance::{Entrance, IsTls, Origin},
    guests::Asker,
};

/// What stands before routes that need a right.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) asked: Arc<Asked>,
    pub(crate) right: ApiRight,
    /// Whether clients are let through as well.
    pub(crate) admits_clients: bool,
}

/// Whether the key of a request is good for the payloads of messages as they pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct MayInspect(pub(super) bool);

/// Lets a request through whose key is good for it.
pub(crate) async fn check(
    State(guard): State<Guard>,
    Extension(peer): Extension<SocketAddr>,
    Extension(entrance): Extension<Arc<Entrance>>,
    Extension(IsTls(is_tls)): Extension<IsTls>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = Origin { entrance: &entrance, address: peer };
    let settings = guard.asked.handle.settings();
    if guard.admits_clients {
        let visit = Visit { asked: &guard.asked, entrance: &entrance, address: peer, is_tls };
        match visit.asker(&settings, (request.headers(), request.uri())).await {
            // Whoever has a key is judged below.
            Ok(Some(asker)) => {
                request.extensions_mut().insert(asker);
                return next.run(request).await;
            }
            Ok(None) => {}
            Err(refusal) => {
                guard.note(&refusal, origin, (request.method(), request.uri()));
                return guard.refuse(&refusal, origin).await;
            }
        }
    }
    let key = match guard.key(&settings, request.headers()) {
        Ok(key) => key,
        Err(refusal) => {
            guard.note(&refusal, origin, (request.method(), request.uri()));
            return guard.refuse(&refusal, origin).await;
        }
    };
    let asked = Asking::new(key.name.clone(), peer.ip(), &path, &request);
    request.extensions_mut().insert(MayInspect(key.allow.contains(&ApiRight::Inspect)));
    if guard.admits_clients {
        let caller = Arc::new(Caller::by_http(peer, is_tls, entrance.clone()));
        request.extensions_mut().insert(Asker::Key { name: key.name.clone(), caller });
    }
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
    let guard = Guard { asked: asked.clone(), right: ApiRight::Read, admits_clients: false };
    let refusal = guard.key(&asked.handle.settings(), &request.headers).err()?;
    guard.note(&refusal, origin, (&request.method, &request.uri));
    Some(guard.refuse(&refusal, origin).await)
}

impl Guard {
    fn key<'a>(&self, settings: &'a Settings, headers: &HeaderMap) -> Result<&'a ApiKey, Refusal> {
        if settings.api.keys.is_empty() {
            return Err(Refusal::Closed);
        }
        let Shown::Secret(shown) = Shown::of(headers) else { return Err(Refusal::NoKey) };
        let key = find_key(settings, shown).ok_or(Refusal::Unknown)?;
        if key.allow.contains(&self.right) {
            Ok(key)
        } else {
            Err(Refusal::MissingRight(key.name.clone()))
        }
    }

    fn note(&self, refusal: &Refusal, origin: Origin<'_>, (method, uri): (&Method, &Uri)) {
        let Some(details) = refusal.details(self.right) else { return };
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
