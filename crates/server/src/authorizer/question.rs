//! What is asked, in words that outlive the packet and the broker's lock.

use std::sync::Arc;

use rialto_application::{
    Client, ControlRequest, Event, Peer, PublishRequest, SubscribeRequest, UnsubscribeRequest,
};
use rialto_broker::{Broker, ConnectionKey};
use rialto_session::{Dialects, Inquiry};

/// One question.
pub(crate) enum Question {
    Authenticate { data: String },
    Connect { client: String, token: String },
    Subscribe(Vec<SubscribeRequest>),
    Unsubscribe(Vec<UnsubscribeRequest>),
    Publish(PublishRequest),
    Control(ControlRequest),
}

impl Question {
    /// Makes a question of what a packet asks; `None` where its connection has no session any more.
    pub(crate) fn new(
        inquiry: Inquiry<'_>,
        connection: ConnectionKey,
        peer: &Peer,
        broker: &Broker<Dialects>,
    ) -> Option<Self> {
        let client = || client(connection, peer, broker);
        Some(match inquiry {
            Inquiry::Authenticate { data } => Question::Authenticate { data: data.to_owned() },
            Inquiry::Connect { client, token } => {
                Question::Connect { client: client.to_owned(), token: token.to_owned() }
            }
            Inquiry::Subscribe { channels, persistent } => {
                let client = client()?;
                let request = |channel: &str| SubscribeRequest {
                    client: client.clone(),
                    channel: channel.to_owned(),
                    persistent,
                };
                Question::Subscribe(channels.into_iter().map(request).collect())
            }
            Inquiry::Unsubscribe { channels } => {
                let client = client()?;
                let request = |channel: &str| UnsubscribeRequest {
                    client: client.clone(),
                    channel: channel.to_owned(),
                };
                Question::Unsubscribe(channels.into_iter().map(request).collect())
            }
            Inquiry::Publish { channel, payload, qos, retain } => {
                Question::Publish(PublishRequest {
                    client: client()?,
                    channel: channel.into_owned(),
                    payload: payload.into_owned(),
                    qos,
                    retain,
                })
            }
            Inquiry::Control { name, payload } => Question::Control(ControlRequest {
                client: client()?,
                name: name.to_owned(),
                payload: payload.to_owned(),
            }),
        })
    }

    /// Returns the event that it is.
    pub(crate) fn event(&self) -> Event {
        match self {
            Question::Authenticate { .. } => Event::Authenticate,
            Question::Connect { .. } => Event::Connect,
            Question::Subscribe(_) => Event::Subscribe,
            Question::Unsubscribe(_) => Event::Unsubscribe,
            Question::Publish(_) => Event::Publish,
            Question::Control(_) => Event::Control,
        }
    }
}

fn client(
    connection: ConnectionKey,
    peer: &Peer,
    broker: &Broker<Dialects>,
) -> Option<Arc<Client>> {
    let id = broker.client_of(connection)?.clone();
    let rights = broker.rights_of(connection);
    Some(Arc::new(Client {
        account: rights.map_or(id.as_str(), |rights| rights.account()).to_owned(),
        groups: rights.map(|rights| rights.groups()).unwrap_or_default(),
        id,
        peer: peer.clone(),
    }))
}
