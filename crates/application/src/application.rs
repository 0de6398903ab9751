//! The trait an application implements.

use std::future::{Future, ready};

use rialto_domain::Reject;

use crate::{
    AuthenticateRequest, Authentication, ConnectRequest, Control, ControlRequest, Events,
    Publication, PublishRequest, SessionEnded, SessionStart, SubscribeRequest, UnsubscribeRequest,
};

/// Somebody's own rules, asked at each event of the JMQT guide (section 1.d).
///
/// Every method has a default that changes nothing, so that an application implements what it cares
/// for. Requests of one connection are asked one after the other, in the order in which they came,
/// and the connection is not read meanwhile; those of different connections are asked at the same
/// time. The rules of the configuration are asked before, so an application hears only of what
/// those allow.
///
/// A refusal is a [`Reject`]: [`Reject::Denied`] and [`Reject::Failed`] carry a text for the client,
/// [`Reject::WithStatus`] a status of JMQT too.
pub trait Application: Send + Sync + 'static {
    /// Returns the events it is asked and told of. What is left out costs nothing.
    fn events(&self) -> Events {
        Events::ALL
    }

    /// Judges who a client is that sends `auth`. The default leaves that to the server's users,
    /// tokens and mode.
    fn authenticate(
        &self,
        _request: AuthenticateRequest,
    ) -> impl Future<Output = Result<Authentication, Reject>> + Send {
        ready(Ok(Authentication::Default))
    }

    /// Judges whether a session may be opened, and says what it begins with. The default accepts
    /// whom the server's own check accepts.
    fn connect(
        &self,
        request: ConnectRequest,
    ) -> impl Future<Output = Result<SessionStart, Reject>> + Send {
        ready(request.verdict.map(|()| SessionStart::default()))
    }

    /// Judges whether a client may subscribe.
    fn subscribe(
        &self,
        _request: SubscribeRequest,
    ) -> impl Future<Output = Result<(), Reject>> + Send {
        ready(Ok(()))
    }

    /// Judges whether a client may unsubscribe.
    fn unsubscribe(
        &self,
        _request: UnsubscribeRequest,
    ) -> impl Future<Output = Result<(), Reject>> + Send {
        ready(Ok(()))
    }

    /// Judges whether a client may publish this, to a channel or to one client.
    fn publish(
        &self,
        _request: PublishRequest,
    ) -> impl Future<Output = Result<Publication, Reject>> + Send {
        ready(Ok(Publication::AsSent))
    }

    /// Answers a control channel, or leaves it to the server's own.
    fn control(
        &self,
        _request: ControlRequest,
    ) -> impl Future<Output = Result<Control, Reject>> + Send {
        ready(Ok(Control::NotMine))
    }

    /// Hears that a client said goodbye.
    fn disconnected(&self, _departure: SessionEnded) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Hears that a session's connection ended, whatever the reason; also of those that were open
    /// when the server crashed, once it is back.
    fn closed(&self, _departure: SessionEnded) -> impl Future<Output = ()> + Send {
        ready(())
    }
}
