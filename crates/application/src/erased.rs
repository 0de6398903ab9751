//! Any application behind one type, so that a server can hold whichever it is given.

use std::pin::Pin;

use rialto_domain::Reject;

use crate::{
    Application, AuthenticateRequest, Authentication, ConnectRequest, Control, ControlRequest,
    Events, Publication, PublishRequest, SessionEnded, SessionStart, SubscribeRequest,
    UnsubscribeRequest,
};

/// A boxed future that borrows its application.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

macro_rules! erased {
    ($( $(#[$doc:meta])* $method:ident($request:ty) -> $answer:ty; )*) => {
        /// [`Application`] in a form that `dyn` can be made of. Every application is one.
        pub trait DynApplication: Send + Sync + 'static {
            /// As [`Application::events`].
            fn events(&self) -> Events;
            $( $(#[$doc])* fn $method(&self, request: $request) -> Future<'_, $answer>; )*
        }

        impl<A: Application> DynApplication for A {
            fn events(&self) -> Events {
                Application::events(self)
            }
            $( fn $method(&self, request: $request) -> Future<'_, $answer> {
                Box::pin(Application::$method(self, request))
            } )*
        }
    };
}

erased! {
    /// As [`Application::authenticate`].
    authenticate(AuthenticateRequest) -> Result<Authentication, Reject>;
    /// As [`Application::connect`].
    connect(ConnectRequest) -> Result<SessionStart, Reject>;
    /// As [`Application::subscribe`].
    subscribe(SubscribeRequest) -> Result<(), Reject>;
    /// As [`Application::unsubscribe`].
    unsubscribe(UnsubscribeRequest) -> Result<(), Reject>;
    /// As [`Application::publish`].
    publish(PublishRequest) -> Result<Publication, Reject>;
    /// As [`Application::control`].
    control(ControlRequest) -> Result<Control, Reject>;
    /// As [`Application::disconnected`].
    disconnected(SessionEnded) -> ();
    /// As [`Application::closed`].
    closed(SessionEnded) -> ();
}
