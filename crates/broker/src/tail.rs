//! Messages as they pass, for whoever looks: what became of each, and why.
//!
//! The broker tells under its caller's lock. So whoever is told copies what it wants, if it has room,
//! and counts the rest; it never waits.

use std::{fmt::Debug, sync::Arc};

use rialto_domain::{ClientId, Qos, Reject, Sequence, UnixMs};

/// Names a tail of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailId(u64);

/// Which messages a tail is of: those that meet everything that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailScope {
    /// Messages to this channel.
    pub channel: Option<String>,
    /// Messages that this client published, or that were sent to it.
    pub client: Option<ClientId>,
}

/// Somebody who looks at messages as they pass.
pub trait TailSink: Debug + Send + Sync {
    /// Returns which messages it is told of.
    fn scope(&self) -> &TailScope;

    /// Takes what happened. It must not wait.
    fn offer(&self, happened: &Happened<'_>);
}

/// Something that a tail is told of.
#[derive(Debug, Clone, Copy)]
pub enum Happened<'a> {
    /// A message passed.
    Message(Passing<'a>),
    /// Deliveries to a client were dropped, because it does not read fast enough. Which messages they
    /// were is not known by then.
    Dropped {
        /// The client.
        client: &'a ClientId,
        /// How many.
        count: u32,
        /// When.
        at: UnixMs,
    },
}

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'a> {
    /// Its channel.
    pub channel: &'a str,
    /// Who published it; empty for the server.
    pub publisher: &'a str,
    /// The server that took it in, if it was another.
    pub server: Option<&'a str>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub on_behalf_of: Option<&'a str>,
    /// When it was decided on.
    pub at: UnixMs,
    /// How surely it is delivered.
    pub qos: Qos,
    /// One JSON text.
    pub payload: &'a [u8],
    /// What became of it.
    pub decision: Decision<'a>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// It was accepted, and sent to whoever gets it.
    Routed(Reach),
    /// It was refused, for this reason.
    Refused(&'a Reject),
    /// It is a channel's retained message, and was sent to a new subscriber.
    RetainedTo(&'a ClientId),
    /// It comes from the channel's log, and was sent to a subscriber that was behind.
    ReplayedTo(&'a ClientId, Sequence),
}

/// Whom an accepted message reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Clients to which it was sent.
    pub sent: u32,
    /// Clients for which it waits: in the log for persistent subscribers that are away or behind, or
    /// in the inboxes of lost ones.
    pub waiting: u32,
    /// Its place in the channel's log, if it was stored there.
    pub stored: Option<Sequence>,
    /// Whether it became the channel's retained message.
    pub is_retained: bool,
}

/// The tails of a broker.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    last: u64,
    open: Vec<(TailId, Arc<dyn TailSink>)>,
}

impl Tails {
    /// Says whether nobody looks.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn add(&mut self, sink: Arc<dyn TailSink>) -> TailId {
        self.last += 1;
        let id = TailId(self.last);
        self.open.push((id, sink));
        id
    }

    pub(crate) fn remove(&mut self, id: TailId) {
        self.open.retain(|(other, _)| *other != id);
    }

    /// Tells those of a message that look at its channel; `is_for` says whether a client has part in
    /// it.
    pub(crate) fn tell(&self, message: &Passing<'_>, is_for: impl Fn(&ClientId) -> bool) {
        let is_by = |client: &ClientId| {
            message.publisher == client.as_str() || message.on_behalf_of == Some(client.as_str())
        };
        for (_, sink) in &self.open {
            let TailScope { channel, client } = sink.scope();
            let is_channel = channel.as_deref().is_none_or(|channel| channel == message.channel);
            if is_channel && client.as_ref().is_none_or(|it| is_by(it) || is_for(it)) {
                sink.offer(&Happened::Message(*message));
            }
        }
    }

    /// Tells of dropped deliveries those that look at the client, or at everything.
    pub(crate) fn tell_dropped(&self, client: &ClientId, count: u32, at: UnixMs) {
        for (_, sink) in &self.open {
            let TailScope { channel, client: only } = sink.scope();
            if channel.is_none() && only.as_ref().is_none_or(|only| only == client) {
                sink.offer(&Happened::Dropped { client, count, at });
            }
        }
    }
}
