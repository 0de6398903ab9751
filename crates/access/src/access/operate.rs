//! What the server, its operator and its application ask of access beside sessions.

use rialto_domain::UnixMs;

use super::Access;
use crate::{
    Ban, RevocationError, TokenOrigin,
    signed_token::{self, SignedToken},
};

impl Access {
    /// Signs a token for a client on the application's word. It is valid even for names that have a
    /// preset token or a user.
    ///
    /// # Errors
    /// When the system gives no random bytes, or the id is empty or too long, as text for the asker.
    pub fn sign(&self, client: &str, now: UnixMs) -> Result<String, String> {
        let state = self.state();
        let limit = state.client_id_bytes_max;
        if client.is_empty() || limit < client.len() {
            return Err(format!("a client id must have 1 to {limit} bytes"));
        }
        let origin = TokenOrigin::Application;
        let signed = SignedToken { client: client.to_owned(), issued_at: now, origin };
        signed_token::sign(&self.key, &signed, state.token_lifetime)
            .map_err(|error| error.to_string())
    }

    /// Keeps a client out, in place of an earlier ban. Its open session ends when its rights are renewed.
    ///
    /// # Errors
    /// When there are too many bans, or they cannot be written to their file; in that case it holds
    /// until the server stops.
    pub fn ban(&self, ban: Ban, now: UnixMs) -> Result<(), RevocationError> {
        self.revocations.ban(ban, now)
    }

    /// Lets a client in again, and returns whether it was banned.
    ///
    /// # Errors
    /// When bans cannot be written to their file; the client is let in until the server stops.
    pub fn unban(&self, client: &str, now: UnixMs) -> Result<bool, RevocationError> {
        self.revocations.unban(client, now)
    }

    /// Returns the bans that hold, by client.
    #[must_use]
    pub fn bans(&self, now: UnixMs) -> Vec<Ban> {
        self.revocations.bans(now)
    }

    /// Returns the client's ban, if one holds.
    #[must_use]
    pub fn ban_of(&self, client: &str, now: UnixMs) -> Option<Ban> {
        self.revocations.ban_of(client, now)
    }

    /// Makes all tokens void that were issued to the client up to now, signed ones and JWTs.
    /// Sessions opened with them end when their rights are renewed.
    ///
    /// # Errors
    /// When there are too many, or they cannot be written to their file; in that case it holds
    /// until the server stops.
    pub fn revoke_tokens(&self, client: &str, now: UnixMs) -> Result<(), RevocationError> {
        self.revocations.revoke_tokens(client, now)
    }

    /// Returns the issuers whose keys the server has to fetch: name and URL.
    #[must_use]
    pub fn issuers_with_urls(&self) -> Vec<(String, String)> {
        let state = self.state();
        let named = |url: &str, name: &str| (name.to_owned(), url.to_owned());
        let issuers = state.issuers().iter();
        issuers.filter_map(|issuer| Some(named(issuer.url()?, issuer.name()))).collect()
    }

    /// Puts fetched keys, a JSON set of JWKs, in the place of an issuer's present ones. Shared
    /// secrets in it are ignored.
    ///
    /// # Errors
    /// When there is no such issuer with a URL, or no key that can be used; the present ones stay.
    pub fn replace_jwks(&self, issuer: &str, json: &str) -> Result<(), String> {
        let state = self.state();
        let verifier = state.issuer(issuer).filter(|verifier| verifier.url().is_some());
        let verifier = verifier
            .ok_or_else(|| format!("there is no issuer \"{issuer}\" whose keys are fetched"))?;
        verifier.replace_keys(json).map_err(|reason| format!("issuer \"{issuer}\": {reason}"))
    }

    /// Returns the issuers with URLs of which a token named an unknown key since this was last
    /// asked: their keys have probably been changed. Anybody can bring that about, so ask and fetch
    /// at intervals.
    #[must_use]
    pub fn issuers_with_unknown_keys(&self) -> Vec<String> {
        let state = self.state();
        let issuers = state.issuers().iter().filter(|issuer| issuer.url().is_some());
        let met = issuers.filter(|issuer| issuer.take_unknown_key());
        met.map(|issuer| issuer.name().to_owned()).collect()
    }
}
