//! What comes back.

use http_body_util::{BodyExt as _, Limited};
use hyper::{Response, StatusCode, body::Incoming, header::HeaderName};

use crate::Error;

/// An answer, of which the head has come and the body has not been read.
#[derive(Debug)]
pub struct Answer(Response<Incoming>);

impl Answer {
    pub(crate) fn new(response: Response<Incoming>) -> Self {
        Answer(response)
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Returns the first header of a name, if it is text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// Reads the body, of `bytes_max` bytes at most; reading stops where it grows beyond.
    ///
    /// # Errors
    /// [`Error::TooLarge`], or [`Error::Answer`] when the connection breaks off.
    pub async fn read(self, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let body = Limited::new(self.0.into_body(), bytes_max).collect().await;
        match body {
            Ok(body) => Ok(body.to_bytes().into()),
            Err(error) => Err(match error.downcast::<hyper::Error>() {
                Ok(error) => Error::Answer(*error),
                Err(_) => Error::TooLarge { limit: bytes_max },
            }),
        }
    }
}
