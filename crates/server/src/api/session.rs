//! Signing in to the console and out of it.

mod words;

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{StatusCode, header::SET_COOKIE, request::Parts},
    response::{IntoResponse as _, Response},
};
use rialto_access::{Shown as Proof, SignIn};
use rialto_config::{ApiRight, Settings};
use rialto_domain::UnixMs;

use super::{
    browser::{Browser, COOKIE_BYTES_MAX, Visitor},
    problem::Problem,
    refusal::Refusal,
    shown::find_key,
    take::Body,
};
use crate::{
    asked::Asked,
    audit::{Act, Event, act, word},
    authorizer::Caller,
    entrance::{Entrance, IsTls, Origin},
    shield::{NOTHING, cover},
    sign_ins,
};

use self::words::{NewSession, SessionJson};

/// What somebody is called who did not have to sign in.
const NOBODY: &str = "anonymous";

/// How a request came.
struct Came {
    peer: SocketAddr,
    entrance: Arc<Entrance>,
    is_tls: bool,
}

/// A request about a session, and where it came in.
#[derive(Clone, Copy)]
struct Door<'a> {
    browser: Browser<'a>,
    asked: &'a Arc<Asked>,
    origin: Origin<'a>,
    is_tls: bool,
}

/// Why there is no session.
enum Failure {
    Refused(Refusal),
    Told(Problem),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Told(problem)
    }
}

/// Says who is signed in to the console
///
/// By its cookie. In open mode nobody has to sign in who comes from the server's own machine, unless there are keys or
/// roles in the settings: then the answer has a cookie with it.
#[utoipa::path(
    get, path = "/v1/session", operation_id = "show_session", tag = "console", security(("session" = [])),
    responses((status = 200, description = "Who it is, and what that allows", body = SessionJson))
)]
pub(crate) async fn show(State(asked): State<Arc<Asked>>, request: Request) -> Response {
    let settings = asked.handle.settings();
    let (parts, _) = request.into_parts();
    let came = Came::by(&parts);
    let door = came.door((&asked, &settings), &parts);
    door.finish(door.show()).await
}

/// Signs in to the console
///
/// The answer has a cookie that browsers keep and send with every request: it is good on all routes, as a key would be.
/// From another machine this needs TLS.
#[utoipa::path(
    post, path = "/v1/session", operation_id = "sign_in", tag = "console", security(()),
    request_body = NewSession,
    responses((status = 200, description = "Who it is, and what that allows", body = SessionJson))
)]
pub(crate) async fn sign_in(State(asked): State<Arc<Asked>>, request: Request) -> Response {
    let settings = asked.handle.settings();
    let (parts, body) = request.into_parts();
    let came = Came::by(&parts);
    let door = came.door((&asked, &settings), &parts);
    let body = Request::from_parts(parts.clone(), body);
    let signed_in = match door.browser.check_body() {
        Ok(()) => match Body::<NewSession>::from_request(body, &()).await {
            Ok(Body(shown)) => door.sign_in(&shown).await,
            Err(problem) => Err(problem.into()),
        },
        Err(refusal) => Err(refusal.into()),
    };
    door.finish(signed_in).await
}

/// Signs out of the console
///
/// The cookie is worth nothing from then on, wherever it is kept.
#[utoipa::path(
    delete, path = "/v1/session", operation_id = "sign_out", tag = "console", security(("session" = [])),
    responses((status = 204, description = "Nobody is signed in any more"))
)]
pub(crate) async fn sign_out(State(asked): State<Arc<Asked>>, request: Request) -> Response {
    let settings = asked.handle.settings();
    let (parts, _) = request.into_parts();
    let came = Came::by(&parts);
    let door = came.door((&asked, &settings), &parts);
    door.finish(door.sign_out()).await
}

