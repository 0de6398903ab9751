//! Clients by HTTP: who is there, and what is done about them.

mod words;

use std::{sync::Arc, time::Duration};

use axum::{Extension, Json, extract::State, http::StatusCode};
use tokio::task;

use super::{
    asking::Terms,
    large::{Large, Lender},
    lists::{self, AsOf},
    problem::Problem,
    take::{Body, Path, Query},
};
use crate::{asked::Asked, census::list_clients};

use self::words::{
    BAN_SECONDS_MAX, BanJson, BansJson, ClientJson, ClientsPage, ClientsQuery, Disconnecting,
    ListedSubscription, NewBan, SubscriptionJson, SubscriptionsJson, TokenJson,
};

/// What a subscription takes in a list of them, besides its channel's name.
const SUBSCRIPTION_BYTES: usize = 72;
/// What a ban takes in a list of them, besides its client and its reason.
const BAN_BYTES: usize = 64;

/// Lists clients
#[utoipa::path(
    get, path = "/v1/clients", operation_id = "list_clients", tag = "clients", params(ClientsQuery),
    responses(
        (status = 200, description = "A page of them", body = ClientsPage),
        (status = 422, description = "after is not of a page in this order"),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn list(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Query(query): Query<ClientsQuery>,
) -> Result<Large<ClientsPage>, Problem> {
    let lent = lender.lend(query.limit.bytes()).await?;
    let wish = query.wish()?;
    let order = wish.wish.order;
    let tally = &asked.census.clients;
    let snapshot = tally.snapshot(&wish.wish).await;
    let as_of = AsOf::new(&snapshot);
    let hub = tally.hub().clone();
    let listing = task::spawn_blocking(move || list_clients(&hub, &snapshot, &wish));
    let list = listing.await.expect("listing does not panic");
    let clients = list.clients.into_iter().map(ClientJson::new).collect();
    let (next, total) = (lists::next(list.next.as_ref(), order), list.total);
    Ok(Large(lent, ClientsPage { clients, total, as_of, next }))
}

/// Shows a client: whether it is online, and when it was seen last
#[utoipa::path(
    get, path = "/v1/clients/{client}", operation_id = "show_client", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 200, description = "What is known of it", body = ClientJson),
        (status = 404, description = "No such client is known"),
    )
)]
pub(crate) async fn show(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<Json<ClientJson>, Problem> {
    let status = asked.handle.client(&client).ok_or_else(|| Problem::unknown_client(&client))?;
    let numbers = asked.census.clients.numbers_of(&client);
    let hub = asked.handle.hub();
    let session = hub.show_client_session(&client).map(|(report, _)| report);
    Ok(Json(ClientJson::new((status, numbers)).with_session(session, hub.now().unix_ms)))
}

/// Lists what a client is subscribed to
#[utoipa::path(
    get, path = "/v1/clients/{client}/subscriptions", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 200, description = "The channels", body = SubscriptionsJson),
        (status = 404, description = "No such client is known"),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn subscriptions(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Path(client): Path<String>,
) -> Result<Large<SubscriptionsJson>, Problem> {
    let subscriptions = listed_subscriptions(&asked, &client);
    let subscriptions = subscriptions.ok_or_else(|| Problem::unknown_client(&client))?;
    let bytes = subscriptions.iter().map(|it| SUBSCRIPTION_BYTES + it.channel.len()).sum();
    let lent = lender.lend(bytes).await?;
    Ok(Large(lent, SubscriptionsJson { subscriptions }))
}

fn listed_subscriptions(asked: &Asked, client: &str) -> Option<Vec<ListedSubscription>> {
    let hub = asked.handle.hub();
    if let Some(counts) = hub.walk_subscriptions(client) {
        return Some(counts.into_iter().map(ListedSubscription::from).collect());
    }
    let stored = hub.archive.subscriptions(client)?.into_iter();
    let listed =
        |channel| ListedSubscription { channel, persistent: true, lag: None, unacknowledged: None };
    Some(stored.map(listed).collect())
}

/// Subscribes a client, whatever its rights are
#[utoipa::path(
    post, path = "/v1/clients/{client}/subscriptions", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    request_body = SubscriptionJson,
    responses(
        (status = 204, description = "It is subscribed"),
        (status = 409, description = "The client is not connected and the subscription is not persistent"),
        (status = 503, description = "The subscription cannot be stored now"),
    )
)]
pub(crate) async fn subscribe(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
    Body(subscription): Body<SubscriptionJson>,
) -> Result<(StatusCode, Extension<Terms>), Problem> {
    let SubscriptionJson { channel, persistent } = subscription;
    asked.handle.subscribe(&client, &channel, persistent).await?;
    Ok((StatusCode::NO_CONTENT, Extension(Terms::of_channel(channel))))
}

/// Ends a subscription of a client
#[utoipa::path(
    delete, path = "/v1/clients/{client}/subscriptions", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    request_body = SubscriptionJson,
    responses(
        (status = 204, description = "It is not subscribed any more"),
        (status = 409, description = "The client is not known"),
        (status = 503, description = "The store cannot forget it now"),
    )
)]
pub(crate) async fn unsubscribe(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
    Body(subscription): Body<SubscriptionJson>,
) -> Result<(StatusCode, Extension<Terms>), Problem> {
    asked.handle.unsubscribe(&client, &subscription.channel).await?;
    Ok((StatusCode::NO_CONTENT, Extension(Terms::of_channel(subscription.channel))))
}

