//! Judging whether a token, a certificate or a password opens a client's session.

use std::sync::Arc;

use rialto_domain::{Certificate, Reject, UnixMs};

use super::Access;
use crate::{
    Identity, Mode, Proof, TokenOrigin,
    identity::Certified,
    jwt::JwtError,
    signed_token::{self, SignedToken},
    state::State,
};

impl Access {
    /// Says who opens the session of `client` with `token`: a preset token, a signed one or a JWT
    /// of that client. `certificate` is what the connection has shown; it does where the token is
    /// empty.
    ///
    /// # Errors
    /// [`Reject::InvalidToken`] when nothing opens the session, [`Reject::Denied`] when the client is banned,
    /// [`Reject::Failed`] when a JWT's keys have not been fetched yet.
    pub fn identify(
        &self,
        client: &str,
        token: &str,
        certificate: Option<&Arc<dyn Certificate>>,
        now: UnixMs,
    ) -> Result<Arc<Identity>, Reject> {
        let state = self.state();
        let identity = self.shown(&state, client, token, certificate, now)?;
        self.let_in(identity, now)
    }

    /// Says who opens the session of `client` with its user's password, for clients whose dialect has
    /// no authentication: they send it for a token.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    ///
    /// # Cost
    /// Some 20 to 100 ms.
    pub fn identify_by_password(
        &self,
        client: &str,
        password: &str,
        now: UnixMs,
    ) -> Result<Arc<Identity>, Reject> {
        let state = self.state();
        if !state.users.has_password(client, password) {
            return Err(Reject::InvalidToken);
        }
        let identity = Identity::new(client, Proof::Password { shown_at: now });
        self.let_in(identity.with_groups(state.groups_of(client)), now)
    }

    /// Returns the client that a token is for, where it says so itself: one that was signed here, or a JWT.
    #[must_use]
    pub fn client_of(&self, token: &str, now: UnixMs) -> Option<String> {
        if let Some(signed) = signed_token::read(&self.key, token, now) {
            return Some(signed.client);
        }
        let identity = self.state().verify_jwt(token, now).ok()?;
        Some(identity.account().to_owned())
    }

    /// Says who opens the session of `client` without showing anything: in open mode anybody, but
    /// for names that have a preset token or a user, or are banned.
    #[must_use]
    pub fn anybody(&self, client: &str, now: UnixMs) -> Option<Arc<Identity>> {
        let state = self.state();
        let is_open = state.mode == Mode::Open && !state.is_protected(client);
        let identity = is_open.then(|| Identity::new(client, Proof::Anybody))?;
        self.let_in(identity, now).ok()
    }

    /// Returns whether there are users, so that a password may be right.
    #[must_use]
    pub fn has_users(&self) -> bool {
        !self.state().users.is_empty()
    }

    /// Says why the identity may not be here although its proof is right, if so.
    pub(super) fn refusal_of(&self, identity: &Identity, now: UnixMs) -> Option<Reject> {
        let account = identity.account();
        if let Some(ban) = self.revocations.ban_of(account, now) {
            return Some(Reject::Denied(ban.message().into()));
        }
        let (Proof::Signed { issued_at, .. } | Proof::Jwt { issued_at, .. }) = identity.proof()
        else {
            return None;
        };
        self.revocations.are_revoked(account, *issued_at).then_some(Reject::InvalidToken)
    }

    fn let_in(&self, identity: Identity, now: UnixMs) -> Result<Arc<Identity>, Reject> {
        self.refusal_of(&identity, now).map_or_else(|| Ok(Arc::new(identity)), Err)
    }

    fn shown(
        &self,
        state: &State,
        client: &str,
        token: &str,
        certificate: Option<&Arc<dyn Certificate>>,
        now: UnixMs,
    ) -> Result<Identity, Reject> {
        let certified =
            || state.certified(certificate, now).filter(|(it, _)| it.client() == client);
        if token.is_empty() {
            let certified = certified().filter(|_| !client.is_empty());
            let identity = Identity::new(client, Proof::Certificate);
            let identity = identity.with_certificate(certified.ok_or(Reject::InvalidToken)?);
            return Ok(identity.with_groups(state.groups_of(client)));
        }
        if let Some(preset) = state.preset(client, token) {
            let proof = Proof::Preset { token: preset.token.clone() };
            return Ok(Identity::new(client, proof).with_groups(preset.groups.clone()));
        }
        match signed_token::read(&self.key, token, now) {
            Some(signed) => shown_signed(state, client, &signed, certified),
            None => shown_jwt(state, client, token, now),
        }
    }
}

fn shown_signed(
    state: &State,
    client: &str,
    signed: &SignedToken,
    certified: impl FnOnce() -> Option<Certified>,
) -> Result<Identity, Reject> {
    let SignedToken { issued_at, origin, .. } = *signed;
    if signed.client != client || !state.honours(client, issued_at, origin) {
        return Err(Reject::InvalidToken);
    }
    let identity = Identity::new(client, Proof::Signed { issued_at, origin });
    let identity = identity.with_groups(state.groups_of(client));
    if origin != TokenOrigin::Certificate {
        return Ok(identity);
    }
    certified().map(|it| identity.with_certificate(it)).ok_or(Reject::InvalidToken)
}

fn shown_jwt(state: &State, client: &str, token: &str, now: UnixMs) -> Result<Identity, Reject> {
    match state.verify_jwt(token, now) {
        Ok(identity) if identity.account() == client => Ok(identity),
        Err(error @ JwtError::NotFetched(_)) => Err(Reject::Failed(error.to_string().into())),
        Ok(_) | Err(_) => Err(Reject::InvalidToken),
    }
}
