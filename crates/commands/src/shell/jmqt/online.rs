//! A session in JMQT and its subscriptions.

use std::collections::BTreeMap;

use rialto_client::{
    Acknowledge, Client, Options, Persistence, PublishOptions, RequestError, RequestOptions, State,
    SubscribeOptions, Subscription, SubscriptionRemote,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exit::Failure;
use crate::remote::Remote;

use super::super::feed::Feed;
use super::super::item::Item;
use super::watch::{Told, watch};

/// A session, be its connection there for the moment or not.
pub(super) struct Online {
    client: Client,
    /// Where the broker is.
    address: String,
    /// What is missing for a persistent subscription.
    client_missing: Option<Failure>,
    subscriptions: BTreeMap<String, Subscribed>,
}

struct Subscribed {
    remote: SubscriptionRemote,
    persistence: Persistence,
}

/// What `$mySubscriptions` answers, as far as it matters.
#[derive(Deserialize)]
struct Known {
    subscriptions: BTreeMap<String, String>,
}

impl Online {
    pub(super) async fn open(
        options: Options,
        remote: &Remote,
        feed: &Feed,
    ) -> Result<Self, Failure> {
        let address = options.endpoint.to_string();
        let client = Client::connect(options).await?;
        let told = Told { connection: client.connection(), events: client.events() };
        tokio::spawn(watch(told, feed.clone()));
        // Direct messages, what the server subscribed the client to, and what was subscribed to by an
        // earlier run.
        let rest = client.rest(SubscribeOptions::default().manual());
        tokio::spawn(pass_on(rest, feed.clone()));
        let client_missing = remote.require_client("--persistent").err();
        Ok(Online { client, address, client_missing, subscriptions: BTreeMap::new() })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_open(&self) -> bool {
        self.client.state() != State::Closed
    }

    /// Says where the session is and whose.
    pub(super) fn place(&self) -> String {
        let name = self.client.identity().map(|it| it.client).unwrap_or_default();
        format!("{} as {}", self.address, rialto_client::shown::one_word(&name))
    }

    pub(super) fn require_client(&self) -> Result<(), Failure> {
        match &self.client_missing {
            Some(failure) => Err(Failure::new(failure.exit, failure.text.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn is_subscribed(&self, channel: &str) -> bool {
        self.subscriptions.contains_key(channel)
    }

    /// Publishes, and returns what a control channel answers.
    pub(super) async fn publish(
        &self,
        channel: &str,
        payload: &RawValue,
        how: PublishOptions,
    ) -> Result<Option<Box<RawValue>>, RequestError> {
        self.client.publish(channel, payload, how).await.map(|ack| ack.data)
    }

    pub(super) async fn subscribe(
        &mut self,
        channel: &str,
        is_persistent: bool,
        feed: Feed,
    ) -> Result<(), RequestError> {
        let persistence =
            if is_persistent { Persistence::Persistent } else { Persistence::Session };
        let options = SubscribeOptions { persistence, acknowledge: Acknowledge::Manual };
        let subscription = self.client.subscription(channel, options).await?;
        let subscribed = Subscribed { remote: subscription.remote(), persistence };
        self.subscriptions.insert(channel.to_owned(), subscribed);
        tokio::spawn(pass_on(subscription, feed));
        Ok(())
    }

    pub(super) async fn unsubscribe(&mut self, channel: &str) -> Result<(), RequestError> {
        match self.subscriptions.get(channel) {
            Some(subscribed) => subscribed.remote.unsubscribe().await?,
            // A persistent one of an earlier run.
            None => self.client.unsubscribe(channel).await?,
        }
        self.subscriptions.remove(channel);
        Ok(())
    }

    /// Finds a channel's retained message, by a subscription that is taken back unless there was one.
    pub(super) async fn retained(
        &self,
        channel: &str,
    ) -> Result<Option<Box<RawValue>>, RequestError> {
        let persistence = self.known_persistence(channel).await?;
        let options = SubscribeOptions {
            persistence: persistence.unwrap_or_default(),
            acknowledge: Acknowledge::Received,
        };
        let mut subscription = self.client.subscription(channel, options).await?;
        // The retained message comes right behind the consent, and before the answer to a heartbeat.
        self.client.ping().await?;
        let retained = std::iter::from_fn(|| subscription.try_next()).find(|it| it.retained);
        match persistence {
            Some(_) => subscription.stop(),
            None => subscription.unsubscribe().await?,
        }
        Ok(retained.map(|message| message.payload.clone()))
    }

    /// Returns which subscription the client has to a channel, be it of this run or of an earlier one.
    async fn known_persistence(&self, channel: &str) -> Result<Option<Persistence>, RequestError> {
        if let Some(subscribed) = self.subscriptions.get(channel) {
            return Ok(Some(subscribed.persistence));
        }
        let options = RequestOptions::default();
        let answer = self.client.request_raw("$mySubscriptions", RawValue::NULL, options).await?;
        let known = answer.and_then(|answer| serde_json::from_str::<Known>(answer.get()).ok());
        let kind = known.and_then(|known| known.subscriptions.get(channel).cloned());
        Ok(kind.map(|kind| match kind.as_str() {
            "persistent" => Persistence::Persistent,
            _ => Persistence::Session,
        }))
    }

    pub(super) fn status(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.place(), self.client.state().word())];
        for (channel, subscribed) in &self.subscriptions {
            let kind = match subscribed.persistence {
                Persistence::Persistent => ", persistently",
                Persistence::Session => "",
            };
            lines.push(format!("subscribed to {channel}{kind}"));
        }
        lines
    }

    pub(super) async fn close(self) {
        self.client.close().await;
    }
}

/// Shows the messages of a subscription until it ends.
async fn pass_on(mut subscription: Subscription, feed: Feed) {
    while let Some(message) = subscription.next().await {
        feed.show(Item::Message(Box::new(message))).await;
        if feed.is_closed() {
            return;
        }
    }
}
