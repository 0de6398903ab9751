//! What a server asks and tells the application that it carries: the eight events of the JMQT
//! guide, for clients of every dialect.
//!
//! Only words and a trait: who implements it decides, the server asks. It opens no sockets and keeps
//! nothing. Read [`Application`] first, then [`Client`].
//!
//! Tested through what implements it: webhooks, and the sample server.

mod application;
mod authorization;
mod client;
mod erased;
mod event;
mod request;

pub use application::Application;
pub use authorization::AuthorizationRequest;
pub use client::{Client, Peer, Protocol};
pub use erased::{DynApplication, Future};
pub use event::{Event, Events};
pub use request::{
    Announcement, AuthenticateRequest, Authentication, ConnectRequest, Control, ControlRequest,
    Publication, PublishRequest, SessionEnded, SessionStart, SubscribeRequest, UnsubscribeRequest,
};
pub use rialto_domain::{
    ClientId, CloseReason, ForcedSubscription, Qos, RefusalStatus, Reject, UnixMs,
};