impl Came {
    fn by(parts: &Parts) -> Self {
        let extensions = &parts.extensions;
        let peer = *extensions.get::<SocketAddr>().expect("each request has it");
        let entrance = extensions.get::<Arc<Entrance>>().expect("each request has it").clone();
        let is_tls = extensions.get::<IsTls>().is_some_and(|it| it.0);
        Came { peer, entrance, is_tls }
    }

    fn door<'a>(
        &'a self,
        (asked, settings): (&'a Arc<Asked>, &'a Settings),
        parts: &'a Parts,
    ) -> Door<'a> {
        let browser = Browser::of_parts((asked, settings), self.peer.ip(), parts);
        let origin = Origin { entrance: &self.entrance, address: self.peer };
        Door { browser, asked, origin, is_tls: self.is_tls }
    }
}

impl Door<'_> {
    fn show(&self) -> Result<Response, Failure> {
        let browser = &self.browser;
        match browser.visitor() {
            Ok(Some(visitor)) => {
                let mut response = self.told(&visitor)?;
                let renewal = browser.renewal(&visitor.sign_in).map(|value| (SET_COOKIE, value));
                response.headers_mut().extend(renewal);
                Ok(response)
            }
            Ok(None) | Err(Refusal::EndedSignIn) => {
                if !sign_ins::needs_nothing(browser.settings) {
                    return Err(Refusal::EndedSignIn.into());
                }
                browser.check_page()?;
                if !browser.is_here() {
                    return Err(Refusal::EndedSignIn.into());
                }
                let access = &self.asked.handle.hub().authorizer.access;
                let sign_in = access.sign_in_as(NOBODY, Proof::Nothing, browser.now());
                self.begin(sign_in)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn sign_in(&self, shown: &NewSession) -> Result<Response, Failure> {
        let browser = &self.browser;
        let nothing = || Failure::Refused(Refusal::NoCredentials);
        if shown.user.is_none() && shown.token.is_none() && shown.key.is_none() {
            return Err(nothing());
        }
        browser.check_page()?;
        if !browser.is_private() {
            return Err(Refusal::PlainSignIn.into());
        }
        let sign_in = match (&shown.user, &shown.password, &shown.token, &shown.key) {
            (None, None, None, Some(key)) => self.by_key(key)?,
            (None, None, Some(token), None) => {
                let access = &self.asked.handle.hub().authorizer.access;
                let client = access.client_of(token, browser.now()).ok_or(Refusal::Unknown)?;
                self.by_client(&client, token).await?
            }
            (Some(user), Some(password), None, None) if !password.is_empty() => {
                self.by_client(user, password).await?
            }
            _ => {
                let detail = "show user and password, or token, or key, and none of the others";
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into());
            }
        };
        let address = Some(self.origin.address.ip());
        let response = self.begin(sign_in.clone())?;
        if let Some(sign_in) = &sign_in {
            let reason = Some(sign_in.shown.as_str());
            let user = Some(sign_in.name.as_str());
            act(&Act { event: word::SIGNED_IN, user, address, reason, ..Act::default() });
        }
        Ok(response)
    }

    fn sign_out(&self) -> Result<Response, Failure> {
        let browser = &self.browser;
        let visitor = browser.visitor()?.ok_or(Refusal::EndedSignIn)?;
        let ended = self.asked.sign_ins.end(&visitor.sign_in, browser.now());
        let (user, address) = (Some(visitor.sign_in.name.as_str()), self.origin.address.ip());
        act(&Act { event: word::SIGNED_OUT, user, address: Some(address), ..Act::default() });
        ended.map_err(|error| {
            Problem::unwritten(format!(
                "signed out until the server stops, as that cannot be written down: {error}"
            ))
        })?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().extend(browser.set_cookie("", 0).map(|value| (SET_COOKIE, value)));
        Ok(response)
    }

    fn by_key(&self, key: &str) -> Result<Option<SignIn>, Failure> {
        let access = &self.asked.handle.hub().authorizer.access;
        let found = find_key(self.browser.settings, key).ok_or(Refusal::Unknown)?;
        let mark = access.mark(key).map(Proof::Key);
        Ok(mark.and_then(|mark| access.sign_in_as(&found.name, mark, self.browser.now())))
    }

    async fn by_client(&self, client: &str, secret: &str) -> Result<Option<SignIn>, Failure> {
        let authorizer = &self.asked.handle.hub().authorizer;
        let (peer, entrance) = (self.origin.address, self.origin.entrance.clone());
        let caller = Caller::by_http(peer, self.is_tls, entrance);
        let identity = authorizer.sign_in(&caller, client, secret).await;
        let identity = identity.map_err(Refusal::Client)?;
        let roles = &self.browser.settings.console.roles;
        let wanted: BTreeSet<_> = roles.iter().map(|role| role.group.clone()).collect();
        let sign_in = authorizer.access.sign_in(&identity, &wanted, self.browser.now());
        sign_in.map(Some).ok_or_else(|| Refusal::NoRole(client.to_owned()).into())
    }

    /// Has a sign-in begin, unless it allows nothing.
    fn begin(&self, sign_in: Option<SignIn>) -> Result<Response, Failure> {
        let browser = &self.browser;
        let (access, now) = (&self.asked.handle.hub().authorizer.access, browser.now());
        let unsigned =
            || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot sign a cookie now");
        let sign_in = sign_ins::renewed(browser.settings, &sign_in.ok_or_else(unsigned)?, now);
        let allowed = sign_ins::allowed(browser.settings, access, &sign_in, now);
        let allowed = allowed.ok_or_else(|| Refusal::NoRole(sign_in.name.clone()))?;
        let sealed = access.seal(&sign_in).ok_or_else(unsigned)?;
        if COOKIE_BYTES_MAX < sealed.len() {
            let detail = "the name and groups of this client are too long for a cookie";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into());
        }
        let cookie = browser.set_cookie(&sealed, seconds_until(&sign_in, now));
        let mut response = self.told(&Visitor { sign_in, allowed })?;
        response.headers_mut().extend(cookie.map(|value| (SET_COOKIE, value)));
        Ok(response)
    }

    fn told(&self, Visitor { sign_in, allowed }: &Visitor) -> Result<Response, Failure> {
        let access = &self.asked.handle.hub().authorizer.access;
        let csrf = access.word_against_forgery(sign_in).ok_or(Refusal::EndedSignIn)?;
        let told = SessionJson {
            user: sign_in.name.clone(),
            role: allowed.role.clone(),
            rights: allowed.rights.iter().map(|right| right.as_str()).collect(),
            signed_in_by: sign_in.shown.as_str(),
            expires_ms: sign_in.until,
            csrf,
        };
        Ok(Json(told).into_response())
    }

    /// Answers, and notes what was refused; whoever guesses waits.
    async fn finish(&self, result: Result<Response, Failure>) -> Response {
        let hub = self.asked.handle.hub();
        let mut response = match result {
            Ok(response) => response,
            Err(Failure::Told(problem)) => problem.into_response(),
            Err(Failure::Refused(refusal)) => {
                if let Some(details) = refusal.details(ApiRight::Read) {
                    let (method, path) = (self.browser.method, self.browser.uri.path());
                    hub.audit.refused(self.origin, (Event::Api, details.reason), || {
                        details.detail(&format!("{method} {path}"))
                    });
                }
                if let Refusal::Unknown = refusal {
                    hub.authorizer.slow_down_wrong_key(self.origin).await;
                }
                let mut response = refusal.answer(ApiRight::Read);
                if let Refusal::EndedSignIn = refusal {
                    let forgotten = self.browser.set_cookie("", 0);
                    response.headers_mut().extend(forgotten.map(|value| (SET_COOKIE, value)));
                }
                response
            }
        };
        cover(&mut response, NOTHING);
        response
    }
}

fn seconds_until(sign_in: &SignIn, now: UnixMs) -> u64 {
    sign_in.until.saturating_sub(now) / 1000
}
