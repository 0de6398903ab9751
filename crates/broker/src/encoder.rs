//! What the core needs of the dialects: to turn its words into bytes, once for all receivers.

use std::{fmt, time::Duration};

use rialto_domain::{ChannelName, ClientId, LogicalMs, MessageId, PacketId, Reject, UnixMs};

/// Names one way of encoding: a dialect on a carrier. The core only compares and counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format(pub u8);

/// How many formats there can be; [`Format`] is below it.
pub const FORMAT_COUNT_MAX: usize = 9;

/// How a delivery is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// QoS 0.
    Plain,
    /// The channel's retained message.
    Retained,
    /// QoS 1, to be acknowledged by this id.
    Acknowledged(PacketId),
}

/// What a client is told of the session that it has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOpened {
    /// How long it may be silent before its connection is closed.
    pub silence_max: Duration,
    /// Whether it goes on where a lost connection left it, and nothing that came meanwhile was dropped.
    pub resumed: bool,
}

/// What a client is told of a command that it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandAnswer<'a> {
    /// Which kind of command it was.
    pub command: Answered<'a>,
    /// The client's own id of the request; `None` when it sent none.
    pub request: Option<&'a str>,
    /// What a question was answered with, one JSON text, or nothing; or why the command is refused.
    pub result: Result<Option<&'a str>, &'a Reject>,
}

/// The kind of a command that is answered, with what tells it from others of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered<'a> {
    /// A publish, or a question to a control channel.
    Publish,
    /// A subscribe to the channel of this name.
    Subscribe(&'a str),
    /// An unsubscribe from the channel of this name.
    Unsubscribe(&'a str),
}

/// Where messages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Who published them; empty for the server.
    pub publisher: &'a ClientId,
    /// When a broker took them in; 0 where that is not known any more (retained messages).
    pub at: UnixMs,
    /// The server that took them in, if it was another.
    pub server: Option<&'a str>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub on_behalf_of: Option<&'a str>,
    /// Name of the first of them; the others follow without gaps.
    pub id: MessageId,
    /// Where they stand in a history: by this, then by id. 0 for what goes into none any more.
    pub logical: LogicalMs,
}

impl<'a> Source<'a> {
    /// Returns the source of messages of which only the publisher is known.
    #[must_use]
    pub fn of(publisher: &'a ClientId) -> Self {
        let id = MessageId::default();
        Source { publisher, at: 0, server: None, on_behalf_of: None, id, logical: 0 }
    }
}

/// Turns deliveries and answers into a dialect's bytes. Pure: same input, same bytes.
pub trait Encoder {
    /// What all messages of one source to one channel share, rendered once, and which of them is next.
    type Envelope: fmt::Debug;

    /// What a dialect keeps of what it sent one connection, if the connection's
    /// [profile](crate::ConnectionProfile::is_addressed) says so.
    type Outgoing: Default + fmt::Debug;

    /// Renders what the deliveries of `source` to `channel` share.
    fn envelope(&self, format: Format, channel: &ChannelName, source: Source<'_>)
    -> Self::Envelope;

    /// Appends the next delivery of an envelope, with all that the carrier needs around it.
    fn delivery(
        &self,
        envelope: &mut Self::Envelope,
        payload: &[u8],
        mark: Mark,
        out: &mut Vec<u8>,
    );

    /// Makes of deliveries, as all receivers of the format share them, those that one connection gets.
    fn address(
        &self,
        format: Format,
        outgoing: &mut Self::Outgoing,
        shared: &[u8],
        out: &mut Vec<u8>,
    );

    /// Returns the delivery that a connection acknowledges, by what [`address`](Self::address) called
    /// it there; `None` where nothing goes by that name any more.
    fn resolve(
        &self,
        format: Format,
        outgoing: &mut Self::Outgoing,
        name: &str,
    ) -> Option<PacketId>;

    /// Appends what a client is told of its new session, or nothing where its dialect tells it itself.
    fn session_opened(&self, format: Format, session: SessionOpened, out: &mut Vec<u8>);

    /// Appends what the peer's carrier answers by itself, for connections whose
    /// [profile](crate::ConnectionProfile) says that it does.
    fn ping(&self, format: Format, out: &mut Vec<u8>);

    /// Appends the answer to a command, or nothing where the dialect answers commands itself.
    fn command_answer(&self, format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>);
}
