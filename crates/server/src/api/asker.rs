//! Who publishes and follows by HTTP: whoever has a key, or a client, by what it shows; in open mode a
//! client that shows nothing as well.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, HeaderName, Uri, header::ORIGIN};
use rialto_config::Settings;
use rialto_domain::ClientId;

use super::{
    browser::SITE,
    refusal::Refusal,
    shown::{Shown, find_key, ticket},
};
use crate::{
    asked::Asked,
    authorizer::Caller,
    entrance::Entrance,
    guests::{Asker, Guest},
    http_host::Host,
};

/// What a client is called that says nothing of itself.
const NOBODY: &str = "anonymous";

/// A request whose sender is looked for.
pub(super) struct Visit<'a> {
    pub(super) asked: &'a Asked,
    pub(super) entrance: &'a Arc<Entrance>,
    pub(super) address: SocketAddr,
    pub(super) is_tls: bool,
}

impl Visit<'_> {
    /// Returns the client that asks; `None` where it is for a key to say what may be done.
    pub(super) async fn asker(
        &self,
        settings: &Settings,
        (headers, uri): (&HeaderMap, &Uri),
    ) -> Result<Option<Asker>, Refusal> {
        let authorizer = &self.asked.handle.hub().authorizer;
        let (client, secret) = match Shown::of(headers) {
            Shown::Secret(secret) if find_key(settings, secret).is_some() => return Ok(None),
            Shown::Secret(secret) => {
                let now = self.asked.handle.hub().now().unix_ms;
                let client = authorizer.access.client_of(secret, now).ok_or(Refusal::Unknown)?;
                (client, secret.to_owned())
            }
            Shown::Client(client, secret) => (client, secret),
            Shown::Nothing => {
                if let Some(ticket) = ticket(uri) {
                    let asker = self.asked.tickets.take(&ticket).ok_or(Refusal::UsedTicket)?;
                    return Ok(Some(asker));
                }
                (NOBODY.to_owned(), String::new())
            }
        };
        if secret.is_empty() {
            let now = self.asked.handle.hub().now().unix_ms;
            authorizer.access.anybody(&client, now).ok_or(Refusal::NoClient)?;
            // Somebody's browser would do it, on any page that it shows.
            if !self.is_of_no_foreign_page(settings, headers, uri) {
                return Err(Refusal::ForeignPage);
            }
        }
        let caller = Caller::by_http(self.address, self.is_tls, self.entrance.clone());
        let caller = Arc::new(caller);
        let admission = authorizer.admit(&caller, &client, &secret).await;
        let admission = admission.map_err(Refusal::Client)?;
        let client = ClientId::from(client.as_str());
        Ok(Some(Asker::Client(Guest { client, admission, caller })))
    }

    /// Says whether a request comes from no page of another site, as far as browsers say. The name of a
    /// server on the browser's own machine is one of that machine, or a foreign page could have its own name
    /// lead there (DNS rebinding).
    fn is_of_no_foreign_page(&self, settings: &Settings, headers: &HeaderMap, uri: &Uri) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = Host::of(headers, uri);
        let is_own = match text(ORIGIN) {
            Some(origin) => host.is_of_origin(origin) || is_allowed(settings, origin),
            None => matches!(text(SITE), None | Some("same-origin" | "none")),
        };
        let is_here = self.address.ip().to_canonical().is_loopback();
        // Clients of old have none, which no browser's request is without.
        is_own && (!is_here || host.as_str().is_empty() || host.is_of_this_machine())
    }
}

/// Says whether pages of an origin may use the API.
pub(super) fn is_allowed(settings: &Settings, origin: &str) -> bool {
    let origins = &settings.api.cors_origins;
    origins.iter().any(|it| it == "*" || it.eq_ignore_ascii_case(origin))
}
