//! Making authorization requests of packets, in the same way for every dialect.

use std::{borrow::Cow, sync::Arc};

use rialto_application::{
    AuthenticateRequest, AuthorizationRequest, Client, ConnectRequest, ControlRequest, Peer,
    PublishRequest, SubscribeRequest, UnsubscribeRequest,
};
use rialto_broker::{Broker, ConnectionKey, Encoder};
use rialto_domain::{Action, ChannelKind, Qos, Reject, channel_kind};

/// Whose packets they are. Its methods make the requests; `None` where none arises, because the
/// client's rights, or what the channel is, refuse the packet anyway, or because the connection has
/// no session.
pub struct Requester<'a, E: Encoder> {
    connection: ConnectionKey,
    peer: &'a Peer,
    broker: &'a Broker<E>,
}

impl<'a, E: Encoder> Requester<'a, E> {
    /// Makes requests of what comes on a connection.
    #[must_use]
    pub fn new(connection: ConnectionKey, peer: &'a Peer, broker: &'a Broker<E>) -> Self {
        Requester { connection, peer, broker }
    }

    /// Returns the broker, which knows what the connection is in.
    pub fn broker(&self) -> &'a Broker<E> {
        self.broker
    }

    /// Asks who a client is that sends `data`, one JSON text.
    pub fn authenticate(&self, data: &str) -> AuthorizationRequest {
        let (data, peer) = (data.to_owned(), self.peer.clone());
        AuthorizationRequest::Authenticate(AuthenticateRequest { data, peer })
    }

    /// Asks whether a session may be opened for `client`, its id or the name that its token is for.
    pub fn connect(&self, client: &str, token: &str) -> AuthorizationRequest {
        AuthorizationRequest::Connect(ConnectRequest {
            client: client.into(),
            token: token.to_owned(),
            verdict: Err(Reject::Undecided),
            peer: self.peer.clone(),
        })
    }

    /// Asks whether the client may subscribe to all of these channels.
    pub fn subscribe(
        &self,
        channels: &[impl AsRef<str>],
        persistent: bool,
    ) -> Option<AuthorizationRequest> {
        // Any: a list of queues is carried out up to the first that is refused.
        channels.iter().find(|channel| self.may(Action::Subscribe, channel.as_ref()))?;
        let client = self.client()?;
        let requests = channels.iter().map(|channel| {
            let channel = channel.as_ref().to_owned();
            SubscribeRequest { client: client.clone(), channel, persistent }
        });
        Some(AuthorizationRequest::Subscribe(requests.collect()))
    }

    /// Asks whether the client may unsubscribe from all of these channels.
    pub fn unsubscribe(&self, channels: &[impl AsRef<str>]) -> Option<AuthorizationRequest> {
        let client = self.client()?;
        let requests = channels.iter().map(|channel| {
            let channel = channel.as_ref().to_owned();
            UnsubscribeRequest { client: client.clone(), channel }
        });
        Some(AuthorizationRequest::Unsubscribe(requests.collect()))
    }

    /// Asks whether the client may publish `payload`, one JSON text.
    pub fn publish(
        &self,
        channel: Cow<'_, str>,
        payload: impl Into<String>,
        (qos, retain): (Qos, bool),
    ) -> Option<AuthorizationRequest> {
        let action = match channel_kind(&channel) {
            ChannelKind::Topic => Action::Publish,
            ChannelKind::Direct(_) => Action::Direct,
            ChannelKind::Control(_) | ChannelKind::Invalid => return None,
        };
        if !self.may(action, &channel) {
            return None;
        }
        let (client, channel, payload) = (self.client()?, channel.into_owned(), payload.into());
        let request = PublishRequest { client, channel, payload, qos, retain };
        Some(AuthorizationRequest::Publish(request))
    }

    /// Asks what the control channel of that name, without its mark, answers.
    pub fn control(&self, name: &str, payload: &str) -> Option<AuthorizationRequest> {
        if !self.may(Action::Control, &format!("${name}")) {
            return None;
        }
        let (client, name, payload) = (self.client()?, name.to_owned(), payload.to_owned());
        Some(AuthorizationRequest::Control(ControlRequest { client, name, payload }))
    }

    fn may(&self, action: Action, channel: &str) -> bool {
        self.broker.may(self.connection, action, channel).is_ok()
    }

    fn client(&self) -> Option<Arc<Client>> {
        let id = self.broker.client_of(self.connection)?.clone();
        let rights = self.broker.rights_of(self.connection);
        Some(Arc::new(Client {
            account: rights.map_or(id.as_str(), |rights| rights.account()).to_owned(),
            groups: rights.map(|rights| rights.groups()).unwrap_or_default(),
            id,
            peer: self.peer.clone(),
        }))
    }
}
