//! The HTTP API: what an application in any language does with the server.
//!
//! One router says which routes there are and what each takes and gives; the OpenAPI document is
//! made of it. Every handler is a few words to the [`Handle`](crate::Handle).

mod body;
mod channels;
mod clients;
mod key;
mod problem;
mod publish;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware::from_fn_with_state,
    routing::get,
};
use rialto_config::ApiRight;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::Asked;

use self::key::Guard;

pub(crate) use self::problem::Problem;

/// Most bytes of a request, large enough for a batch of messages.
const BODY_BYTES_MAX: usize = 16 << 20;

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Rialto", description = "Publish, ask and manage clients of a Rialto server."),
    modifiers(&Keys),
    security(("bearer" = []), ("key" = []))
)]
struct Head;

/// The two ways to show a key.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("key", SecurityScheme::ApiKey(header));
    }
}

/// Makes the router of all routes, and of the document about them.
pub(crate) fn router(asked: &Arc<Asked>) -> Router {
    let (router, document) = routes_and_document(asked);
    let document = Arc::new(document);
    let router = router.route("/openapi.json", get(move || async move { Json(document) }));
    router
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

fn routes_and_document(asked: &Arc<Asked>) -> (Router, Document) {
    let guarded = |routes: OpenApiRouter<Arc<Asked>>, right| {
        routes.layer(from_fn_with_state(Guard { asked: asked.clone(), right }, key::check))
    };
    let publish = OpenApiRouter::new()
        .routes(routes!(publish::publish))
        .routes(routes!(publish::publish_batch));
    let read = OpenApiRouter::new()
        .routes(routes!(clients::list))
        .routes(routes!(clients::show))
        .routes(routes!(clients::subscriptions))
        .routes(routes!(clients::bans))
        .routes(routes!(channels::list))
        .routes(routes!(channels::show))
        .routes(routes!(channels::retained))
        .routes(routes!(channels::history))
        .routes(routes!(channels::stats));
    let manage = OpenApiRouter::new()
        .routes(routes!(clients::subscribe, clients::unsubscribe))
        .routes(routes!(clients::disconnect))
        .routes(routes!(clients::ban, clients::unban))
        .routes(routes!(clients::revoke_tokens))
        .routes(routes!(clients::sign_token));
    OpenApiRouter::with_openapi(Head::openapi())
        .merge(guarded(publish, ApiRight::Publish))
        .merge(guarded(read, ApiRight::Read))
        .merge(guarded(manage, ApiRight::Manage))
        .with_state(asked.clone())
        .split_for_parts()
}

async fn unknown(uri: Uri) -> Problem {
    let detail = format!("there is nothing at {}; /openapi.json lists what there is", uri.path());
    Problem::new(StatusCode::NOT_FOUND, detail)
}

async fn not_allowed() -> Problem {
    let detail = "this route does not take that method; /openapi.json lists those it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
