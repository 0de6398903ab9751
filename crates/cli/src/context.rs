//! Contexts: what a command needs to know of a broker, kept under a name.
//!
//! What a command takes stands in this order: a flag, an environment variable, the context, the default. Read
//! [`ContextArgs::load`] first; `commands.rs` is `rialto context`, `file.rs` the file.

mod commands;
mod file;
mod secret;

use std::path::PathBuf;

use rialto_client::Endpoint;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

use file::ContextFile;

pub(crate) use commands::{Args, run};
pub(crate) use secret::SecretSource;

/// Which context a command uses.
#[derive(Debug, clap::Args)]
pub(crate) struct ContextArgs {
    /// Context to take from what neither a flag nor the environment says; `rialto context` keeps
    /// them [default: the current one]
    #[arg(long = "context", value_name = "NAME", env = "RIALTO_CONTEXT")]
    name: Option<String>,
}

/// What a context says of one broker; all of it may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// Where the broker listens for JMQT.
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Endpoint>,
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

impl ContextArgs {
    /// Returns the context that was asked for by name, or else the current one; an empty one if there
    /// is none.
    ///
    /// The current one does not count where `is_broker_named`, which is that a flag or the environment
    /// says which broker to talk to: nobody who tries something at a broker of their own should send it
    /// another's token.
    pub(crate) fn load(&self, is_broker_named: bool) -> Result<Context, Failure> {
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        if name.is_none() && is_broker_named {
            return Ok(Context::default());
        }
        match (name, ContextFile::find()) {
            (Some(name), Some(file)) => file.read()?.get(name).cloned(),
            (Some(name), None) => Err(Failure::new(
                Exit::Usage,
                format!("there is no context {name:?}: {}", file::NO_DIRECTORY),
            )),
            (None, Some(file)) => Ok(file.read()?.current().cloned().unwrap_or_default()),
            (None, None) => Ok(Context::default()),
        }
    }
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
    fn holds_secret(&self) -> bool {
        let secrets = [&self.token, &self.password, &self.api_key];
        secrets.into_iter().flatten().any(SecretSource::is_here)
    }
}

/// An address in the file, as it is written on the command line.
mod as_text {
    use rialto_client::Endpoint;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde passes the field")]
    pub(super) fn serialize<S: Serializer>(
        endpoint: &Option<Endpoint>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(endpoint.as_ref().expect("one that is left out is not written"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Endpoint>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}
