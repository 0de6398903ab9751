//! What an application says of requests within a session.

use std::sync::Arc;

use rialto_application::{
    Client, Control, ControlRequest, Event, Publication, PublishRequest, SubscribeRequest,
    UnsubscribeRequest,
};
use rialto_domain::{Permit, Reject};
use serde_json::Value;

use super::{Authorizer, Caller};
use crate::audit::{Details, Event as Refused, Reason, told};

/// What a request was about, kept while the application has it.
struct Asked {
    event: Refused,
    client: Arc<Client>,
    channel: String,
}

impl Authorizer {
    pub(super) async fn permit_subscribe(
        &self,
        caller: &Caller,
        requests: Vec<SubscribeRequest>,
    ) -> Result<Permit, Reject> {
        let Some(slot) = self.asked_about(Event::Subscribe) else { return Ok(Permit::default()) };
        for request in requests {
            let asked = Asked::of(Refused::Subscribe, &request.client, &request.channel);
            let result = slot.application.subscribe(request).await;
            self.note(caller, &asked, result)?;
        }
        Ok(Permit::default())
    }

    pub(super) async fn permit_unsubscribe(
        &self,
        caller: &Caller,
        requests: Vec<UnsubscribeRequest>,
    ) -> Result<Permit, Reject> {
        let Some(slot) = self.asked_about(Event::Unsubscribe) else {
            return Ok(Permit::default());
        };
        for request in requests {
            let asked = Asked::of(Refused::Unsubscribe, &request.client, &request.channel);
            let result = slot.application.unsubscribe(request).await;
            self.note(caller, &asked, result)?;
        }
        Ok(Permit::default())
    }

    pub(super) async fn permit_publish(
        &self,
        caller: &Caller,
        request: PublishRequest,
    ) -> Result<Permit, Reject> {
        let Some(slot) = self.asked_about(Event::Publish) else { return Ok(Permit::default()) };
        let asked = Asked::of(Refused::Publish, &request.client, &request.channel);
        let published = slot.application.publish(request).await;
        let payload = match self.note(caller, &asked, published)? {
            Publication::AsSent => None,
            Publication::Replaced(payload) => Some(payload.to_string()),
        };
        Ok(Permit { payload, ..Permit::default() })
    }

    /// Has a control channel answered: by a program's own handler, or else by the application. What
    /// neither answers is left to the server.
    pub(super) async fn permit_control(
        &self,
        caller: &Caller,
        request: ControlRequest,
    ) -> Result<Permit, Reject> {
        if let Some(answer) = self.controls.answer(&request) {
            return answer.await.map(answered);
        }
        let Some(slot) = self.asked_about(Event::Control) else { return Ok(Permit::default()) };
        let asked = Asked::of(Refused::Control, &request.client, &format!("${}", request.name));
        let answer = slot.application.control(request).await;
        Ok(match self.note(caller, &asked, answer)? {
            Control::NotMine => Permit::default(),
            Control::Answer(answer) => answered(answer),
            Control::Refused { status, answer } => {
                self.refused(caller, &asked, Reason::Application);
                Permit { status: Some(status), ..answered(answer) }
            }
        })
    }

    /// Leaves a trace of what the application refused.
    fn note<T>(
        &self,
        caller: &Caller,
        asked: &Asked,
        result: Result<T, Reject>,
    ) -> Result<T, Reject> {
        result.inspect_err(|reject| {
            if told::is_told(reject) {
                self.refused(caller, asked, told::by_application(reject));
            }
        })
    }

    fn refused(&self, caller: &Caller, asked: &Asked, reason: Reason) {
        self.audit.refused(caller.origin(), (asked.event, reason), || {
            Details::new(reason).client(asked.client.id.as_str()).channel(&asked.channel)
        });
    }
}

impl Asked {
    fn of(event: Refused, client: &Arc<Client>, channel: &str) -> Self {
        Asked { event, client: client.clone(), channel: channel.to_owned() }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an answer is used up")]
fn answered(answer: Value) -> Permit {
    Permit { answer: Some(answer.to_string()), ..Permit::default() }
}
