//! The shell's conversation in CoreMQ or PubSubX, by its own commands.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use rialto_client::Backoff;
use rialto_client::dialects::{DemandError, Dialect, Greeting, Question};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::other::{check_publish, instead_of_persistence, of_greeting, question, refuse};
use crate::remote::Other;
use crate::subscribe::plain_payload;

use super::command::{Data, Publish};
use super::feed::Feed;
use super::online::Online;
use super::payload::payload;
use super::peer::Reply;

/// A session that speaks another dialect.
pub(super) struct OtherSession {
    online: Online,
    dialect: Dialect,
    /// Whether the client's name is one that nobody comes back to.
    is_made_up: bool,
    /// How long an answer may take.
    limit: Duration,
}

impl OtherSession {
    pub(super) async fn open(
        other: Other,
        reconnect: Option<Backoff>,
        limit: Duration,
        feed: &Feed,
    ) -> Result<Self, Failure> {
        let mut options = other.options;
        let dialect = options.address.dialect();
        options.reconnect = reconnect;
        if dialect == Dialect::Coremq && options.token.is_none() {
            options.client = None;
        }
        let online = Online::open(options, connected_again, feed).await?;
        Ok(OtherSession { online, dialect, is_made_up: other.is_made_up, limit })
    }

    /// Says where the session is and whose, and whether it is one of before.
    pub(super) fn place(&self) -> String {
        match of_greeting(self.online.greeting()) {
            Some(text) => format!("{}; {text}", self.online.place()),
            None => self.online.place().to_owned(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.online.is_open()
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) async fn publish(&self, publish: &Publish) -> Result<Reply, Failure> {
        check_publish(self.dialect, publish.qos, publish.retain)?;
        let channel = &publish.channel;
        let payload = payload(&publish.data)?;
        self.done("publish to", channel, self.online.publish(channel, &payload)).await?;
        Ok(Reply::Said(match self.dialect {
            Dialect::Coremq => format!("published to {channel}"),
            // It is not answered.
            Dialect::Pubsubx => format!("sent to {channel}"),
        }))
    }

    pub(super) async fn subscribe(
        &self,
        channel: &str,
        is_persistent: bool,
    ) -> Result<Reply, Failure> {
        if is_persistent {
            let instead = instead_of_persistence(self.dialect);
            return Err(refuse(self.dialect, "--persistent", instead));
        }
        if self.online.is_subscribed(channel) {
            return Ok(Reply::Said(format!("subscribed to {channel} already")));
        }
        self.done("subscribe to", channel, self.online.subscribe(channel)).await?;
        Ok(Reply::Said(format!("subscribed to {channel}")))
    }

    pub(super) async fn unsubscribe(&self, channel: &str) -> Result<Reply, Failure> {
        self.done("unsubscribe from", channel, self.online.unsubscribe(channel)).await?;
        Ok(Reply::Said(format!("unsubscribed from {channel}")))
    }

    pub(super) async fn request(
        &self,
        channel: &str,
        data: Option<&Data>,
    ) -> Result<Reply, Failure> {
        let data = match data {
            Some(data) => payload(data)?,
            None => RawValue::NULL.to_owned(),
        };
        let question = question(self.dialect, channel, &data)?;
        let answer = self.done("ask", channel, self.online.ask(question)).await?;
        Ok(Reply::Answer(answer.unwrap_or_else(|| RawValue::NULL.to_owned())))
    }

    /// Returns the last messages of a channel, as CoreMQ itself answers them; PubSubX has none.
    pub(super) async fn history(
        &self,
        channel: &str,
        count: Option<NonZeroU32>,
    ) -> Result<Option<Reply>, Failure> {
        if self.dialect == Dialect::Pubsubx {
            return Ok(None);
        }
        let question = Question::History(vec![channel.to_owned()]);
        let answer =
            self.done("ask for the history of", channel, self.online.ask(question)).await?;
        let answer: History =
            answer.and_then(|answer| serde_json::from_str(answer.get()).ok()).unwrap_or_default();
        let messages = answer.history.into_values().flatten().collect::<Vec<_>>();
        let wanted = count.map_or(usize::MAX, |it| it.get() as usize);
        let left_out = messages.len().saturating_sub(wanted);
        let messages = &messages[left_out..];
        if messages.is_empty() {
            return Ok(Some(Reply::Said(format!("{channel} has no history"))));
        }
        let record = |it: &RawValue| json!({ "channel": channel, "payload": it }).to_string();
        Ok(Some(Reply::Listing {
            lines: messages.iter().map(|it| plain_payload(it)).collect(),
            records: messages.iter().map(|it| record(it)).collect(),
        }))
    }

    pub(super) fn status(&self) -> Vec<String> {
        self.online.status()
    }

    /// Ends the session for good.
    pub(super) async fn leave(self) {
        self.online.leave().await;
    }

    /// Ends the connection; for good only if nobody comes back to it.
    pub(super) async fn part(self) {
        match self.is_made_up {
            true => self.online.leave().await,
            false => self.online.part().await,
        }
    }

    /// Waits for something no longer than an answer may take.
    async fn done<T>(
        &self,
        verb: &str,
        channel: &str,
        doing: impl Future<Output = Result<T, DemandError>>,
    ) -> Result<T, Failure> {
        let limit = self.limit;
        match timeout(limit, doing).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                let failure = Failure::from(error);
                Err(Failure::new(failure.exit, format!("{verb} {channel}: {}", failure.text)))
            }
            Err(_) => {
                let text = format!("{verb} {channel}: the server has not answered for {limit:?}");
                Err(Failure::new(Exit::TimedOut, text))
            }
        }
    }
}

fn connected_again(greeting: &Greeting) -> String {
    match of_greeting(greeting) {
        Some(text) => format!("connected again; {text}"),
        None => "connected again".to_owned(),
    }
}

/// What CoreMQ answers to the question for histories, as far as it matters.
#[derive(Default, Deserialize)]
struct History {
    history: BTreeMap<String, Vec<Box<RawValue>>>,
}
