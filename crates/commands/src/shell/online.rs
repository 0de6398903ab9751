//! A session in CoreMQ or PubSubX and its subscriptions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rialto_client::dialects::{Client, DemandError, Event, Greeting, Options, Question};
use rialto_client::shown::one_word;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::exit::Failure;

use super::feed::Feed;
use super::item::Item;

/// How a session that was lost and is there again is told of.
pub(super) type Welcome = fn(&Greeting) -> String;

/// The channels that the client knows it is subscribed to.
#[derive(Debug, Clone, Default)]
struct Channels(Arc<Mutex<BTreeSet<String>>>);

impl Channels {
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
    channels: Channels,
    passing_on: JoinHandle<()>,
}

impl Online {
    pub(super) async fn open(
        options: Options,
        welcome: Welcome,
        feed: &Feed,
    ) -> Result<Self, Failure> {
        let (address, name) = (options.address.to_string(), options.client.clone());
        let (client, events) = Client::connect(options).await?;
        let place = match (client.greeting(), name) {
            // CoreMQ's own name for it, to which messages can be sent.
            (Greeting::New { id: Some(id) }, _) => format!("{address} as {}", one_word(id)),
            (_, Some(name)) => format!("{address} as {}", one_word(&name)),
            (_, None) => address,
        };
        let channels = Channels::default();
        channels.restore(client.greeting());
        let passing_on = tokio::spawn(pass_on(events, channels.clone(), welcome, feed.clone()));
        Ok(Online { client, place, channels, passing_on })
    }

    pub(super) fn greeting(&self) -> &Greeting {
        self.client.greeting()
    }

    /// Says where the session is and whose.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn is_open(&self) -> bool {
        self.client.is_open()
    }

    pub(super) fn is_subscribed(&self, channel: &str) -> bool {
        self.channels.lock().contains(channel)
    }

    pub(super) async fn publish(
        &self,
        channel: &str,
        payload: &RawValue,
    ) -> Result<(), DemandError> {
        self.client.publish(channel, payload).await
    }

    pub(super) async fn subscribe(&self, channel: &str) -> Result<(), DemandError> {
        // Before anything can come for it.
        self.channels.lock().insert(channel.to_owned());
        let subscribed = self.client.subscribe(channel).await;
        if subscribed.is_err() {
            self.channels.lock().remove(channel);
        }
        subscribed
    }

    pub(super) async fn unsubscribe(&self, channel: &str) -> Result<(), DemandError> {
        self.client.unsubscribe(channel).await?;
        self.channels.lock().remove(channel);
        Ok(())
    }

    pub(super) async fn ask(
        &self,
        question: Question,
    ) -> Result<Option<Box<RawValue>>, DemandError> {
        self.client.ask(question).await
    }

    pub(super) fn status(&self) -> Vec<String> {
        let mut lines = vec![self.place.clone()];
        let channels = self.channels.lock();
        lines.extend(channels.iter().map(|channel| format!("subscribed to {}", one_word(channel))));
        lines
    }

    /// Says goodbye: the server forgets the client.
    pub(super) async fn leave(self) {
        // Without a connection there is nobody to say it to.
        let _ = self.client.leave().await;
        let _ = self.passing_on.await;
    }

    /// Ends the connection only: a client of PubSubX can come back for a while.
    pub(super) async fn part(self) {
        let _ = self.client.close().await;
        let _ = self.passing_on.await;
    }
}

/// Shows messages, and what happens to the connection.
async fn pass_on(
    mut events: mpsc::Receiver<Event>,
    channels: Channels,
    welcome: Welcome,
    feed: Feed,
) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Message(push) => feed.show(Item::Push(Box::new(push))).await,
            Event::Lost(text) => feed.notice(format!("{text}; connecting again")).await,
            Event::Back(greeting) => {
                channels.restore(&greeting);
                feed.notice(welcome(&greeting)).await;
            }
            Event::Ended(text) => feed.notice(text).await,
            _ => {}
        }
        if feed.is_closed() {
            return;
        }
    }
}