/// Ends a client's connection; it may come back at once
#[utoipa::path(
    post, path = "/v1/clients/{client}/disconnect", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    request_body = Disconnecting,
    responses(
        (status = 204, description = "It is closed"),
        (status = 404, description = "The client is not connected"),
    )
)]
pub(crate) async fn disconnect(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
    Body(Disconnecting { reason }): Body<Disconnecting>,
) -> Result<(StatusCode, Extension<Terms>), Problem> {
    if asked.handle.disconnect(&client) {
        return Ok((StatusCode::NO_CONTENT, Extension(Terms { reason, ..Terms::default() })));
    }
    let detail = format!("the client {client:?} is not connected");
    Err(Problem::new(StatusCode::NOT_FOUND, detail))
}

/// Forgets a client
///
/// Its session ends; its persistent subscriptions and all that is stored for it, direct messages
/// included, are gone for good once this is answered. Its tokens stay valid: it may come back as a
/// new client.
#[utoipa::path(
    delete, path = "/v1/clients/{client}", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 404, description = "The client is not known"),
        (status = 503, description = "The store cannot forget it now; it will"),
    )
)]
pub(crate) async fn forget(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<StatusCode, Problem> {
    match asked.handle.forget(&client).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::unknown_client(&client)),
    }
}

/// Sends a client away and does not let it in again
#[utoipa::path(
    post, path = "/v1/clients/{client}/ban", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    request_body = NewBan,
    responses(
        (status = 204, description = "It is banned"),
        (status = 503, description = "The ban cannot be written down"),
    )
)]
pub(crate) async fn ban(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
    Body(ban): Body<NewBan>,
) -> Result<(StatusCode, Extension<Terms>), Problem> {
    let seconds = ban.seconds.map(|seconds| seconds.0);
    if seconds.is_some_and(|seconds| BAN_SECONDS_MAX < seconds) {
        let detail = format!(
            "seconds may be {BAN_SECONDS_MAX}, a hundred years; without it a ban has no end"
        );
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let lasts = seconds.map(Duration::from_secs);
    asked.handle.ban(&client, lasts, &ban.reason).map_err(Problem::unwritten)?;
    Ok((
        StatusCode::NO_CONTENT,
        Extension(Terms { reason: Some(ban.reason), seconds, ..Terms::default() }),
    ))
}

/// Lifts a ban
#[utoipa::path(
    delete, path = "/v1/clients/{client}/ban", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 204, description = "It is lifted"),
        (status = 404, description = "The client is not banned"),
        (status = 503, description = "That cannot be written down"),
    )
)]
pub(crate) async fn unban(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<StatusCode, Problem> {
    if asked.handle.unban(&client).map_err(Problem::unwritten)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_banned(&client))
}

/// Shows the ban of a client
#[utoipa::path(
    get, path = "/v1/clients/{client}/ban", operation_id = "show_ban", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 200, description = "Why it is banned, and until when", body = BanJson),
        (status = 404, description = "The client is not banned"),
    )
)]
pub(crate) async fn show_ban(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<Json<BanJson>, Problem> {
    let ban = asked.handle.ban_of(&client).map(|ban| Json(ban.into()));
    ban.ok_or_else(|| Problem::not_banned(&client))
}

/// Lists who is banned
#[utoipa::path(
    get, path = "/v1/bans", tag = "clients",
    responses(
        (status = 200, description = "All of them", body = BansJson),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn bans(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
) -> Result<Large<BansJson>, Problem> {
    let bans = asked.handle.bans().into_iter();
    let bytes = bans.map(|ban| BAN_BYTES + ban.client.len() + ban.reason.len()).sum();
    let lent = lender.lend(bytes).await?;
    let bans = asked.handle.bans().into_iter();
    Ok(Large(lent, BansJson { bans: bans.map(BanJson::from).collect() }))
}

/// Ends all tokens that a client was given until now
#[utoipa::path(
    post, path = "/v1/clients/{client}/revoke-tokens", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 204, description = "They open nothing any more"),
        (status = 503, description = "That cannot be written down"),
    )
)]
pub(crate) async fn revoke_tokens(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<StatusCode, Problem> {
    asked.handle.revoke_tokens(&client).map_err(Problem::unwritten)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs a token that opens a client's sessions
#[utoipa::path(
    post, path = "/v1/clients/{client}/token", tag = "clients",
    params(("client" = String, Path, min_length = 1, description = "Its id, percent-encoded")),
    responses(
        (status = 200, description = "The token", body = TokenJson),
        (status = 422, description = "The id is too long for a client"),
    )
)]
pub(crate) async fn sign_token(
    State(asked): State<Arc<Asked>>,
    Path(client): Path<String>,
) -> Result<Json<TokenJson>, Problem> {
    let token = asked
        .handle
        .sign_token(&client)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    Ok(Json(TokenJson { client, token }))
}
