//! The shell's conversation in JMQT.

mod online;
mod watch;

use std::time::Duration;

use rialto_client::{Backoff, PublishOptions, Qos, RequestError, RequestOptions};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::remote::Remote;
use crate::request;

use super::command::{Data, Publish};
use super::feed::Feed;
use super::payload::payload;
use super::peer::Reply;

use online::Online;

/// A session that speaks JMQT.
pub(super) struct JmqtSession {
    online: Online,
    feed: Feed,
    /// How long an answer may take.
    limit: Duration,
    /// Whether it was said that a client does not get its own messages.
    has_explained: bool,
}

impl JmqtSession {
    pub(super) async fn open(
        remote: &Remote,
        reconnect: Option<Backoff>,
        limit: Duration,
        feed: &Feed,
    ) -> Result<Self, Failure> {
        let mut options = remote.options.clone();
        options.reconnect = reconnect;
        let online = Online::open(options, remote, feed).await?;
        Ok(JmqtSession { online, feed: feed.clone(), limit, has_explained: false })
    }

    /// Says where the session is and whose.
    pub(super) fn place(&self) -> String {
        self.online.place()
    }

    pub(super) fn is_open(&self) -> bool {
        self.online.is_open()
    }

    pub(super) async fn close(self) {
        self.online.close().await;
    }

    pub(super) fn status(&self) -> Vec<String> {
        self.online.status()
    }

    /// Waits for something no longer than an answer may take.
    async fn in_time<T>(
        limit: Duration,
        what: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        timeout(limit, answer).await.map_err(|_| {
            let text = format!("{what}: the broker has not answered for {limit:?}");
            Failure::new(Exit::TimedOut, text)
        })
    }

    pub(super) async fn publish(&mut self, publish: &Publish) -> Result<Reply, Failure> {
        let (limit, channel) = (self.limit, &publish.channel);
        let payload = payload(&publish.data)?;
        let what = format!("publish to {channel}");
        // QoS 1 unless said otherwise, as `rialto pub` has it.
        let qos = publish.qos.unwrap_or(Qos::AtLeastOnce);
        let how = PublishOptions { qos, retain: publish.retain };
        let done = self.online.publish(channel, &payload, how);
        match Self::in_time(limit, &what, done).await? {
            Ok(Some(answer)) => Ok(Reply::Answer(answer)),
            Ok(None) if qos == Qos::AtMostOnce => Ok(Reply::Said(format!("sent to {channel}"))),
            Ok(None) => {
                Ok(Reply::Said(format!("published to {channel}{}", self.explanation(channel))))
            }
            Err(error) => Err(failed(&what, error)),
        }
    }

    pub(super) async fn subscribe(
        &mut self,
        channel: &str,
        is_persistent: bool,
    ) -> Result<Reply, Failure> {
        let (limit, feed) = (self.limit, self.feed.clone());
        let online = &mut self.online;
        if is_persistent {
            online.require_client()?;
        }
        if online.is_subscribed(channel) {
            return Ok(Reply::Said(format!("subscribed to {channel} already")));
        }
        let what = format!("subscribe to {channel}");
        let done = online.subscribe(channel, is_persistent, feed);
        Self::in_time(limit, &what, done).await?.map_err(|error| failed(&what, error))?;
        Ok(Reply::Said(format!("subscribed to {channel}")))
    }

    pub(super) async fn unsubscribe(&mut self, channel: &str) -> Result<Reply, Failure> {
        let limit = self.limit;
        let what = format!("unsubscribe from {channel}");
        let done = self.online.unsubscribe(channel);
        Self::in_time(limit, &what, done).await?.map_err(|error| failed(&what, error))?;
        Ok(Reply::Said(format!("unsubscribed from {channel}")))
    }

    pub(super) async fn request(
        &mut self,
        channel: &str,
        data: Option<&Data>,
    ) -> Result<Reply, Failure> {
        let limit = self.limit;
        let data = match data {
            Some(data) => payload(data)?,
            None => RawValue::NULL.to_owned(),
        };
        let options = RequestOptions { timeout: limit, ..RequestOptions::default() };
        let answer = self.online.client().request_raw(channel, &data, options).await;
        let answer = answer.map_err(|error| request::failed(channel, error, limit))?;
        Ok(Reply::Answer(answer.unwrap_or_else(|| RawValue::NULL.to_owned())))
    }

    pub(super) async fn retained(&mut self, channel: &str) -> Result<Reply, Failure> {
        let limit = self.limit;
        let what = format!("the retained message of {channel}");
        let found = self.online.retained(channel);
        match Self::in_time(limit, &what, found).await? {
            Ok(Some(payload)) => Ok(Reply::Answer(payload)),
            Ok(None) => Ok(Reply::Said(format!("{channel} has no retained message"))),
            Err(error) => Err(failed(&what, error)),
        }
    }

    /// Says, the first time, why a message does not come back from a channel that is subscribed to.
    fn explanation(&mut self, channel: &str) -> &'static str {
        if self.has_explained || !self.online.is_subscribed(channel) {
            return "";
        }
        self.has_explained = true;
        ", for others: nobody gets their own messages, unless a channel is set to echo them"
    }
}

fn failed(what: &str, error: RequestError) -> Failure {
    let failure = Failure::from(error);
    Failure { text: format!("{what}: {}", failure.text), ..failure }
}
