//! Checking the JWTs of one issuer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwapOption;
use jsonwebtoken::{Header, Validation};
use rialto_domain::UnixMs;
use serde_json::{Map, Value};

use crate::{
    Grants, Identity, Issuer, IssuerKeys, Proof, grants,
    keys::{KeySet, Secrets},
};

/// How far an issuer's clock may be ahead of ours.
const CLOCK_LEEWAY_MS: u64 = 10_000;

/// An issuer with its keys ready.
pub(crate) struct Verifier {
    settings: Issuer,
    /// None yet, as long as a URL's have not been fetched.
    keys: ArcSwapOption<Loaded>,
    /// Whether a token named a key that is not there, as happens when keys have been changed.
    has_met_unknown_key: AtomicBool,
}

struct Loaded {
    keys: KeySet,
    /// What they were read from, if they were fetched, for the next configuration.
    fetched: Option<String>,
}

/// Why a token is refused: the further down, the nearer it was to being accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum JwtError {
    #[error("the token is no JWT, or is signed in no way that is known here")]
    NoJwt,
    #[error("the token is of no issuer that is known here")]
    WrongIssuer,
    #[error("the token is signed with an algorithm that is not allowed for its issuer")]
    WrongAlgorithm,
    #[error("the token is signed with a key that is not known here")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    WrongSignature,
    // Behind a wrong signature: that of one issuer may be right for another whose keys are awaited.
    #[error("the keys of issuer \"{0}\" have not been fetched yet; try again later")]
    NotFetched(String),
    #[error("the token is for another audience")]
    WrongAudience,
    #[error("the token has no expiry; it needs the claim exp, a number of seconds")]
    NoExpiry,
    #[error("the token's claim \"{0}\" must be {1}")]
    WrongType(&'static str, &'static str),
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token names no client: its claim \"{0}\" must be a text of 1 to {1} bytes")]
    NoClient(String, usize),
    #[error("the token's claim \"{0}\" must be a list of texts")]
    NoGroups(String),
    #[error(
        "the token's claim \"{0}\" must be an object of lists of patterns: publish, subscribe, control, p2p, history"
    )]
    NoRights(String),
}

