//! One signed request.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rialto_application::{Event, UnixMs};
use rialto_http::{
    Answer, Client, Method, Request, Url,
    header::{CONTENT_TYPE, HeaderName},
};

use crate::{Failure, RequestTimes, WebhookError, http, signature::Signer};

const EVENT: HeaderName = HeaderName::from_static("rialto-event");
const DELIVERY: HeaderName = HeaderName::from_static("rialto-delivery");
const TIMESTAMP: HeaderName = HeaderName::from_static("rialto-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("rialto-signature");

/// Sends to the application's URL.
pub(crate) struct Post {
    client: Client,
    url: Url,
    signer: Signer,
    pub(crate) times: Arc<RequestTimes>,
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
        Ok(Post { client, url, signer: Signer::new(secret), times: Arc::default() })
    }

    /// Sends a message, signed for this moment, and returns the beginning of the answer.
    pub(crate) async fn send(&self, message: &Message) -> Result<Answer, Failure> {
        let timestamp = (unix_ms() / 1000).to_string();
        let signature = self.signer.sign(&timestamp, &message.body);
        let request = Request::new(Method::POST, &self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(EVENT, message.event.as_str())
            .header(DELIVERY, &message.id)
            .header(TIMESTAMP, &timestamp)
            .header(SIGNATURE, &signature)
            .body(message.body.clone());
        let under_way = self.times.begin();
        let answer = self.client.send(request).await.map_err(|error| Failure::of(&error))?;
        under_way.answered(answer.status().is_success());
        Ok(answer)
    }
}

/// Reads the clock.
pub(crate) fn unix_ms() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs::try_from(since_epoch.as_millis()).unwrap_or(UnixMs::MAX)
}
