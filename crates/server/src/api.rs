//! The HTTP API: what an application in any language does with the server.
//!
//! One router says which routes there are and what each takes and gives; the OpenAPI document is
//! made of it. Every handler is a few words to the [`Handle`](crate::Handle).

mod accept;
mod asker;
mod asking;
mod browser;
mod cors;
mod document;
mod key;
mod large;
mod lists;
mod names;
mod object;
mod page;
mod problem;
mod refusal;
mod shown;
mod take;
mod until_ended;
mod whole;

mod access;
mod backlog;
mod channels;
mod clients;
mod configuration;
mod counts;
mod events;
mod follow;
mod history;
mod nodes;
mod post;
mod publish;
mod session;
mod tail;
mod tickets;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware::from_fn_with_state,
    routing::get,
};
use rialto_config::ApiRight;
use utoipa::{OpenApi as _, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::asked::Asked;

use self::{document::Head, key::Guard, names::Names};

pub(crate) use self::{key::refuse_stranger, problem::Problem};

/// Makes the router of all routes, and of the document about them.
pub(crate) fn router(asked: &Arc<Asked>) -> Router {
    let (router, document) = routes_and_document(asked);
    let document = Arc::new(document);
    let router = router.route("/openapi.json", get(move || async move { Json(document) }));
    router
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(take::BODY_BYTES_MAX))
        .layer(cors::layer(asked))
}

fn routes_and_document(asked: &Arc<Asked>) -> (Router, Document) {
    let named = |mut routes: OpenApiRouter<Arc<Asked>>| {
        let names = Names::of(routes.get_openapi_mut());
        routes.layer(from_fn_with_state(names, names::check))
    };
    let guarded = |routes, right, admits_clients| {
        let routes = named(routes);
        let guard = Guard { asked: asked.clone(), right, admits_clients };
        routes.layer(from_fn_with_state(guard, key::check))
    };
    // Whoever signs in has no right yet.
    let session =
        OpenApiRouter::new().routes(routes!(session::show, session::sign_in, session::sign_out));
    let publish = OpenApiRouter::new()
        .routes(routes!(publish::publish))
        .routes(routes!(publish::publish_batch));
    let post =
        OpenApiRouter::new().routes(routes!(post::publish_to)).routes(routes!(post::put_retained));
    let follow = OpenApiRouter::new()
        .routes(routes!(follow::follow_channel))
        .routes(routes!(follow::follow_channels))
        .routes(routes!(tickets::give));
    let read = OpenApiRouter::new()
        .routes(routes!(clients::list))
        .routes(routes!(clients::show))
        .routes(routes!(clients::subscriptions))
        .routes(routes!(clients::show_ban))
        .routes(routes!(clients::bans))
        .routes(routes!(channels::list))
        .routes(routes!(channels::show))
        .routes(routes!(channels::subscribers))
        .routes(routes!(channels::retained))
        .routes(routes!(channels::history))
        .routes(routes!(backlog::backlog))
        .routes(routes!(channels::stats))
        .routes(routes!(access::test))
        .routes(routes!(configuration::configuration))
        .routes(routes!(counts::counts))
        .routes(routes!(history::stats_history))
        .routes(routes!(nodes::nodes))
        .routes(routes!(events::events))
        .routes(routes!(tail::tail));
    let manage = OpenApiRouter::new()
        .routes(routes!(clients::subscribe, clients::unsubscribe))
        .routes(routes!(clients::disconnect))
        .routes(routes!(clients::forget))
        .routes(routes!(channels::remove_retained))
        .routes(routes!(backlog::purge))
        .routes(routes!(clients::ban, clients::unban))
        .routes(routes!(clients::revoke_tokens))
        .routes(routes!(clients::sign_token));
    let (router, mut document) = OpenApiRouter::with_openapi(Head::openapi())
        .merge(named(session))
        .merge(guarded(publish, ApiRight::Publish, false))
        .merge(guarded(post, ApiRight::Publish, true))
        .merge(guarded(follow, ApiRight::Read, true))
        .merge(guarded(read, ApiRight::Read, false))
        .merge(guarded(manage, ApiRight::Manage, false))
        .with_state(asked.clone())
        .split_for_parts();
    document::complete(&mut document);
    (router, document)
}

async fn unknown(uri: Uri) -> Problem {
    let detail = format!("there is nothing at {}; /openapi.json lists what there is", uri.path());
    Problem::new(StatusCode::NOT_FOUND, detail)
}

async fn not_allowed() -> Problem {
    let detail = "this route does not take that method; /openapi.json lists those it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
