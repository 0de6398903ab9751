//! What comes back.

use bytes::Bytes;
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

    /// Waits for the next piece of the body; `None` at its end. For a body that goes on and on: its bytes
    /// are bounded by nobody.
    ///
    /// # Errors
    /// [`Error::Answer`] when the connection breaks off.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.0.body_mut().frame().await {
            // Anything else is a trailer.
            if let Ok(piece) = frame.map_err(Error::Answer)?.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
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
