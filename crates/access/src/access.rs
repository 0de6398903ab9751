//! The gate: who gets a token, and which token opens which session.

use std::{collections::HashMap, time::Duration};

use jsonwebtoken::{Algorithm, Header, Validation};
use rialto_broker::{ClientId, Gate, Grant, Refusal, Reject, UnixMs};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::SigningKey;

/// How clients get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whoever names a client gets its token. For development, and for loopback.
    Open,
    /// Only preset tokens and those signed earlier open sessions.
    Tokens,
}

/// A token that the configuration gives one client; a client may have several.
#[derive(Clone)]
pub struct PresetToken {
    /// The client's id.
    pub client: String,
    /// Its token.
    pub token: String,
}

/// How access is decided.
#[derive(Clone)]
pub struct Settings {
    /// How clients get tokens.
    pub mode: Mode,
    /// How long a signed token is valid.
    pub token_lifetime: Duration,
    /// Tokens that need no authentication.
    pub presets: Vec<PresetToken>,
    /// Bytes a client id may have.
    pub client_id_bytes_max: usize,
}

/// Rialto's own [`Gate`].
///
/// A token carries the client id and an expiry, and is valid on every server that has the same key.
///
/// # Spec
/// J-27 to J-29, J-35 and J-36.
pub struct Access {
    settings: Settings,
    presets: HashMap<String, Vec<String>>,
    key: SigningKey,
}

/// What a signed token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The client id.
    sub: String,
    /// Expiry, in seconds since the Unix epoch.
    exp: u64,
}

/// Authentication data as open mode understands it.
#[derive(Deserialize)]
struct Introduction {
    client_name: String,
}

impl Introduction {
    fn parse(data: &str) -> Option<Self> {
        // J-28: to serde an array of the fields would be as good as an object.
        let is_object = data.trim_start().starts_with('{');
        is_object.then(|| serde_json::from_str(data).ok())?
    }
}

impl Access {
    /// Makes the gate. The key signs tokens; it must be kept, or all tokens end with the process.
    #[must_use]
    pub fn new(mut settings: Settings, key: SigningKey) -> Self {
        let mut presets = HashMap::<String, Vec<String>>::new();
        for PresetToken { client, token } in std::mem::take(&mut settings.presets) {
            presets.entry(client).or_default().push(token);
        }
        Access { settings, presets, key }
    }

    fn introduce(&self, data: &str) -> Result<String, Refusal> {
        if self.settings.mode == Mode::Tokens {
            return Err(refuse(
                Reject::NotAllowed,
                "this server gives no tokens: connect with the client id and token you were given",
            ));
        }
        let introduction = Introduction::parse(data).ok_or_else(|| {
            refuse(Reject::InvalidPacket, "dt must be an object with client_name, a text")
        })?;
        let name = introduction.client_name;
        let limit = self.settings.client_id_bytes_max;
        if name.is_empty() || limit < name.len() {
            let message = format!("client_name must have 1 to {limit} bytes");
            return Err(Refusal { reject: Reject::InvalidPacket, message });
        }
        if self.presets.contains_key(&name) {
            return Err(refuse(Reject::NotAllowed, "this client id has a preset token: use that"));
        }
        Ok(name)
    }
}

impl Gate for Access {
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal> {
        let client = self.introduce(data)?;
        let exp = now / 1000 + self.settings.token_lifetime.as_secs();
        let claims = Claims { sub: client.clone(), exp };
        let header = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims, self.key.encoding())
            .map_err(|_| refuse(Reject::StoreUnavailable, "the server cannot sign a token now"))?;
        Ok(Grant { client: ClientId::from(client), token })
    }

    fn admits_anybody(&self) -> bool {
        self.settings.mode == Mode::Open
    }

    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<(), Reject> {
        if let Some(tokens) = self.presets.get(client) {
            // All are compared, so that the time taken tells nothing of which was near.
            let is_right = tokens.iter().fold(false, |found, preset| {
                found | bool::from(preset.as_bytes().ct_eq(token.as_bytes()))
            });
            return is_right.then_some(()).ok_or(Reject::InvalidToken);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The core's clock decides, so that tests need not wait for an expiry.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, self.key.decoding(), &validation)
            .map_err(|_| Reject::InvalidToken)?
            .claims;
        let is_valid = claims.sub == client && now / 1000 < claims.exp;
        is_valid.then_some(()).ok_or(Reject::InvalidToken)
    }
}

fn refuse(reject: Reject, message: &str) -> Refusal {
    Refusal { reject, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
