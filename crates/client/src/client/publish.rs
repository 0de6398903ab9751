//! Publishing, with and without waiting.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::oneshot;

use crate::core::{Admission, Publication};
use crate::error::{Disconnected, PublishError, RequestError};
use crate::message::{Ack, PublishOptions};
use crate::pending::PendingAck;

use super::Client;

/// Withdraws a publish whose caller has gone.
struct Attended(Option<PendingAck>);

impl Drop for Attended {
    fn drop(&mut self) {
        if let Some(pending) = self.0.take() {
            pending.cancel();
        }
    }
}

impl Client {
    /// Publishes one message, and waits: at QoS 1 for the acknowledgement, at QoS 0 for its turn.
    ///
    /// A message to a control channel, such as `$time`, is answered in [`Ack::data`]; see
    /// [`request`](Self::request). Dropping the future withdraws a message that was not sent yet.
    ///
    /// # Errors
    /// [`RequestError`]. At QoS 1 it waits while there is no connection, at QoS 0 that is
    /// [`RequestError::Offline`].
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::PublishOptions;
    /// use serde_json::{json, value::to_raw_value};
    ///
    /// let reading = to_raw_value(&json!({ "celsius": 21 }))?;
    /// client.publish("office", &reading, PublishOptions::acknowledged()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish(
        &self,
        channel: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<Ack, RequestError> {
        let mut attended = Attended(Some(self.start_publish(channel, payload, options).await?));
        let answer = match &mut attended.0 {
            Some(pending) => pending.await,
            None => Err(RequestError::Withdrawn),
        };
        attended.0 = None;
        answer
    }

    /// Publishes a value as JSON, and waits as [`publish`](Self::publish) does.
    ///
    /// # Errors
    /// [`PublishError`].
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::PublishError> {
    /// use rialto_client::PublishOptions;
    ///
    /// client.publish_json("news", &"hello", PublishOptions::acknowledged()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish_json<T: Serialize + ?Sized>(
        &self,
        channel: &str,
        value: &T,
        options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        let payload = to_raw_value(value).map_err(PublishError::Value)?;
        Ok(self.publish(channel, &payload, options).await?)
    }

    /// Publishes one message without waiting for its acknowledgement, which can be had later.
    ///
    /// Waits only while the outbox is full, if that is what [`Options::outbox`](crate::Options::outbox)
    /// says. Messages leave in the order of the calls.
    ///
    /// # Errors
    /// [`Disconnected`] if the client has ended.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::PublishOptions;
    /// use serde_json::value::to_raw_value;
    ///
    /// let mut acks = Vec::new();
    /// for number in 0..100 {
    ///     let payload = to_raw_value(&number)?;
    ///     let options = PublishOptions::acknowledged();
    ///     acks.push(client.start_publish("numbers", &payload, options).await?);
    /// }
    /// for ack in acks {
    ///     ack.await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start_publish(
        &self,
        channel: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<PendingAck, Disconnected> {
        let queue = &self.shared().queue;
        let is_behind = !queue.is_empty();
        let publication = Publication { channel, payload, options, is_behind };
        if let Some(pending) = self.admit(&publication)? {
            return Ok(pending);
        }
        let publication = Publication { is_behind: false, ..publication };
        queue.wait_for(|| self.admit(&publication).transpose()).await
    }

    /// Publishes if there is room.
    fn admit(&self, publication: &Publication<'_>) -> Result<Option<PendingAck>, Disconnected> {
        let mut to_come = None;
        let ticket = || {
            let (ticket, answer) = oneshot::channel();
            to_come = Some(answer);
            ticket
        };
        let admission = self.shared().with(|core, now| match core.ended() {
            Some(reason) => Err(reason.clone()),
            None => Ok(core.publish(now, publication, ticket)),
        })?;
        let shared = self.shared();
        Ok(match admission {
            Admission::NoRoom => None,
            Admission::Done(answer) => Some(PendingAck::of(answer, shared)),
            Admission::Taken(number) => {
                to_come.map(|answer| PendingAck::to_come(answer, number, shared))
            }
        })
    }

    /// Sends a direct message to the client `client`.
    ///
    /// # Errors
    /// [`RequestError`]; with [`Status::CLIENT_OFFLINE`](crate::Status::CLIENT_OFFLINE) at QoS 1 the
    /// broker may keep the message for it.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use rialto_client::PublishOptions;
    /// use serde_json::value::to_raw_value;
    ///
    /// client.send("bob", &to_raw_value("hello")?, PublishOptions::acknowledged()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(
        &self,
        client: &str,
        payload: &RawValue,
        options: PublishOptions,
    ) -> Result<(), RequestError> {
        self.publish(&format!("#{client}"), payload, options).await.map(drop)
    }
}
