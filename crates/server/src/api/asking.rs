//! What somebody with a key of the API asked for, for the trace of what operators do.

use std::net::IpAddr;

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
};
use percent_encoding::percent_decode_str;
use rialto_config::ApiRight;

use crate::audit::{Act, act, published, word};

/// What a request said about an act, for its line. Handlers put it among the extensions of their
/// response.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// Why.
    pub(super) reason: Option<String>,
    /// For how long; none for ever, or for what needs no time.
    pub(super) seconds: Option<u64>,
    /// Which channel and client, where the path does not say them.
    pub(super) channel: Option<String>,
    pub(super) client: Option<String>,
    /// The word for what is done, where it is told of though it only reads.
    pub(super) looked: Option<&'static str>,
}

impl Terms {
    pub(super) fn of_channel(channel: String) -> Self {
        Terms { channel: Some(channel), ..Terms::default() }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// Whoever has the key of that name.
    Key(String),
    /// Somebody who has signed in to the console.
    User { name: String, role: String },
}

/// One request with a good key, or of somebody who has signed in.
pub(super) struct Asking {
    by: By,
    address: IpAddr,
    method: Method,
    /// As the document writes it, with names in braces.
    route: String,
    path: String,
}

impl Asking {
    pub(super) fn new(by: By, address: IpAddr, route: &MatchedPath, request: &Request) -> Self {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        Asking { by, address, method, route: route.as_str().to_owned(), path }
    }

    /// Leaves a trace of it: of what manages the server, or looks at messages as they pass, at `info`, of
    /// what publishes at `debug`, of what else only reads none.
    pub(super) fn note_done(&self, right: ApiRight, terms: &Terms) {
        self.note(right, terms, None);
    }

    /// The same of somebody who has signed in, of whom more is told: what became of it, also where nothing did, and
    /// what was published.
    pub(super) fn note_answered(&self, right: ApiRight, terms: &Terms, status: StatusCode) {
        self.note(right, terms, Some(status.as_u16()));
    }

    fn note(&self, right: ApiRight, terms: &Terms, status: Option<u16>) {
        let Asking { address, method, path, .. } = self;
        let changes = *method != Method::GET && *method != Method::HEAD;
        match right {
            ApiRight::Manage if changes => act(&Act {
                event: self.event(),
                status,
                client: self.named("{client}").as_deref(),
                channel: self.named("{channel}").as_deref().or(terms.channel.as_deref()),
                reason: terms.reason.as_deref(),
                seconds: terms.seconds,
                request: Some(&format!("{method} {path}")),
                ..self.whose()
            }),
            ApiRight::Publish => match &self.by {
                By::Key(key) => published(Some((key, *address))),
                By::User { .. } => act(&Act {
                    event: word::PUBLISHED,
                    status,
                    channel: self.named("{channel}").as_deref(),
                    request: Some(&format!("{method} {path}")),
                    ..self.whose()
                }),
            },
            _ => {
                if let Some(event) = terms.looked {
                    act(&Act {
                        event,
                        status,
                        client: terms.client.as_deref(),
                        channel: terms.channel.as_deref(),
                        request: Some(&format!("{method} {path}")),
                        ..self.whose()
                    });
                }
            }
        }
    }

    /// Returns an act of whoever asks.
    fn whose(&self) -> Act<'_> {
        let (key, user, role) = match &self.by {
            By::Key(key) => (Some(key.as_str()), None, None),
            By::User { name, role } => (None, Some(name.as_str()), Some(role.as_str())),
        };
        Act { key, user, role, address: Some(self.address), ..Act::default() }
    }

    /// Returns the word for what was done.
    fn event(&self) -> &'static str {
        match (self.method.as_str(), self.route.as_str()) {
            ("POST", "/v1/clients/{client}/subscriptions") => word::CLIENT_SUBSCRIBED,
            ("DELETE", "/v1/clients/{client}/subscriptions") => word::CLIENT_UNSUBSCRIBED,
            ("POST", "/v1/clients/{client}/disconnect") => word::CLIENT_DISCONNECTED,
            ("POST", "/v1/clients/{client}/ban") => word::CLIENT_BANNED,
            ("DELETE", "/v1/clients/{client}/ban") => word::CLIENT_UNBANNED,
            ("POST", "/v1/clients/{client}/revoke-tokens") => word::TOKENS_REVOKED,
            ("POST", "/v1/clients/{client}/token") => word::TOKEN_SIGNED,
            ("DELETE", "/v1/clients/{client}") => word::CLIENT_FORGOTTEN,
            ("DELETE", "/v1/channels/{channel}/retained") => word::RETAINED_REMOVED,
            ("DELETE", "/v1/channels/{channel}/backlog") => word::BACKLOG_PURGED,
            _ => "managed",
        }
    }

    /// Returns what stands in the path where the route has that name.
    fn named(&self, name: &str) -> Option<String> {
        let mut pairs = self.route.split('/').zip(self.path.split('/'));
        let (_, encoded) = pairs.find(|(part, _)| *part == name)?;
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests;
