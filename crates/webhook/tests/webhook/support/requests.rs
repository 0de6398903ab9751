use std::sync::Arc;

use rialto_application::{
    AuthenticateRequest, Client, ClientId, CloseReason, ConnectRequest, ControlRequest, Peer,
    Protocol, PublishRequest, Qos, Reject, SessionEnded, SubscribeRequest,
};

pub(crate) fn authenticate(data: &str) -> AuthenticateRequest {
    AuthenticateRequest { data: data.to_owned(), peer: peer() }
}

pub(crate) fn connect(name: &str, verdict: Result<(), Reject>) -> ConnectRequest {
    ConnectRequest { client: ClientId::from(name), token: "t-1".to_owned(), verdict, peer: peer() }
}

pub(crate) fn subscribe(channel: &str) -> SubscribeRequest {
    SubscribeRequest { client: client("ada"), channel: channel.to_owned(), persistent: true }
}

pub(crate) fn publish(name: &str, payload: &str) -> PublishRequest {
    PublishRequest {
        client: client(name),
        channel: "room".to_owned(),
        payload: payload.to_owned(),
        qos: Qos::AtLeastOnce,
        retain: false,
    }
}

pub(crate) fn control(name: &str, payload: &str) -> ControlRequest {
    ControlRequest { client: client("ada"), name: name.to_owned(), payload: payload.to_owned() }
}

/// The end of a client's session of that number.
pub(crate) fn departure(name: &str, session: u64) -> SessionEnded {
    SessionEnded {
        client: ClientId::from(name),
        peer: Some(peer()),
        reason: CloseReason::Silent,
        at: 1_700_000_000_123,
        session,
    }
}

pub(crate) fn client(name: &str) -> Arc<Client> {
    Arc::new(Client {
        id: ClientId::from(name),
        account: format!("{name}'s account"),
        groups: ["crew".to_owned(), "staff".to_owned()].into(),
        peer: peer(),
    })
}

fn peer() -> Peer {
    Peer {
        address: "1.2.3.4:5".parse().unwrap(),
        protocol: Protocol::JmqtWebsocket,
        is_tls: true,
        certificate: Some("ada.example".to_owned()),
    }
}
