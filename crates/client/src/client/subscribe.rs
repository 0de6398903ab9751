//! Subscribing, and taking what comes unasked.

use tokio::sync::oneshot;

use crate::core::REST;
use crate::error::{Disconnected, RequestError};
use crate::message::SubscribeOptions;
use crate::subscription::Subscription;

use super::Client;

impl Client {
    /// Subscribes to `channel`, and waits for the broker's consent.
    ///
    /// # Errors
    /// [`RequestError`]. While there is no connection it waits.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
    /// use rialto_client::SubscribeOptions;
    ///
    /// let mut weather = client.subscription("weather", SubscribeOptions::persistent()).await?;
    /// while let Some(message) = weather.next().await {
    ///     println!("{} {}", message.channel, message.payload);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn subscription(
        &self,
        channel: &str,
        options: SubscribeOptions,
    ) -> Result<Subscription, RequestError> {
        let mut subscription = self.subscribe(channel, options);
        subscription.active().await?;
        Ok(subscription)
    }

    /// Subscribes to `channel` without waiting; [`Subscription::active`] waits for the consent.
    pub fn subscribe(&self, channel: &str, options: SubscribeOptions) -> Subscription {
        let (ticket, consent) = oneshot::channel();
        let key = self.shared().with(|core, _| core.subscribe(channel, options, ticket));
        Subscription::new(&self.handle, (key, channel), options, Some(consent))
    }

    /// Takes what comes for `channel` without asking the broker for it, as where the server has
    /// subscribed the client, or where a persistent subscription of before still brings messages.
    pub fn listen(&self, channel: &str) -> Subscription {
        self.listen_with(channel, SubscribeOptions::default())
    }

    /// As [`listen`](Self::listen), with another way to acknowledge.
    pub fn listen_with(&self, channel: &str, options: SubscribeOptions) -> Subscription {
        // Nothing is asked of the broker, so leaving asks nothing either.
        let options =
            SubscribeOptions { acknowledge: options.acknowledge, ..SubscribeOptions::persistent() };
        let key = self.shared().with(|core, _| core.listen(channel, options));
        Subscription::new(&self.handle, (key, channel), options, None)
    }

    /// Takes the direct messages that others [`send`](Self::send) to this client.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) {
    /// let mut direct = client.direct();
    /// while let Some(message) = direct.next().await {
    ///     println!("{} says {}", message.publisher, message.payload);
    /// }
    /// # }
    /// ```
    pub fn direct(&self) -> Subscription {
        let channel = self.shared().with(|core, _| core.own_channel());
        self.listen(&channel)
    }

    /// Takes what comes and no other subscription takes, of any channel: what the server subscribed the
    /// client to, and persistent subscriptions of an earlier run.
    pub fn rest(&self, options: SubscribeOptions) -> Subscription {
        self.listen_with(REST, options)
    }

    /// Ends the subscription to `channel`, a persistent one of an earlier run too, and waits for
    /// consent. [`Subscription::unsubscribe`] does so for what was subscribed to here.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Offline`] while there is no connection.
    pub async fn unsubscribe(&self, channel: &str) -> Result<(), RequestError> {
        let (ticket, answer) = oneshot::channel();
        self.shared().with(|core, _| core.unsubscribe(channel, ticket));
        answer.await.unwrap_or(Err(Disconnected::Closed.into())).map(drop)
    }
}
