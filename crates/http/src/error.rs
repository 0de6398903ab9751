//! Why there is no client, or no answer.

use std::{error::Error as StdError, io};

/// Why a client cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The URL is none that can be asked.
    #[error("the URL must begin with http:// or https:// and name a host")]
    Url,
    /// The authority's certificates cannot be read.
    #[error("the authority holds no certificate that can be read; it must be PEM text")]
    Authority,
    /// There is no authority to check the server's certificate with.
    #[error("no certificate authority that this machine trusts was found")]
    NoAuthority,
}

/// Why a request got no whole answer. Its own text never names the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be written: a header or the URL holds what HTTP cannot carry.
    #[error("the request cannot be written")]
    Request(#[source] hyper::http::Error),
    /// There is no connection, or it broke off before the answer began.
    #[error("no connection, or it broke off")]
    Connection(#[source] hyper_util::client::legacy::Error),
    /// The answer broke off.
    #[error("the answer broke off")]
    Answer(#[source] hyper::Error),
    /// The answer is longer than the caller allows.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// Most bytes an answer may have.
        limit: usize,
    },
}

impl Error {
    /// Returns whether no connection came about: nobody listens, or TLS failed.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self, Error::Connection(error) if error.is_connect())
    }

    /// Returns whether connecting took too long, or the system gave the connection up after waiting.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(self);
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}
