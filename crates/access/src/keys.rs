//! Keys that JWTs are checked with, each with the algorithms it may be used for.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, Jwk, PublicKeyUse},
};
use serde_json::Value;

/// What RFC 7518 asks of a secret for the weakest of the HMACs.
const SECRET_BYTES_MIN: usize = 32;

/// Bytes of a point on the curves of ES256 and ES384.
const P256_POINT_BYTES: usize = 65;
const P384_POINT_BYTES: usize = 97;

/// A key. That a token names another algorithm does not change what the key is for.
pub(crate) struct VerifyingKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The keys of one issuer.
pub(crate) struct KeySet(Vec<VerifyingKey>);

/// Whether a set may contain shared secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// It stands in a file of ours.
    Allowed,
    /// It is published, so a secret in it is none.
    Ignored,
}

impl KeySet {
    /// # Errors
    /// What is wrong with the secret, without quoting it.
    pub(crate) fn of_secret(secret: &[u8], allowed: &[Algorithm]) -> Result<Self, String> {
        if secret.len() < SECRET_BYTES_MIN {
            let bytes = secret.len();
            return Err(format!(
                "its secret has {bytes} bytes; at least {SECRET_BYTES_MIN} are needed"
            ));
        }
        KeySet::of_one(DecodingKey::from_secret(secret), allowed)
    }

    /// # Errors
    /// What is wrong with the PEM text, without quoting it.
    pub(crate) fn of_pem(pem: &str, allowed: &[Algorithm]) -> Result<Self, String> {
        if pem.contains("PRIVATE KEY") {
            return Err("its PEM file holds a private key; give the public one".to_owned());
        }
        let pem = pem.as_bytes();
        // Each of them looks into the text and takes nothing but its own kind.
        let key = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))
            .map_err(|_| "its PEM file holds no public RSA, EC or Ed25519 key".to_owned())?;
        KeySet::of_one(key, allowed)
    }

    /// Keys of kinds that cannot be used are left out.
    ///
    /// # Errors
    /// When none is left.
    pub(crate) fn of_jwks(
        json: &str,
        allowed: &[Algorithm],
        secrets: Secrets,
    ) -> Result<Self, String> {
        let set = serde_json::from_str::<Value>(json).ok();
        let keys = set.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let keys = keys.ok_or("its keys are no JWK set: an object with keys, a list")?;
        let usable = keys.iter().filter_map(|jwk| VerifyingKey::of_jwk(jwk, allowed, secrets));
        let usable = usable.collect::<Vec<_>>();
        match usable.is_empty() {
            true => Err("none of its keys fits its algorithms".to_owned()),
            false => Ok(KeySet(usable)),
        }
    }

    /// Returns the keys that may have signed a token with this header. Of keys with ids, only the
    /// one that is named.
    pub(crate) fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a VerifyingKey> {
        self.0.iter().filter(move |key| match (&key.id, id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        })
    }

    fn of_one(key: DecodingKey, allowed: &[Algorithm]) -> Result<Self, String> {
        let algorithms = algorithms_of(&key, allowed);
        match algorithms.is_empty() {
            true => Err("its key fits none of its algorithms".to_owned()),
            false => Ok(KeySet(vec![VerifyingKey { id: None, algorithms, key }])),
        }
    }
}

impl VerifyingKey {
    pub(crate) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    pub(crate) fn key(&self) -> &DecodingKey {
        &self.key
    }

    fn of_jwk(jwk: &Value, allowed: &[Algorithm], secrets: Secrets) -> Option<Self> {
        // A key of a kind that is not known here must not spoil the others.
        let jwk = serde_json::from_value::<Jwk>(jwk.clone()).ok()?;
        let is_secret = matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
        let is_for_signatures = match &jwk.common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(_) => false,
        };
        if !is_for_signatures || (is_secret && secrets == Secrets::Ignored) {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let own = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
        let mut algorithms = algorithms_of(&key, allowed);
        algorithms
            .retain(|&algorithm| own.as_ref().is_none_or(|own| *own == format!("{algorithm:?}")));
        (!algorithms.is_empty()).then_some(VerifyingKey { id: jwk.common.key_id, algorithms, key })
    }
}

/// Returns which of the allowed algorithms the key is of the kind and size for.
fn algorithms_of(key: &DecodingKey, allowed: &[Algorithm]) -> Vec<Algorithm> {
    let bytes = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    let fits = |algorithm: &Algorithm| {
        algorithm.family() == key.family()
            && match key.family() {
                AlgorithmFamily::Hmac => SECRET_BYTES_MIN <= bytes,
                AlgorithmFamily::Ec => bytes == point_bytes(*algorithm),
                AlgorithmFamily::Rsa | AlgorithmFamily::Ed => true,
            }
    };
    allowed.iter().copied().filter(fits).collect()
}

fn point_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::ES384 => P384_POINT_BYTES,
        _ => P256_POINT_BYTES,
    }
}

#[cfg(test)]
mod tests;
