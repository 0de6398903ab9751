//! Refusals as whoever keeps a trace of them hears of them.

use crate::{Action, Reject, Rights};

/// Where lines about who was refused, and about what an operator did, go: the target by which log filters name them.
pub const AUDIT_TARGET: &str = "rialto::audit";

/// What a client asked for and did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To open a session.
    Session,
    /// To do this with a channel.
    Act(Action),
    /// To end a subscription.
    Unsubscribe,
    /// To have the messages of all channels, as another server.
    Replication,
}

/// Why a request was refused, beyond what the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// As the rejection says.
    Rejected,
    /// There is no session to ask in.
    NoSession,
    /// Another client has that name.
    NameTaken,
}

/// A request that was refused, as whoever keeps a trace of refusals hears of it.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// What was asked for.
    pub asked: Asked,
    /// The client that asked: that of the session, or who the session was to be for.
    pub client: Option<&'a str>,
    /// The channel that is meant, its mark included.
    pub channel: Option<&'a str>,
    /// What the client is told.
    pub reject: &'a Reject,
    /// Why, where the rejection does not say it.
    pub cause: Cause,
    /// What the client may do, which says what exactly refused it.
    pub rights: Option<&'a dyn Rights>,
}
