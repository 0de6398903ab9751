//! What is sent.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method,
    header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue},
    http::request::Builder,
};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::Error;

/// A request that is being written.
#[derive(Debug)]
pub struct Request {
    head: Builder,
    body: Bytes,
}

impl Request {
    /// Begins a request. User and password of the URL, if it has them, go into a header.
    #[must_use]
    pub fn new(method: Method, url: &Url) -> Self {
        let head = Builder::new().method(method).header(ACCEPT, "*/*");
        let request = |url: &Url| Request { head: head.uri(url.as_str()), body: Bytes::new() };
        match credentials(url) {
            None => request(url),
            Some(credentials) => request(&bare(url.clone())).secret(AUTHORIZATION, &credentials),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: impl Into<HeaderName>, value: &str) -> Self {
        Request { head: self.head.header(name.into(), value), ..self }
    }

    /// Gives it a body; without one it has none.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Request { body: body.into(), ..self }
    }

    /// Sets a header that no log may show, in the place of one of that name.
    #[must_use]
    pub fn secret(mut self, name: HeaderName, value: &str) -> Self {
        match (HeaderValue::from_str(value), self.head.headers_mut()) {
            (Ok(mut value), Some(headers)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
                self
            }
            // The builder keeps the mistake, and tells it when the request is sent.
            _ => self.header(name, value),
        }
    }

    pub(crate) fn finish(self) -> Result<hyper::Request<Full<Bytes>>, Error> {
        self.head.body(Full::new(self.body)).map_err(Error::Request)
    }
}

/// Returns the header that user and password of a URL make.
fn credentials(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut text = percent_decode_str(url.username()).collect::<Vec<u8>>();
    text.push(b':');
    text.extend(percent_decode_str(url.password().unwrap_or_default()));
    Some(format!("Basic {}", BASE64_STANDARD.encode(text)))
}

fn bare(mut url: Url) -> Url {
    let is_bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
    debug_assert!(is_bare, "a URL with a user has a host");
    url
}

#[cfg(test)]
mod tests;