impl Verifier {
    /// # Errors
    /// What is wrong with the issuer's keys.
    pub(crate) fn new(settings: Issuer) -> Result<Self, String> {
        let allowed = &settings.algorithms;
        if allowed.is_empty() {
            return Err("it has no algorithms".to_owned());
        }
        let keys = match &settings.keys {
            IssuerKeys::Secret(secret) => Some(KeySet::of_secret(secret, allowed)?),
            IssuerKeys::Pem(pem) => Some(KeySet::of_pem(pem, allowed)?),
            IssuerKeys::JwkSet(json) => Some(KeySet::of_jwks(json, allowed, Secrets::Allowed)?),
            IssuerKeys::Url(_) => None,
        };
        let loaded = keys.map(|keys| Arc::new(Loaded { keys, fetched: None }));
        Ok(Verifier {
            settings,
            keys: ArcSwapOption::new(loaded),
            has_met_unknown_key: AtomicBool::new(false),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn settings(&self) -> &Issuer {
        &self.settings
    }

    pub(crate) fn url(&self) -> Option<&str> {
        match &self.settings.keys {
            IssuerKeys::Url(url) => Some(url),
            IssuerKeys::Secret(_) | IssuerKeys::Pem(_) | IssuerKeys::JwkSet(_) => None,
        }
    }

    /// Puts fetched keys in the place of the present ones.
    ///
    /// # Errors
    /// When none of them can be used; the present ones stay.
    pub(crate) fn replace_keys(&self, json: &str) -> Result<(), String> {
        let keys = KeySet::of_jwks(json, &self.settings.algorithms, Secrets::Ignored)?;
        self.keys.store(Some(Arc::new(Loaded { keys, fetched: Some(json.to_owned()) })));
        Ok(())
    }

    /// Takes over what was fetched from the same address under an earlier configuration.
    pub(crate) fn inherit_keys(&self, earlier: &Verifier) {
        let loaded = earlier.keys.load();
        let fetched = loaded.as_ref().and_then(|loaded| loaded.fetched.as_ref());
        if let Some(json) = fetched.filter(|_| self.url() == earlier.url()) {
            // If no key fits the new algorithms, there are none until others are fetched.
            let _ = self.replace_keys(json);
        }
    }

    /// Returns whether a token named an unknown key since this was last asked.
    pub(crate) fn take_unknown_key(&self) -> bool {
        self.has_met_unknown_key.swap(false, Ordering::Relaxed)
    }

    /// Checks a token and says who its holder is.
    pub(crate) fn verify(
        &self,
        token: &str,
        client_id_bytes_max: usize,
        now: UnixMs,
    ) -> Result<Identity, JwtError> {
        let claims = self.claims_of(token)?;
        check_texts(&claims)?;
        self.check_audience(&claims)?;
        let valid = Validity::of(&claims)?;
        if valid.until <= now {
            return Err(JwtError::Expired);
        }
        // Nothing is issued in the future: such a time would outlast a revocation.
        if now.saturating_add(CLOCK_LEEWAY_MS) < valid.from.max(valid.issued_at) {
            return Err(JwtError::NotYet);
        }
        self.identity_of(claims, valid, client_id_bytes_max)
    }

    fn claims_of(&self, token: &str) -> Result<Map<String, Value>, JwtError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::NoJwt)?;
        // RFC 7515: what a token calls critical must be understood, and nothing of it is here.
        if header.crit.is_some() {
            return Err(JwtError::NoJwt);
        }
        self.check_issuer(token)?;
        if !self.settings.algorithms.contains(&header.alg) {
            return Err(JwtError::WrongAlgorithm);
        }
        let loaded = self.keys.load();
        let Some(loaded) = loaded.as_ref() else {
            return Err(JwtError::NotFetched(self.name().to_owned()));
        };
        let mut candidates = loaded.keys.candidates(header.kid.as_deref()).peekable();
        if candidates.peek().is_none() {
            self.has_met_unknown_key.store(true, Ordering::Relaxed);
            return Err(JwtError::UnknownKey);
        }
        let mut candidates = candidates.filter(|key| key.is_for(header.alg)).peekable();
        if candidates.peek().is_none() {
            return Err(JwtError::WrongAlgorithm);
        }
        let signed = candidates.find_map(|key| signed_claims(token, &header, key.key()));
        signed.ok_or(JwtError::WrongSignature)
    }

    /// Looks before the signature, only to tell whose keys are to be tried.
    fn check_issuer(&self, token: &str) -> Result<(), JwtError> {
        let Some(expected) = &self.settings.issuer else { return Ok(()) };
        let claims = jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token)
            .map_err(|_| JwtError::NoJwt)?
            .claims;
        let is_right = claims.get("iss").and_then(Value::as_str) == Some(expected);
        is_right.then_some(()).ok_or(JwtError::WrongIssuer)
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let expected = &self.settings.audience;
        let is_expected = |one: &Value| {
            one.as_str().is_some_and(|one| expected.iter().any(|audience| audience == one))
        };
        let is_right = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(is_expected),
            Some(one) => is_expected(one),
            None => false,
        };
        (expected.is_empty() || is_right).then_some(()).ok_or(JwtError::WrongAudience)
    }

    fn identity_of(
        &self,
        claims: Map<String, Value>,
        valid: Validity,
        client_id_bytes_max: usize,
    ) -> Result<Identity, JwtError> {
        let Issuer { name, client_claim, groups_claim, rights_claim, .. } = &self.settings;
        let client = claims.get(client_claim).and_then(Value::as_str);
        let client = client.filter(|id| (1..=client_id_bytes_max).contains(&id.len()));
        let client =
            client.ok_or_else(|| JwtError::NoClient(client_claim.clone(), client_id_bytes_max))?;
        let groups = match claims.get(groups_claim) {
            None => Vec::new(),
            Some(Value::String(group)) => vec![group.clone()],
            Some(list) => {
                grants::texts(list).ok_or_else(|| JwtError::NoGroups(groups_claim.clone()))?
            }
        };
        let rights = claims.get(rights_claim).map(Grants::from_claim);
        if rights == Some(None) {
            return Err(JwtError::NoRights(rights_claim.clone()));
        }
        let proof = Proof::Jwt {
            issuer: name.clone(),
            // Of an issuer whose clock is ahead, a revocation voids what was issued before it too.
            issued_at: valid.issued_at.saturating_sub(CLOCK_LEEWAY_MS),
            expires: valid.until,
        };
        let identity = Identity::new(client, proof).with_groups(groups.into_iter().collect());
        Ok(identity.with_claims(claims, rights.flatten()))
    }
}

fn signed_claims(
    token: &str,
    header: &Header,
    key: &jsonwebtoken::DecodingKey,
) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(header.alg);
    // All claims are judged here, by the caller's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(jsonwebtoken::decode(token, key, &validation).ok()?.claims)
}

/// When a token is valid, as its claims say.
#[derive(Clone, Copy)]
struct Validity {
    until: UnixMs,
    /// 0 if it does not say.
    from: UnixMs,
    /// 0 if it does not say.
    issued_at: UnixMs,
}

impl Validity {
    fn of(claims: &Map<String, Value>) -> Result<Self, JwtError> {
        Ok(Validity {
            until: time_claim(claims, "exp")?.ok_or(JwtError::NoExpiry)?,
            from: time_claim(claims, "nbf")?.unwrap_or(0),
            issued_at: time_claim(claims, "iat")?.unwrap_or(0),
        })
    }
}

/// Returns a claim in seconds, whole or not, as milliseconds.
fn time_claim(claims: &Map<String, Value>, name: &'static str) -> Result<Option<UnixMs>, JwtError> {
    let Some(claim) = claims.get(name) else { return Ok(None) };
    let seconds = claim.as_f64().ok_or(JwtError::WrongType(name, "a number of seconds"))?;
    // Casts of floats saturate: a time too far away is the last there is, one before 1970 the first.
    Ok(Some((seconds * 1000.0) as UnixMs))
}

/// Checks the form of registered claims that are texts (RFC 7519, 4.1), be they asked for or not.
fn check_texts(claims: &Map<String, Value>) -> Result<(), JwtError> {
    if claims.get("iss").is_some_and(|iss| !iss.is_string()) {
        return Err(JwtError::WrongType("iss", "a text"));
    }
    let is_audience = |aud: &Value| aud.is_string() || grants::texts(aud).is_some();
    if !claims.get("aud").is_none_or(is_audience) {
        return Err(JwtError::WrongType("aud", "a text or a list of texts"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
