//! What settings would decide about a client, without a server.

use std::sync::Arc;

use rialto_access::{Access, Explanation, Identity, Revocations, SigningKey};
use rialto_config::{AccessAction, Settings};
use rialto_domain::ForcedSubscription;
use serde_json::{Map, Value};

use crate::{ServeError, settings_map, startup};

/// A client that rules are tried out with. No application is asked.
#[derive(Debug)]
pub struct AccessTrial {
    access: Arc<Access>,
    identity: Identity,
}

impl AccessTrial {
    /// Takes the settings, and the files that they name, for a client of that id: in these groups,
    /// in those of its user and its preset tokens, and with these claims of a JWT.
    ///
    /// # Errors
    /// When a server could not use the settings either.
    pub fn new(
        settings: &Settings,
        client: &str,
        groups: &[String],
        claims: Map<String, Value>,
    ) -> Result<Self, ServeError> {
        let key = SigningKey::random()
            .map_err(|source| ServeError::System { what: "give random bytes", source })?;
        let access = access(settings, key)?;
        let identity = access.identity_for_test(client, groups, claims);
        Ok(AccessTrial { access, identity })
    }

    /// Returns the client.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Says what would be decided, and by what. The name of a direct channel begins with `#`, that
    /// of a control channel with `$`.
    #[must_use]
    pub fn explain(&self, action: AccessAction, channel: &str) -> Explanation {
        self.access.explain(&self.identity, settings_map::action(action), channel)
    }

    /// Returns the channels that the client would be subscribed to when its session opens.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<ForcedSubscription> {
        self.access.admission(Arc::new(self.identity.clone())).subscriptions
    }
}

/// Signs a token for a client at `now`, which is good at every server with the same key.
///
/// # Errors
/// When the data directory has no key, since a new one would be another than the server's; when the
/// settings cannot be used; when the client id is empty or too long.
pub fn sign_token(
    settings: &Settings,
    client: &str,
    now: rialto_domain::UnixMs,
) -> Result<String, ServeError> {
    let path = startup::signing_key_file(settings);
    if !path.exists() {
        return Err(ServeError::Access(format!(
            "there is no signing key {}; a broker that keeps its data makes it at its first start: \
             is the data directory the right one?",
            path.display()
        )));
    }
    let access = access(settings, startup::signing_key(settings)?)?;
    access.sign(client, now).map_err(ServeError::Access)
}

fn access(settings: &Settings, key: SigningKey) -> Result<Arc<Access>, ServeError> {
    let words = settings_map::access(settings).map_err(ServeError::Access)?;
    Access::new(words, key, Revocations::in_memory())
        .map_err(|error| ServeError::Access(error.to_string()))
}
