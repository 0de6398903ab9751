//! Whose JWTs are taken as tokens.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::choice::JwtAlgorithm;
use crate::quantity::Period;
use crate::secret::{OptionalPath, Secret};

/// Somebody whose JWTs are taken as tokens, and what their claims mean.
///
/// [`load()`](crate::load()) sees to it that exactly one of `secret`, `key_file`, `jwks_file` and
/// `jwks_url` is set.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtIssuer {
    /// What logs call it; no two have the same.
    pub name: String,
    /// The algorithms that are taken; a JWT signed by another is refused.
    pub algorithms: Vec<JwtAlgorithm>,
    /// The secret of HS256, HS384 and HS512.
    pub secret: Secret,
    /// PEM file with a public key.
    pub key_file: OptionalPath,
    /// File with a set of public keys.
    pub jwks_file: OptionalPath,
    /// Address of a set of public keys, `https://` or `http://`.
    pub jwks_url: String,
    /// How long a set of keys that was fetched is used; at least a second.
    pub refresh: Period,
    /// What the claim `iss` must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the claim `aud` must have in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The claim that is the client id.
    pub client_claim: String,
    /// The claim with the client's groups.
    pub groups_claim: String,
    /// The claim with the client's rights.
    pub rights_claim: String,
}

/// Where the keys are that check an issuer's JWTs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JwtKeys<'a> {
    /// One secret.
    Secret(&'a Secret),
    /// One public key, in a PEM file.
    KeyFile(&'a Path),
    /// A set of public keys, in a file.
    JwksFile(&'a Path),
    /// A set of public keys, to be fetched.
    JwksUrl(&'a str),
}

impl Default for JwtIssuer {
    fn default() -> Self {
        JwtIssuer {
            name: String::new(),
            algorithms: vec![JwtAlgorithm::Rs256],
            secret: Secret::default(),
            key_file: OptionalPath::default(),
            jwks_file: OptionalPath::default(),
            jwks_url: String::new(),
            refresh: Duration::from_secs(600).into(),
            issuer: None,
            audience: None,
            client_claim: "sub".to_owned(),
            groups_claim: "groups".to_owned(),
            rights_claim: "rialto".to_owned(),
        }
    }
}

impl JwtIssuer {
    /// Returns where the keys are, or `None` unless there is exactly one place.
    pub fn keys(&self) -> Option<JwtKeys<'_>> {
        let places = [
            (!self.secret.expose().is_empty()).then_some(JwtKeys::Secret(&self.secret)),
            self.key_file.get().map(JwtKeys::KeyFile),
            self.jwks_file.get().map(JwtKeys::JwksFile),
            (!self.jwks_url.is_empty()).then_some(JwtKeys::JwksUrl(&self.jwks_url)),
        ];
        let mut set = places.into_iter().flatten();
        set.next().filter(|_| set.next().is_none())
    }
}
