//! Sending requests over connections that are kept.

use std::fmt;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Uri,
    header::{HeaderValue, USER_AGENT},
};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use url::Url;

use crate::{
    Answer, Error, Request, Settings, SetupError,
    connector::{Connector, connector},
    trust,
};

/// Sends requests to the server of one URL. Connections are kept and used again.
pub struct Client {
    client: legacy::Client<Connector, Full<Bytes>>,
    user_agent: Option<HeaderValue>,
}

impl Client {
    /// Makes a client for the server of `url`; nothing is sent yet.
    ///
    /// # Cost
    /// For `https://`, reads the machine's authorities.
    ///
    /// # Errors
    /// [`SetupError`] for a URL or an authority that cannot be used.
    pub fn new(url: &Url, settings: &Settings<'_>) -> Result<Self, SetupError> {
        let uri = uri(url)?;
        let config = trust::config(url, settings.authority)?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(settings.idle_timeout)
            .pool_timer(TokioTimer::new())
            .build(connector(&uri, config, settings));
        Ok(Client { client, user_agent: settings.user_agent.map(HeaderValue::from_static) })
    }

    /// Sends a request and returns the answer as soon as its head has come.
    ///
    /// A connection that turns out to be closed before anything was sent is replaced.
    ///
    /// # Errors
    /// [`Error`] where none comes. A status is none, whatever it says.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let mut request = request.finish()?;
        if let Some(name) = &self.user_agent {
            request.headers_mut().insert(USER_AGENT, name.clone());
        }
        self.client.request(request).await.map(Answer::new).map_err(Error::Connection)
    }
}

/// Reads a URL as hyper does, which takes less than a browser.
fn uri(url: &Url) -> Result<Uri, SetupError> {
    match url.scheme() {
        "http" | "https" => url.as_str().parse().map_err(|_| SetupError::Url),
        _ => Err(SetupError::Url),
    }
}

/// What it is for may hold a password.
impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").finish_non_exhaustive()
    }
}
