//! Issuers of JWTs, as they are configured.

use std::fmt;

use jsonwebtoken::Algorithm;

/// Somebody whose JWTs open sessions.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// What it is called in the configuration and in refusals.
    pub name: String,
    /// The algorithms that its tokens may be signed with. What a token says of itself only chooses
    /// among them.
    pub algorithms: Vec<Algorithm>,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// What the claim `iss` must be, if anything.
    pub issuer: Option<String>,
    /// What the claim `aud` must be or contain: one of these, if there are any.
    pub audience: Vec<String>,
    /// The claim that is the client id, a text.
    pub client_claim: String,
    /// The claim that lists the groups, or is one.
    pub groups_claim: String,
    /// The claim that limits what its holder may do, as [`Grants`](crate::Grants) reads it.
    pub rights_claim: String,
}

/// The keys of an issuer. `Debug` shows the kind only, as a URL may hold a password too.
#[derive(Clone, PartialEq, Eq)]
pub enum IssuerKeys {
    /// The bytes of a shared secret, for HS256 to HS512; at least 32.
    Secret(Vec<u8>),
    /// The text of a PEM file with a public key or a certificate: RSA, elliptic curve (of 256 or
    /// 384 bits) or Ed25519.
    Pem(String),
    /// The text of a JSON file with a set of JWKs.
    JwkSet(String),
    /// The address such a set is fetched from, by the server; see
    /// [`Access::replace_jwks`](crate::Access::replace_jwks).
    Url(String),
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IssuerKeys::Secret(_) => "Secret(********)",
            IssuerKeys::Pem(_) => "Pem(********)",
            IssuerKeys::JwkSet(_) => "JwkSet(********)",
            IssuerKeys::Url(_) => "Url(********)",
        })
    }
}
