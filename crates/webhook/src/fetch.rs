//! One document from a URL, for whoever else in the server needs one.

use std::time::Duration;

use rialto_http::{Client, Method, Request, StatusCode, Url};

use crate::{Failure, WebhookError, http};

/// Why a document could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It could not even be asked for.
    #[error(transparent)]
    Setup(#[from] WebhookError),
    /// It did not come; another try may help.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Fetches the text at `url`, such as a set of keys. Redirects are not followed.
///
/// `authority` are certificates (PEM) to trust besides those of the machine. All of it may take
/// `timeout`, and the text may have `bytes_max` bytes.
///
/// # Cost
/// Each call reads the machine's authorities anew: for what is needed every few minutes, not more.
///
/// # Errors
/// [`FetchError::Setup`] for a URL or an authority that cannot be used; [`FetchError::Failed`] when
/// the document does not come, comes with another status than 200, or is too large.
pub async fn fetch(
    url: &str,
    authority: Option<&[u8]>,
    timeout: Duration,
    bytes_max: usize,
) -> Result<String, FetchError> {
    let url = http::url(url)?;
    let client = http::client(&url, authority)?;
    let body = rialto_stopwatch::timeout(timeout, get(&client, &url, bytes_max)).await;
    let body = body.unwrap_or(Err(Failure::TimedOut))?;
    String::from_utf8(body).map_err(|_| Failure::NotText.into())
}

async fn get(client: &Client, url: &Url, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let answer = client.send(Request::new(Method::GET, url)).await;
    let answer = answer.map_err(|error| Failure::of(&error))?;
    match answer.status() {
        StatusCode::OK => answer.read(bytes_max).await.map_err(|error| Failure::of(&error)),
        status => Err(Failure::Status(status.as_u16())),
    }
}
