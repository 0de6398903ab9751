//! Tokens that Rialto signs.

use std::{fmt::Write as _, time::Duration};

use jsonwebtoken::{Algorithm, Header, Validation};
use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

use crate::{SigningKey, TokenOrigin};

/// Bytes of a token's own id.
const ID_BYTES: usize = 16;

/// What a token of ours says that opens a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignedToken {
    pub(crate) client: String,
    pub(crate) issued_at: UnixMs,
    pub(crate) origin: TokenOrigin,
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the server cannot sign a token now")]
pub(crate) struct Unsigned;

/// What stands in a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// The client id.
    sub: String,
    /// Expiry, in seconds since the Unix epoch.
    exp: u64,
    /// When it was issued, in seconds since the Unix epoch.
    #[serde(default)]
    iat: u64,
    /// The same in milliseconds, so that a password changed in the same second tells old from new.
    #[serde(default)]
    iat_ms: UnixMs,
    /// Tells tokens apart that were issued in the same moment.
    #[serde(default)]
    jti: String,
    /// What it was given for. Tokens of earlier versions do not say: there was only open mode.
    #[serde(default)]
    origin: TokenOrigin,
}

/// Signs a token for this client, with HMAC-SHA-256.
pub(crate) fn sign(
    key: &SigningKey,
    token: &SignedToken,
    lifetime: Duration,
) -> Result<String, Unsigned> {
    let iat = token.issued_at / 1000;
    let claims = Claims {
        sub: token.client.clone(),
        exp: iat.saturating_add(lifetime.as_secs()),
        iat,
        iat_ms: token.issued_at,
        jti: random_id().ok_or(Unsigned)?,
        origin: token.origin,
    };
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims, key.encoding()).map_err(|_| Unsigned)
}

/// Reads a token, or returns `None` if it is not one of ours or has expired.
pub(crate) fn read(key: &SigningKey, token: &str, now: UnixMs) -> Option<SignedToken> {
    let mut validation = Validation::new(Algorithm::HS256);
    // The caller's clock decides, so that tests need not wait for an expiry.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, key.decoding(), &validation).ok()?.claims;
    let is_valid = now / 1000 < claims.exp;
    is_valid.then_some(SignedToken {
        client: claims.sub,
        issued_at: claims.iat_ms,
        origin: claims.origin,
    })
}

pub(crate) fn random_id() -> Option<String> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests;
