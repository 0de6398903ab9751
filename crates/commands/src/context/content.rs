//! What a context says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::exit::Failure;

use super::secret::SecretSource;

/// What a context says of one broker; all of it may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// Where the broker listens.
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Address>,
    /// The client id to connect as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    /// Proves the client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<SecretSource>,
    /// Proves the client id where it is a user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<SecretSource>,
    /// PEM file with the authority to trust with TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    /// PEM file with a certificate to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file with the key of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
    /// Where the broker's HTTP listener is: an address with http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<String>,
    /// Opens the HTTP API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<SecretSource>,
}

impl Context {
    /// Returns the token for `client`, unless the context is another client's.
    pub(crate) fn token_of(&self, client: &str) -> Result<Option<String>, Failure> {
        self.secret_of(client, self.token.as_ref())
    }

    /// Returns the password of `client`, unless the context is another client's.
    pub(crate) fn password_of(&self, client: &str) -> Result<Option<String>, Failure> {
        self.secret_of(client, self.password.as_ref())
    }

    /// Returns the key for the HTTP API.
    pub(crate) fn api_key(&self) -> Result<Option<String>, Failure> {
        self.api_key.as_ref().map(SecretSource::read).transpose()
    }

    fn secret_of(
        &self,
        client: &str,
        secret: Option<&SecretSource>,
    ) -> Result<Option<String>, Failure> {
        match secret.filter(|_| self.client.as_deref() == Some(client)) {
            Some(secret) => secret.read().map(Some),
            None => Ok(None),
        }
    }

    /// Returns whether the context itself holds a secret, rather than where it is.
    pub(super) fn holds_secret(&self) -> bool {
        let secrets = [&self.token, &self.password, &self.api_key];
        secrets.into_iter().flatten().any(SecretSource::is_here)
    }
}

/// An address in the file, as it is written on the command line.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::address::Address;

    #[expect(clippy::ref_option, reason = "serde passes the field")]
    pub(super) fn serialize<S: Serializer>(
        address: &Option<Address>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address.as_ref().expect("one that is left out is not written"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Address>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}
