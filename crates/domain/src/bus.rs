//! What the nodes that share a store tell each other at once, over a bus that may lose any of it.

use crate::{ChannelName, ClientId, LogId, LogicalMs, MessageId, Payloads, Sequence, UnixMs};

/// Payload bytes that a doorbell takes along; those who hear of more read it.
pub const PAGE_BYTES_MAX: usize = 64 << 10;

/// Messages of one publisher to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The channel.
    pub channel: ChannelName,
    /// Who published them; empty for the server.
    pub publisher: ClientId,
    /// The client that the publisher speaks for, where it is a gateway.
    pub on_behalf_of: Option<String>,
    /// When they were taken in.
    pub at: UnixMs,
    /// Where they stand in a history.
    pub logical: LogicalMs,
    /// The name of the first; its origin is the run of the node.
    pub first: MessageId,
    /// Counts the messages of this origin on this channel.
    pub place: Place,
    /// Whether receivers acknowledge them.
    pub is_acknowledged: bool,
    /// How many there are.
    pub count: u32,
    /// The messages.
    pub payloads: Payloads,
}

/// Where messages stand among those of their origin on their channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Says which count it is: another one begins whenever the origin had nothing to do with the channel for a while.
    pub since: u64,
    /// How many of that count came before.
    pub before: u64,
}

/// That a page of a log was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doorbell {
    /// The run of the node that committed it.
    pub origin: u64,
    /// The channel.
    pub channel: ChannelName,
    /// Its log.
    pub log: LogId,
    /// The first message of the page.
    pub first: Sequence,
    /// How many there are.
    pub count: u32,
    /// When this was sent, by the clock of that node.
    pub sent: UnixMs,
    /// The page itself, if it is small and there was room.
    pub page: Option<DoorbellPage>,
}

/// A page as it comes with a doorbell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorbellPage {
    /// Who published the messages.
    pub publisher: ClientId,
    /// When they were taken in.
    pub at: UnixMs,
    /// The messages.
    pub payloads: Payloads,
}

/// A message for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// The node to be answered.
    pub node: u64,
    /// What it knows the message by.
    pub ticket: u64,
    /// Whom it is for.
    pub client: ClientId,
    /// Who published it.
    pub publisher: ClientId,
    /// When it was taken in.
    pub at: UnixMs,
    /// The message: a sequence of one.
    pub payload: Payloads,
}

impl Doorbell {
    /// Returns the last message of the page.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.first + u64::from(self.count) - 1
    }

    /// Returns it without its page.
    #[must_use]
    pub fn bare(&self) -> Self {
        Doorbell { page: None, channel: self.channel.clone(), ..*self }
    }
}
