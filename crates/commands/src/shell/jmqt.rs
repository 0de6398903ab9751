//! The shell's conversation in JMQT.

mod online;
mod watch;

use std::time::Duration;

use rialto_client::{Backoff, Qos, RequestError, RequestOptions};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::address::Address;
use crate::exit::{Exit, Failure};
use crate::remote::{RemoteArgs, default_server};
use crate::request;

use super::command::{Data, Publish, Target};
use super::feed::Feed;
use super::payload::payload;
use super::peer::{Peer, Reply};

use online::Online;

/// A peer that speaks JMQT.
pub(super) struct JmqtPeer {
    /// Where to connect to and as whom, unless a command says otherwise.
    remote: RemoteArgs,
    /// Where the last session was, or is.
    current: Address,
    feed: Feed,
    /// How long an answer may take.
    limit: Duration,
    online: Option<Online>,
}

impl JmqtPeer {
    pub(super) fn new(remote: RemoteArgs, limit: Duration, feed: Feed) -> Self {
        let current = Address::Jmqt(default_server());
        JmqtPeer { remote, current, feed, limit, online: None }
    }

    fn online(&mut self) -> Result<&mut Online, Failure> {
        self.online.as_mut().ok_or_else(not_connected)
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
}

impl Peer for JmqtPeer {
    async fn connect(&mut self, target: &Target) -> Result<Reply, Failure> {
        let (address, client) = (target.address.as_deref(), target.client.as_deref());
        let remote = self.remote.aimed_at(&self.current, address, client)?;
        let resolved = remote.resolve("shell", None)?;
        self.disconnect().await?;
        let mut options = resolved.options.clone();
        let current = Address::Jmqt(options.endpoint.clone());
        options.reconnect = (!remote.no_reconnect).then(Backoff::default);
        let online = Online::open(options, &resolved, &self.feed).await?;
        let said = format!("connected to {}", online.place());
        self.online = Some(online);
        (self.remote, self.current) = (remote, current);
        Ok(Reply::Said(said))
    }

    async fn disconnect(&mut self) -> Result<Reply, Failure> {
        match self.online.take() {
            Some(online) => {
                online.close().await;
                Ok(Reply::said("disconnected"))
            }
            None => Ok(Reply::said("there is no connection")),
        }
    }

    async fn part(&mut self) {
        if let Some(online) = self.online.take() {
            online.close().await;
        }
    }

    fn is_connected(&self) -> bool {
        self.online.as_ref().is_some_and(Online::is_open)
    }

    async fn publish(&mut self, publish: &Publish) -> Result<Reply, Failure> {
        let (limit, channel) = (self.limit, &publish.channel);
        let payload = payload(&publish.data)?;
        let what = format!("publish to {channel}");
        let done = self.online()?.publish(publish, &payload);
        match Self::in_time(limit, &what, done).await? {
            Ok(Some(answer)) => Ok(Reply::Answer(answer)),
            Ok(None) if publish.qos == Qos::AtMostOnce => {
                Ok(Reply::Said(format!("sent to {channel}")))
            }
            Ok(None) => Ok(Reply::Said(format!("published to {channel}"))),
            Err(error) => Err(failed(&what, error)),
        }
    }

    async fn subscribe(&mut self, channel: &str, is_persistent: bool) -> Result<Reply, Failure> {
        let (limit, feed) = (self.limit, self.feed.clone());
        let online = self.online()?;
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

    async fn unsubscribe(&mut self, channel: &str) -> Result<Reply, Failure> {
        let limit = self.limit;
        let what = format!("unsubscribe from {channel}");
        let done = self.online()?.unsubscribe(channel);
        Self::in_time(limit, &what, done).await?.map_err(|error| failed(&what, error))?;
        Ok(Reply::Said(format!("unsubscribed from {channel}")))
    }

    async fn request(&mut self, channel: &str, data: Option<&Data>) -> Result<Reply, Failure> {
        let limit = self.limit;
        let data = match data {
            Some(data) => payload(data)?,
            None => RawValue::NULL.to_owned(),
        };
        let options = RequestOptions { timeout: limit, ..RequestOptions::default() };
        let answer = self.online()?.client().request_raw(channel, &data, options).await;
        let answer = answer.map_err(|error| request::failed(channel, error, limit))?;
        Ok(Reply::Answer(answer.unwrap_or_else(|| RawValue::NULL.to_owned())))
    }

    async fn retained(&mut self, channel: &str) -> Result<Reply, Failure> {
        let limit = self.limit;
        let what = format!("the retained message of {channel}");
        let found = self.online()?.retained(channel);
        match Self::in_time(limit, &what, found).await? {
            Ok(Some(payload)) => Ok(Reply::Answer(payload)),
            Ok(None) => Ok(Reply::Said(format!("{channel} has no retained message"))),
            Err(error) => Err(failed(&what, error)),
        }
    }

    fn status(&self) -> Vec<String> {
        match &self.online {
            Some(online) => online.status(),
            None => vec!["not connected".to_owned()],
        }
    }
}

fn not_connected() -> Failure {
    Failure::new(Exit::Unreachable, "there is no connection; connect makes one")
}

fn failed(what: &str, error: RequestError) -> Failure {
    let failure = Failure::from(error);
    Failure { text: format!("{what}: {}", failure.text), ..failure }
}
