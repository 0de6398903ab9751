//! The HTTP client, as strict as a server's own should be: no redirects, no proxies, bounded answers.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Response, Url, redirect::Policy};

use crate::{Failure, WebhookError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Many servers close a connection that is idle for five seconds; a request that meets the end of
/// its connection is lost, so the client lets go first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Reads a URL that can be asked.
pub(crate) fn url(text: &str) -> Result<Url, WebhookError> {
    let url = Url::parse(text).map_err(|_| WebhookError::Url)?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(WebhookError::Url),
    }
}

/// Makes the client for `url`, which trusts the machine's authorities and those of `authority` (PEM).
pub(crate) fn client(url: &Url, authority: Option<&[u8]>) -> Result<Client, WebhookError> {
    let authorities = authority.map_or(Ok(Vec::new()), authorities)?;
    let builder = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(concat!("rialto/", env!("CARGO_PKG_VERSION")));
    trusting(builder, url, authorities).build().map_err(|_| WebhookError::Tls)
}

/// Reads a body of at most `bytes_max` bytes; reading stops where it grows beyond.
pub(crate) async fn read(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of(&error))? {
        if bytes_max - body.len() < chunk.len() {
            return Err(Failure::TooLarge { limit: bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, WebhookError> {
    let certificates = Certificate::from_pem_bundle(pem).map_err(|_| WebhookError::Authority)?;
    if certificates.is_empty() { Err(WebhookError::Authority) } else { Ok(certificates) }
}

/// Without TLS the machine's authorities are not looked for: a container may have none.
fn trusting(builder: ClientBuilder, url: &Url, authorities: Vec<Certificate>) -> ClientBuilder {
    if url.scheme() == "https" {
        builder.tls_certs_merge(authorities)
    } else {
        builder.tls_certs_only(authorities)
    }
}
