//! Who decides: the server's own access, and behind it the application, asked for one packet at a
//! time of each connection, outside the broker's lock.

mod access;
mod caller;
mod hashing;
mod permit;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rialto_access::{Access, Throttle};
use rialto_application::{AuthorizationRequest, DynApplication, Event, Events, Future};
use rialto_session::Verdict;

use crate::{audit::Audit, clock::Clock, control::Controls};

use hashing::Hashing;

pub(crate) use caller::Caller;

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

    /// Decides on a request; ready at once where nobody has to be waited for.
    pub(crate) fn decide<'a>(
        &'a self,
        caller: &'a Caller,
        request: AuthorizationRequest,
    ) -> Future<'a, Verdict> {
        Box::pin(async move {
            match request {
                AuthorizationRequest::Authenticate(request) => {
                    Verdict::Authenticated(self.authenticate(caller, request).await)
                }
                AuthorizationRequest::Connect(request) => {
                    Verdict::Admitted(self.connect(caller, request).await)
                }
                AuthorizationRequest::Subscribe(requests) => {
                    Verdict::Permitted(self.permit_subscribe(caller, requests).await)
                }
                AuthorizationRequest::Unsubscribe(requests) => {
                    Verdict::Permitted(self.permit_unsubscribe(caller, requests).await)
                }
                AuthorizationRequest::Publish(request) => {
                    Verdict::Permitted(self.permit_publish(caller, request).await)
                }
                AuthorizationRequest::Control(request) => {
                    Verdict::Permitted(self.permit_control(caller, request).await)
                }
            }
        })
    }

    /// Returns the application, if it is asked at an event.
    fn asked_about(&self, event: Event) -> Option<Arc<ApplicationSlot>> {
        self.application().filter(|slot| slot.events.has(event))
    }
}
