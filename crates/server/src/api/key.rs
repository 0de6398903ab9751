//! Who may use the API: keys, and what each is good for; and clients, for what they do in other dialects
//! as well.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, header::SET_COOKIE, request::Parts},
    middleware::Next,
    response::Response,
};
use rialto_config::{ApiKey, ApiRight, Settings};

use super::{
    asker::Visit,
    asking::{Asking, By, Terms},
    browser::{Browser, Visitor},
    refusal::Refusal,
    shown::{Shown, find_key, ticket},
    until_ended::until_ended,
};
use crate::{
    asked::Asked,
    audit::Event,
    authorizer::Caller,
    entrance::{Entrance, IsSecure, IsTls, Origin},
    guests::Asker,
    shield::{NOTHING, cover},
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
    let ended = match guard.visitor(&settings, peer, &request) {
        Ok(Some(visitor)) => {
            return guard.serve(visitor, origin, is_tls, (path, request, next)).await;
        }
        Ok(None) => None,
        // Somebody who needs to show nothing, or has a ticket, may come with a cookie that is worth nothing.
        Err(Refusal::EndedSignIn) => Some(Refusal::EndedSignIn),
        Err(refusal) => {
            guard.note(&refusal, origin, (request.method(), request.uri()));
            return guard.refuse(&refusal, origin).await;
        }
    };
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
                let refusal = ended.filter(|_| refusal.is_of_nothing()).unwrap_or(refusal);
                guard.note(&refusal, origin, (request.method(), request.uri()));
                return guard.refuse(&refusal, origin).await;
            }
        }
    }
    let key = match guard.key(&settings, request.headers()) {
        Ok(key) => key,
        Err(refusal) => {
            let refusal = ended.filter(|_| refusal.is_of_nothing()).unwrap_or(refusal);
            guard.note(&refusal, origin, (request.method(), request.uri()));
            return guard.refuse(&refusal, origin).await;
        }
    };
    let asked = Asking::new(By::Key(key.name.clone()), peer.ip(), &path, &request);
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
/// read, nor has signed in to the console; `None` where it may be shown.
pub(crate) async fn refuse_stranger(
    asked: &Arc<Asked>,
    origin: Origin<'_>,
    request: &Parts,
) -> Option<Response> {
    if origin.address.ip().to_canonical().is_loopback() {
        return None;
    }
    let settings = asked.handle.settings();
    let browser = Browser::of_parts((asked, &settings), origin.address.ip(), request);
    if let Ok(Some(visitor)) = browser.visitor()
        && visitor.allowed.rights.contains(&ApiRight::Read)
    {
        return None;
    }
    let guard = Guard { asked: asked.clone(), right: ApiRight::Read, admits_clients: false };
    let refusal = guard.key(&settings, &request.headers).err()?;
    guard.note(&refusal, origin, (&request.method, &request.uri));
    Some(guard.refuse(&refusal, origin).await)
}

impl Guard {
    /// Returns who asks by the cookie of the console.
    fn visitor(
        &self,
        settings: &Settings,
        peer: SocketAddr,
        request: &Request,
    ) -> Result<Option<Visitor>, Refusal> {
        if self.admits_clients && ticket(request.uri()).is_some() {
            return Ok(None);
        }
        let browser = Browser {
            asked: &self.asked,
            settings,
            address: peer.ip(),
            is_secure: request.extensions().get::<IsSecure>().is_some_and(|it| it.0),
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
        };
        browser.visitor()
    }

    /// Serves somebody who has signed in, as the bearer of a key would be; each act is told of, whatever comes of
    /// it.
    async fn serve(
        &self,
        visitor: Visitor,
        origin: Origin<'_>,
        is_tls: bool,
        (path, mut request, next): (MatchedPath, Request, Next),
    ) -> Response {
        let Visitor { sign_in, allowed } = visitor;
        if !allowed.rights.contains(&self.right) {
            let refusal = Refusal::MissingRole(sign_in.name, allowed.role);
            self.note(&refusal, origin, (request.method(), request.uri()));
            let mut response = self.refuse(&refusal, origin).await;
            cover(&mut response, NOTHING);
            return response;
        }
        let by = By::User { name: sign_in.name.clone(), role: allowed.role };
        let asking = Asking::new(by, origin.address.ip(), &path, &request);
        let renewal = {
            let settings = self.asked.handle.settings();
            let (method, uri, headers) = (request.method(), request.uri(), request.headers());
            let (address, is_secure) = (origin.address.ip(), is_tls);
            let asked = &*self.asked;
            let settings = &*settings;
            Browser { asked, settings, address, is_secure, method, uri, headers }.renewal(&sign_in)
        };
        request.extensions_mut().insert(MayInspect(allowed.rights.contains(&ApiRight::Inspect)));
        if self.admits_clients {
            let (peer, entrance) = (origin.address, origin.entrance.clone());
            let caller = Arc::new(Caller::by_http(peer, is_tls, entrance));
            request.extensions_mut().insert(Asker::Key { name: sign_in.name.clone(), caller });
        }
        let mut response = next.run(request).await;
        let terms = response.extensions().get::<Terms>().cloned().unwrap_or_default();
        asking.note_answered(self.right, &terms, response.status());
        cover(&mut response, NOTHING);
        response.headers_mut().extend(renewal.map(|value| (SET_COOKIE, value)));
        until_ended(response, (&self.asked, &sign_in), self.right)
    }

    fn key<'a>(&self, settings: &'a Settings, headers: &HeaderMap) -> Result<&'a ApiKey, Refusal> {
        let shown = Shown::of(headers);
        if settings.api.keys.is_empty() {
            // A page of the console is to have somebody sign in, which tools cannot.
            let is_page = headers.get("sec-fetch-site").is_some_and(|it| it == "same-origin");
            return Err(if is_page && shown == Shown::Nothing {
                Refusal::EndedSignIn
            } else {
                Refusal::Closed
            });
        }
        let Shown::Secret(shown) = shown else { return Err(Refusal::NoKey) };
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
