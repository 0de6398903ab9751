//! Questions to the broker: control channels, and pings.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::{AskError, Disconnected, RequestError};
use crate::message::RequestOptions;

use super::Client;

impl Client {
    /// Asks a control channel, and reads its answer.
    ///
    /// # Errors
    /// [`AskError`]; within 10 s, and when the connection is lost, since the request may have been
    /// carried out.
    ///
    /// # Spec
    /// K-49.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::AskError> {
    /// let time: serde_json::Value = client.request("$time", &()).await?;
    /// println!("{time}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn request<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        control: &str,
        question: &Q,
    ) -> Result<A, AskError> {
        self.request_with(control, question, RequestOptions::default()).await
    }

    /// As [`request`](Self::request), with another limit, or repeated after a loss.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn request_with<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        control: &str,
        question: &Q,
        options: RequestOptions,
    ) -> Result<A, AskError> {
        let question = to_raw_value(question).map_err(AskError::Question)?;
        let answer = self.request_raw(control, &question, options).await?;
        let answer = answer.as_deref().unwrap_or(RawValue::NULL);
        serde_json::from_str(answer.get()).map_err(AskError::Answer)
    }

    /// Asks a control channel with JSON, and returns the JSON of its answer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn request_raw(
        &self,
        control: &str,
        question: &RawValue,
        options: RequestOptions,
    ) -> Result<Option<Box<RawValue>>, RequestError> {
        let (ticket, answer) = oneshot::channel();
        self.shared().with(|core, now| core.ask(now, (control, question), options, ticket));
        let ack = answer.await.unwrap_or(Err(Disconnected::Closed.into()))?;
        Ok(ack.data)
    }

    /// Sends a heartbeat out of turn, and returns how long the broker's answer takes.
    ///
    /// # Errors
    /// [`RequestError`]; when there is no connection, or it is lost meanwhile.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: rialto_client::Client) -> Result<(), rialto_client::RequestError> {
    /// println!("the broker answers within {:?}", client.ping().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ping(&self) -> Result<Duration, RequestError> {
        let asked = Instant::now();
        let (ticket, answer) = oneshot::channel();
        self.shared().with(|core, now| core.ping(now, ticket));
        answer.await.unwrap_or(Err(Disconnected::Closed.into()))?;
        Ok(asked.elapsed())
    }
}
