//! What a packet asks that somebody has to decide before it is carried out, in one form from the
//! session that makes it to the application that answers it.

use crate::{
    AuthenticateRequest, ConnectRequest, ControlRequest, Event, PublishRequest, SubscribeRequest,
    UnsubscribeRequest,
};

/// What one packet asks. It outlives the packet and the broker's lock.
#[derive(Debug, Clone)]
pub enum AuthorizationRequest {
    /// Who the client is.
    Authenticate(AuthenticateRequest),
    /// Whether its session may be opened.
    Connect(ConnectRequest),
    /// Whether it may subscribe to all of these channels.
    Subscribe(Vec<SubscribeRequest>),
    /// Whether it may unsubscribe from all of these channels.
    Unsubscribe(Vec<UnsubscribeRequest>),
    /// Whether it may publish this.
    Publish(PublishRequest),
    /// What a control channel answers.
    Control(ControlRequest),
}

impl AuthorizationRequest {
    /// Returns the event at which it is asked.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            AuthorizationRequest::Authenticate(_) => Event::Authenticate,
            AuthorizationRequest::Connect(_) => Event::Connect,
            AuthorizationRequest::Subscribe(_) => Event::Subscribe,
            AuthorizationRequest::Unsubscribe(_) => Event::Unsubscribe,
            AuthorizationRequest::Publish(_) => Event::Publish,
            AuthorizationRequest::Control(_) => Event::Control,
        }
    }
}
