//! Who decides: the server's own access, and behind it the application, asked for one packet at a
//! time of each connection, outside the broker's lock.

mod access;
mod caller;
mod hashing;
mod question;
mod verdict;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rialto_access::{Access, Throttle};
use rialto_application::{Client, DynApplication, Event, Events, Future};
use rialto_domain::{Permit, Reject};
use rialto_session::Matter;

use crate::{
    audit::{Audit, Details, Event as Refused, told},
    clock::Clock,
    control::Controls,
};

use hashing::Hashing;

pub(crate) use caller::Caller;
pub(crate) use question::Question;
pub(crate) use verdict::{Traced, Unasked, Verdict, Welcome};

/// Decides on what packets ask.
pub(crate) struct Authorizer {
    pub(crate) access: Arc<Access>,
    throttle: ArcSwap<Throttle>,
    application: ArcSwapOption<ApplicationSlot>,
    controls: Controls,
    hashing: Hashing,
    clock: Clock,
    pub(crate) audit: Arc<Audit>,
}

/// The application that the server carries, and what it is asked.
pub(crate) struct ApplicationSlot {
    pub(crate) application: Arc<dyn DynApplication>,
    pub(crate) events: Events,
}

impl ApplicationSlot {
    pub(crate) fn new(application: Arc<dyn DynApplication>) -> Self {
        let events = application.events();
        ApplicationSlot { application, events }
    }
}

impl Authorizer {
    pub(crate) fn new(
        access: Arc<Access>,
        throttle: Throttle,
        controls: Controls,
        clock: Clock,
    ) -> Self {
        Authorizer {
            access,
            throttle: ArcSwap::from_pointee(throttle),
            application: ArcSwapOption::empty(),
            controls,
            hashing: Hashing::new(),
            clock,
            audit: Arc::default(),
        }
    }

    /// Returns the application.
    pub(crate) fn application(&self) -> Option<Arc<ApplicationSlot>> {
        self.application.load_full()
    }

    /// Puts another application in place of the present one.
    pub(crate) fn replace_application(&self, application: Option<ApplicationSlot>) {
        self.application.store(application.map(Arc::new));
    }

    /// Slows guessing down in another way from now on; who failed before is forgotten.
    pub(crate) fn replace_throttle(&self, throttle: Throttle) {
        self.throttle.store(Arc::new(throttle));
    }

    /// Returns the events whose packets somebody is asked about.
    pub(crate) fn asked(&self) -> Events {
        let events = self.application.load().as_ref().map_or(Events::NONE, |it| it.events);
        let events = events.with(Event::Authenticate).with(Event::Connect);
        if self.controls.is_empty() { events } else { events.with(Event::Control) }
    }

    /// Decides on a question; ready at once where nobody has to be waited for.
    pub(crate) fn decide<'a>(
        &'a self,
        caller: &'a Caller,
        question: Question,
    ) -> Future<'a, Verdict> {
        Box::pin(async move {
            match question {
                Question::Authenticate { data } => {
                    Verdict::Authenticated(self.authenticate(caller, data).await)
                }
                Question::Connect { client, token } => {
                    Verdict::Admitted(self.connect(caller, &client, token).await)
                }
                question => Verdict::Permitted(self.permit(caller, question).await),
            }
        })
    }

    async fn permit(&self, caller: &Caller, question: Question) -> Result<Permit, Reject> {
        if let Question::Control(request) = &question
            && let Some(answer) = self.controls.answer(request)
        {
            return answer.await.map(|answer| verdict::answered(Some(answer)));
        }
        let slot = self.application();
        let Some(slot) = slot.filter(|slot| slot.events.has(question.event())) else {
            return Ok(Permit::default());
        };
        match question {
            Question::Subscribe(requests) => {
                for request in requests {
                    let asked = Asked::of(Refused::Subscribe, &request.client, &request.channel);
                    let result = slot.application.subscribe(request).await;
                    self.note(caller, &asked, result)?;
                }
                Ok(Permit::default())
            }
            Question::Unsubscribe(requests) => {
                for request in requests {
                    let asked = Asked::of(Refused::Unsubscribe, &request.client, &request.channel);
                    let result = slot.application.unsubscribe(request).await;
                    self.note(caller, &asked, result)?;
                }
                Ok(Permit::default())
            }
            Question::Publish(request) => {
                let asked = Asked::of(Refused::Publish, &request.client, &request.channel);
                let published = slot.application.publish(request).await;
                Ok(verdict::published(self.note(caller, &asked, published)?))
            }
            Question::Control(request) => {
                let asked =
                    Asked::of(Refused::Control, &request.client, &format!("${}", request.name));
                let answer = slot.application.control(request).await;
                Ok(verdict::answered(verdict::own(self.note(caller, &asked, answer)?)))
            }
            Question::Authenticate { .. } | Question::Connect { .. } => {
                unreachable!("those are decided with the server's own access")
            }
        }
    }

    /// Leaves a trace of what the application refused.
    fn note<T>(
        &self,
        caller: &Caller,
        asked: &Asked,
        result: Result<T, Reject>,
    ) -> Result<T, Reject> {
        result.inspect_err(|reject| {
            if !told::is_told(reject) {
                return;
            }
            self.audit.refused(caller.origin(), asked.event, || {
                let details = Details::new(told::by_application(reject));
                details.client(asked.client.id.as_str()).channel(&asked.channel)
            });
        })
    }
}

/// What a question was about, kept while the application has it.
struct Asked {
    event: Refused,
    client: Arc<Client>,
    channel: String,
}

impl Asked {
    fn of(event: Refused, client: &Arc<Client>, channel: &str) -> Self {
        Asked { event, client: client.clone(), channel: channel.to_owned() }
    }
}

/// Says which event a packet of this matter is.
pub(crate) fn event_of(matter: Matter) -> Event {
    match matter {
        Matter::Authenticate => Event::Authenticate,
        Matter::Connect => Event::Connect,
        Matter::Subscribe => Event::Subscribe,
        Matter::Unsubscribe => Event::Unsubscribe,
        Matter::Publish => Event::Publish,
        Matter::Control => Event::Control,
    }
}
