//! What the shell needs of a dialect.

use std::num::NonZeroU32;

use serde_json::value::RawValue;

use crate::exit::Failure;

use super::command::{Data, Publish, Target};

/// What came of a command that went well.
#[derive(Debug)]
pub(super) enum Reply {
    /// It was done; said to people.
    Said(String),
    /// An answer in JSON.
    Answer(Box<RawValue>),
    /// It was done, and there is nothing to say of it.
    Nothing,
    /// Lines for people, and the same as JSON objects.
    Listing { lines: Vec<String>, records: Vec<String> },
}

impl Reply {
    pub(super) fn said(text: impl Into<String>) -> Self {
        Reply::Said(text.into())
    }

    /// Lists lines that are nothing but text.
    pub(super) fn lines(lines: Vec<String>) -> Self {
        let record = |line| serde_json::json!({ "event": "text", "text": line }).to_string();
        Reply::Listing { records: lines.iter().map(record).collect(), lines }
    }
}

/// One side of a conversation with a server, in one dialect.
///
/// A peer that has lost its connection makes it again by itself, with its subscriptions, and says so;
/// messages go to the [`Feed`](super::feed::Feed) that it was made with. All futures can be dropped.
pub(super) trait Peer {
    /// Opens a session, instead of the one there is.
    async fn connect(&mut self, target: &Target) -> Result<Reply, Failure>;

    /// Ends the session, if there is one.
    async fn disconnect(&mut self) -> Result<Reply, Failure>;

    /// Ends the connection, as at the end of the shell: a client that a server keeps for a while can come
    /// back to it.
    async fn part(&mut self);

    /// Returns whether there is a session, be its connection lost for the moment or not.
    fn is_connected(&self) -> bool;

    async fn publish(&mut self, publish: &Publish) -> Result<Reply, Failure>;

    async fn subscribe(&mut self, channel: &str, is_persistent: bool) -> Result<Reply, Failure>;

    async fn unsubscribe(&mut self, channel: &str) -> Result<Reply, Failure>;

    /// Asks a control channel.
    async fn request(&mut self, channel: &str, data: Option<&Data>) -> Result<Reply, Failure>;

    /// Finds a channel's retained message.
    async fn retained(&mut self, channel: &str) -> Result<Reply, Failure>;

    /// Returns a channel's last messages, where the dialect itself answers that.
    async fn history(
        &mut self,
        channel: &str,
        count: Option<NonZeroU32>,
    ) -> Result<Option<Reply>, Failure>;

    /// Returns lines about the session.
    fn status(&self) -> Vec<String>;
}
