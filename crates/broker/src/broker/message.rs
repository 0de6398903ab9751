//! Commands: what is asked of the broker, by whom, who is told, and how it was taken.

use rialto_domain::{ClientId, Qos};

use crate::ConnectionKey;

/// A message on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// Where to.
    pub channel: &'a str,
    /// One valid JSON text.
    pub payload: &'a [u8],
    /// How surely.
    pub qos: Qos,
    /// Whether it becomes the channel's retained message; without effect on direct channels.
    pub retain: bool,
}

/// What somebody wants of the broker; see [`Broker::command`](crate::Broker::command).
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// Take in a message.
    Publish(&'a Publish<'a>),
    /// Subscribe a client to a channel.
    Subscribe {
        /// The channel's name.
        channel: &'a str,
        /// Whether messages are kept while the client is away, and the subscription with them.
        persistent: bool,
    },
    /// End a client's subscription.
    Unsubscribe {
        /// The channel's name.
        channel: &'a str,
    },
}

/// Who gives a command.
#[derive(Debug, Clone, Copy)]
pub enum Issuer<'a> {
    /// The client whose session a connection carries; its rights count.
    Client(ConnectionKey),
    /// The same, as a gateway that speaks for a client of its own.
    Gateway(ConnectionKey, &'a str),
    /// The server on its own account. It has no subscriptions.
    Server,
    /// The server on behalf of a client, whatever the client's rights are.
    ServerFor(&'a ClientId),
}

/// Who is told what became of a command.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// The connection that gave it, in its dialect, with its own id of the request if it gave one. A
    /// publish of QoS 1 is always answered, one of QoS 0 if it has an id and is refused.
    To(Option<&'a str>),
    /// Whoever holds this ticket, by [`Effect::Resolved`](crate::Effect::Resolved), if the command
    /// awaits the store.
    Ticket(u64),
    /// Nobody, beyond what the call returns.
    None,
}

impl<'a> Answer<'a> {
    /// Returns the asker's own id of the request.
    pub(super) fn request(self) -> Option<&'a str> {
        match self {
            Answer::To(request) => request,
            Answer::Ticket(_) | Answer::None => None,
        }
    }
}

/// Who a message is from: a connection, for itself or for another client, or the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Publisher<'a> {
    pub(super) connection: Option<ConnectionKey>,
    pub(super) on_behalf_of: Option<&'a str>,
}

impl<'a> From<Issuer<'a>> for Publisher<'a> {
    fn from(issuer: Issuer<'a>) -> Self {
        let (connection, on_behalf_of) = match issuer {
            Issuer::Client(connection) => (Some(connection), None),
            Issuer::Gateway(connection, client) => (Some(connection), Some(client)),
            Issuer::Server | Issuer::ServerFor(_) => (None, None),
        };
        Publisher { connection, on_behalf_of }
    }
}

/// How far a command that was accepted has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It has taken effect.
    Done,
    /// It waits for the store: it takes effect, and is answered, with the commit.
    AwaitsCommit,
}

/// How a message goes through the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoreRoute {
    /// Whether persistent subscribers need it in the log.
    pub(super) logged: bool,
    /// Whether its sender is to hear that the receiver is offline.
    pub(super) offline: bool,
    /// Whether it is stored only if the store knows the client that it is for.
    pub(super) if_known: bool,
}
