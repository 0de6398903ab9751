//! The eight events as requests.

use std::sync::Arc;

use rialto_application::{
    Application, AuthenticateRequest, Authentication, ConnectRequest, Control, ControlRequest,
    Event, Events, Publication, PublishRequest, Reject, SessionEnded, SessionStart,
    SubscribeRequest, UnsubscribeRequest,
};

use super::Webhook;
use crate::shared::message;
use crate::{body::Body, queue::Notification};

impl Application for Webhook {
    fn events(&self) -> Events {
        self.shared.events
    }

    async fn authenticate(&self, request: AuthenticateRequest) -> Result<Authentication, Reject> {
        let body = Body::authenticate(&request)?;
        Ok(self.shared.decide(Event::Authenticate, body).await?.authentication())
    }

    async fn connect(&self, request: ConnectRequest) -> Result<SessionStart, Reject> {
        let verdict = request.verdict.as_ref().err().map(ToString::to_string);
        let body = Body::connect(&request, verdict.as_deref());
        let answer = self.shared.decide(Event::Connect, body).await?;
        if !answer.allows() {
            request.verdict?;
        }
        Ok(answer.session_start())
    }

    async fn subscribe(&self, request: SubscribeRequest) -> Result<(), Reject> {
        let body = Body::subscribe(&request);
        self.shared.decide(Event::Subscribe, body).await.map(|_| ())
    }

    async fn unsubscribe(&self, request: UnsubscribeRequest) -> Result<(), Reject> {
        let body = Body::unsubscribe(&request);
        self.shared.decide(Event::Unsubscribe, body).await.map(|_| ())
    }

    async fn publish(&self, request: PublishRequest) -> Result<Publication, Reject> {
        let body = Body::publish(&request)?;
        Ok(self.shared.decide(Event::Publish, body).await?.publication())
    }

    async fn control(&self, request: ControlRequest) -> Result<Control, Reject> {
        let channel = format!("${}", request.name);
        let body = Body::control(&request, &channel)?;
        Ok(self.shared.decide(Event::Control, body).await?.control())
    }

    async fn disconnected(&self, ended: SessionEnded) {
        self.tell(Event::Disconnect, &ended);
    }

    async fn closed(&self, ended: SessionEnded) {
        self.tell(Event::Close, &ended);
    }
}

impl Webhook {
    /// Queues a notification, so that nobody waits for the application.
    fn tell(&self, event: Event, ended: &SessionEnded) {
        let reason = ended.reason.to_string();
        let message = message(event, Body::session_ended(event, ended, &reason));
        let client = Arc::from(ended.client.as_str());
        self.shared.push(Notification { client, message: Arc::new(message) });
    }
}
