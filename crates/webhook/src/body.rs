//! The JSON that is sent: one object for each event.

use std::{collections::BTreeSet, net::SocketAddr};

use aws_lc_rs::digest;
use rialto_application::{
    AuthenticateRequest, Client, ConnectRequest, ControlRequest, Event, Peer, PublishRequest, Qos,
    Reject, SessionEnded, SubscribeRequest, UnixMs, UnsubscribeRequest,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// One request to the application, in the order of the manual. What an event has not is left out.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Body<'a> {
    event: &'static str,
    id: &'a str,
    at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a BTreeSet<String>>,
    // The peer is never left out: it is null for a session that a crash ended.
    protocol: Option<&'static str>,
    address: Option<SocketAddr>,
    tls: Option<bool>,
    certificate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qos: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retain: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// What makes two requests the same question. A digest, so that no token is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question([u8; digest::SHA256_OUTPUT_LEN]);

impl<'a> Body<'a> {
    pub(crate) fn authenticate(request: &'a AuthenticateRequest) -> Result<Self, Reject> {
        let data = Some(raw(&request.data)?);
        Ok(Body { data, ..Body::from_peer(Event::Authenticate, &request.peer) })
    }

    /// `verdict` is the text of the refusal, if the server's own check refuses.
    pub(crate) fn connect(request: &'a ConnectRequest, verdict: Option<&'a str>) -> Self {
        Body {
            client: Some(request.client.as_str()),
            token: Some(&request.token),
            token_valid: Some(verdict.is_none()),
            mg: verdict,
            ..Body::from_peer(Event::Connect, &request.peer)
        }
    }

    pub(crate) fn subscribe(request: &'a SubscribeRequest) -> Self {
        Body {
            channel: Some(&request.channel),
            persistent: Some(request.persistent),
            ..Body::from_client(Event::Subscribe, &request.client)
        }
    }

    pub(crate) fn unsubscribe(request: &'a UnsubscribeRequest) -> Self {
        Body {
            channel: Some(&request.channel),
            ..Body::from_client(Event::Unsubscribe, &request.client)
        }
    }

    pub(crate) fn publish(request: &'a PublishRequest) -> Result<Self, Reject> {
        Ok(Body {
            channel: Some(&request.channel),
            payload: Some(raw(&request.payload)?),
            qos: Some(match request.qos {
                Qos::AtMostOnce => 0,
                Qos::AtLeastOnce => 1,
            }),
            retain: Some(request.retain),
            ..Body::from_client(Event::Publish, &request.client)
        })
    }

    /// `channel` is the name with its `$`.
    pub(crate) fn control(request: &'a ControlRequest, channel: &'a str) -> Result<Self, Reject> {
        Ok(Body {
            channel: Some(channel),
            payload: Some(raw(&request.payload)?),
            ..Body::from_client(Event::Control, &request.client)
        })
    }

    /// `reason` is the text of the end's reason.
    pub(crate) fn session_ended(event: Event, ended: &'a SessionEnded, reason: &'a str) -> Self {
        let known = ended.peer.as_ref().map(|peer| Body::from_peer(event, peer));
        Body {
            event: event.as_str(),
            at: ended.at,
            client: Some(ended.client.as_str()),
            session: Some(ended.session),
            code: Some(ended.reason.word()),
            reason: Some(reason),
            ..known.unwrap_or_default()
        }
    }

    /// Returns the JSON text with this id.
    pub(crate) fn with_id(self, id: &str) -> String {
        json(&Body { id, ..self })
    }

    /// Says that it is asked now.
    pub(crate) fn asked_at(self, at: UnixMs) -> Self {
        Body { at, ..self }
    }

    /// Returns what an answer that may be used again holds for: all that the application sees but
    /// the address and the time, and without what is published.
    pub(crate) fn question(self) -> Question {
        let is_publish = self.event == Event::Publish.as_str();
        let payload = self.payload.filter(|_| !is_publish);
        let question = json(&Body { id: "", at: 0, address: None, payload, ..self });
        let digest = digest::digest(&digest::SHA256, question.as_bytes());
        Question(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    fn from_client(event: Event, client: &'a Client) -> Self {
        Body {
            client: Some(client.id.as_str()),
            account: Some(&client.account),
            groups: Some(&client.groups),
            ..Body::from_peer(event, &client.peer)
        }
    }

    fn from_peer(event: Event, peer: &'a Peer) -> Self {
        Body {
            event: event.as_str(),
            protocol: Some(peer.protocol.as_str()),
            address: Some(peer.address),
            tls: Some(peer.is_tls),
            certificate: peer.certificate.as_deref(),
            ..Body::default()
        }
    }
}

fn json(body: &Body) -> String {
    serde_json::to_string(body).expect("text, numbers and JSON are all it holds")
}

/// Passes JSON on as it was written, so that no number changes on its way.
fn raw(json: &str) -> Result<&RawValue, Reject> {
    serde_json::from_str(json).map_err(|_| Reject::InvalidPacket)
}

#[cfg(test)]
pub(crate) mod tests;
