//! As whom a client connects.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::reason::Reason;
use crate::status::Status;

/// As whom a client connects.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// Asks for a token with this data in an `auth` packet, each time it connects.
    Auth(Box<RawValue>),
    /// Presents a token that is known already.
    Token(Identity),
    /// Asks the application before each attempt; see [`Credentials::provider`].
    Provider(Provider),
}

/// What happened before an attempt that credentials are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// Why the last attempt failed or the connection was lost.
    pub reason: Option<Reason>,
    /// The broker's status, where it gave one.
    pub status: Option<Status>,
}

/// Why a function has no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvideError {
    /// Not now; asked again with the next attempt.
    #[error("no credentials: {0}")]
    Unavailable(String),
    /// Never; the client ends.
    #[error("no credentials for this client: {0}")]
    Unauthorized(String),
}

/// What a provider returns.
type Provided = Pin<Box<dyn Future<Output = Result<Credentials, ProvideError>> + Send>>;

/// A function that the application has credentials from.
#[derive(Clone)]
pub struct Provider(Arc<dyn Fn(Why) -> Provided + Send + Sync>);

impl Provider {
    pub(crate) async fn provide(&self, why: Why) -> Result<Credentials, ProvideError> {
        (self.0)(why).await
    }
}

impl Credentials {
    /// Asks a broker in open mode for a token in the name of `client`.
    pub fn named(client: &str) -> Self {
        let data = serde_json::json!({ "client_name": client });
        Credentials::with_data(&data)
    }

    /// Asks for a token with the name and the password of a user.
    pub fn password(client: &str, password: &str) -> Self {
        let data = serde_json::json!({ "client_name": client, "password": password });
        Credentials::with_data(&data)
    }

    /// Presents the `token` of `client`.
    pub fn token(client: &str, token: &str) -> Self {
        Credentials::Token(Identity { client: client.to_owned(), token: token.to_owned() })
    }

    /// Asks `provide` before each attempt, as for tokens that expire. It may take 10 s. When the broker
    /// does not take the token, it is asked once more at once.
    ///
    /// # Spec
    /// K-11, K-12.
    ///
    /// # Example
    /// ```
    /// use rialto_client::{Credentials, ProvideError};
    ///
    /// async fn fresh_token() -> Result<String, std::io::Error> {
    ///     Ok("t1".to_owned())
    /// }
    ///
    /// let credentials = Credentials::provider(|_why| async {
    ///     let token = fresh_token().await;
    ///     let token = token.map_err(|error| ProvideError::Unavailable(error.to_string()))?;
    ///     Ok(Credentials::token("ada", &token))
    /// });
    /// # drop(credentials);
    /// ```
    pub fn provider<F, Fut>(provide: F) -> Self
    where
        F: Fn(Why) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, ProvideError>> + Send + 'static,
    {
        Credentials::Provider(Provider(Arc::new(move |why| Box::pin(provide(why)))))
    }

    fn with_data(data: &serde_json::Value) -> Self {
        Credentials::Auth(serde_json::value::to_raw_value(data).expect("a JSON value is JSON"))
    }
}

impl fmt::Debug for Credentials {
    /// Names the kind only: both kinds of values hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::Auth(_) => "Auth(…)",
            Credentials::Token(_) => "Token(…)",
            Credentials::Provider(_) => "Provider(…)",
        })
    }
}

/// A client id and the token that proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The client id.
    pub client: String,
    /// The token: a secret.
    pub token: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("client", &self.client).finish_non_exhaustive()
    }
}
