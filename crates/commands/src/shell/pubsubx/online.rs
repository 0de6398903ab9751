//! A session in PubSubX and its subscriptions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rialto_client::dialects::{Client, DemandError, Event, Greeting, Options};
use rialto_client::shown::one_word;
use serde_json::value::to_raw_value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::address::Address;
use crate::exit::Failure;

use super::super::feed::Feed;
use super::super::greeting::greeted;
use super::super::item::Item;

/// The topics that the client knows it is subscribed to.
#[derive(Debug, Clone, Default)]
struct Topics(Arc<Mutex<BTreeSet<String>>>);

impl Topics {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restore(&self, greeting: &Greeting) {
        if let Greeting::Restored { channels } = greeting {
            self.lock().extend(channels.iter().cloned());
        }
    }
}

/// A session, be its connection there for the moment or not.
pub(super) struct Online {
    client: Client,
    place: String,
    topics: Topics,
    passing_on: JoinHandle<()>,
}

impl Online {
    pub(super) async fn open(
        options: Options,
        address: &Address,
        feed: &Feed,
    ) -> Result<Self, Failure> {
        let name = options.client.clone().unwrap_or_default();
        let place = format!("{address} as {}", one_word(&name));
        let (client, events) = Client::connect(options).await?;
        let topics = Topics::default();
        topics.restore(client.greeting());
        let passing_on = tokio::spawn(pass_on(events, topics.clone(), feed.clone()));
        Ok(Online { client, place, topics, passing_on })
    }

    pub(super) fn greeting(&self) -> &Greeting {
        self.client.greeting()
    }

    pub(super) fn is_open(&self) -> bool {
        self.client.is_open()
    }

    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.topics.lock().contains(topic)
    }

    pub(super) async fn publish(&self, topic: &str, text: &str) -> Result<(), DemandError> {
        let payload = to_raw_value(text).expect("a text serialises to memory");
        self.client.publish(topic, &payload).await
    }

    pub(super) async fn subscribe(&self, topic: &str) -> Result<(), DemandError> {
        // Before anything can come for it.
        self.topics.lock().insert(topic.to_owned());
        let subscribed = self.client.subscribe(topic).await;
        if subscribed.is_err() {
            self.topics.lock().remove(topic);
        }
        subscribed
    }

    pub(super) async fn unsubscribe(&self, topic: &str) -> Result<(), DemandError> {
        self.client.unsubscribe(topic).await?;
        self.topics.lock().remove(topic);
        Ok(())
    }

    pub(super) fn status(&self) -> Vec<String> {
        let mut lines = vec![self.place.clone()];
        let topics = self.topics.lock();
        lines.extend(topics.iter().map(|topic| format!("subscribed to {}", one_word(topic))));
        lines
    }

    /// Says goodbye: the server forgets the client.
    pub(super) async fn leave(self) {
        // Without a connection there is nobody to say it to.
        let _ = self.client.leave().await;
        let _ = self.passing_on.await;
    }

    /// Ends the connection only: the client can come back for a while.
    pub(super) async fn part(self) {
        let _ = self.client.close().await;
        let _ = self.passing_on.await;
    }
}

/// Shows messages, and what happens to the connection.
async fn pass_on(mut events: mpsc::Receiver<Event>, topics: Topics, feed: Feed) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Message(push) => {
                let data = serde_json::from_str(push.payload.get()).unwrap_or_default();
                feed.show(Item::Text { topic: push.channel, data }).await;
            }
            Event::Lost(text) => feed.notice(format!("{text}; connecting again")).await,
            Event::Back(greeting) => {
                topics.restore(&greeting);
                feed.notice(greeted(&greeting)).await;
            }
            Event::Ended(text) => feed.notice(text).await,
            _ => {}
        }
        if feed.is_closed() {
            return;
        }
    }
}
