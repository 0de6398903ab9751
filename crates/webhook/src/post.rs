//! One signed request.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Client, Response, Url, header};
use rialto_application::{Event, UnixMs};

use crate::{Failure, WebhookError, http, signature::Signer};

/// Sends to the application's URL.
pub(crate) struct Post {
    client: Client,
    url: Url,
    signer: Signer,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The same for each try.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) event: Event,
    /// One JSON object, in which id and event stand as well.
    pub(crate) body: String,
}

impl Post {
    pub(crate) fn new(
        url: &str,
        authority: Option<&[u8]>,
        secret: &[u8],
    ) -> Result<Self, WebhookError> {
        let url = http::url(url)?;
        let client = http::client(&url, authority)?;
        Ok(Post { client, url, signer: Signer::new(secret) })
    }

    /// Sends a message, signed for this moment, and returns the beginning of the answer.
    pub(crate) async fn send(&self, message: &Message) -> Result<Response, Failure> {
        let timestamp = (unix_ms() / 1000).to_string();
        let signature = self.signer.sign(&timestamp, &message.body);
        let request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("Rialto-Event", message.event.as_str())
            .header("Rialto-Delivery", &message.id)
            .header("Rialto-Timestamp", timestamp)
            .header("Rialto-Signature", signature)
            .body(message.body.clone());
        request.send().await.map_err(|error| Failure::of(&error))
    }
}

/// Reads the clock.
pub(crate) fn unix_ms() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs::try_from(since_epoch.as_millis()).unwrap_or(UnixMs::MAX)
}
