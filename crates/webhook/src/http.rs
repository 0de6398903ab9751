//! The HTTP client, as strict as a server's own should be: no redirects, no proxies, bounded answers.

use std::time::Duration;

use rialto_http::{Client, Proxy, Settings, SetupError, Url};

use crate::WebhookError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Many servers close a connection that is idle for five seconds; a request that meets the end of
/// its connection is lost, so the client lets go first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Reads a URL that can be asked.
pub(crate) fn url(text: &str) -> Result<Url, WebhookError> {
    Url::parse(text).map_err(|_| WebhookError::Url)
}

/// Makes the client for `url`, which trusts the machine's authorities and those of `authority` (PEM).
pub(crate) fn client(url: &Url, authority: Option<&[u8]>) -> Result<Client, WebhookError> {
    let settings = Settings {
        authority,
        connect_timeout: Some(CONNECT_TIMEOUT),
        idle_timeout: IDLE_TIMEOUT,
        proxy: Proxy::None,
        user_agent: Some(concat!("rialto/", env!("CARGO_PKG_VERSION"))),
    };
    Client::new(url, &settings).map_err(|error| match error {
        SetupError::Url => WebhookError::Url,
        SetupError::Authority => WebhookError::Authority,
        SetupError::NoAuthority => WebhookError::Tls,
    })
}
