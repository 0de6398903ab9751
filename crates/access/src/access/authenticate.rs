//! Giving tokens to clients that say and show who they are.

use std::{sync::Arc, time::Duration};

use rialto_domain::{Certificate, ClientId, Grant, Refusal, Reject, UnixMs};

use super::Access;
use crate::{
    Identity, Mode, Proof, Secret, TokenOrigin,
    identity::Certified,
    introduction::Introduction,
    signed_token::{self, SignedToken},
    state::State,
};

const UNKNOWN_FORM: &str = "dt must be an object with client_name, a text";
const WRONG_PASSWORD: &str = "name or password is wrong";

impl Access {
    /// Judges authentication data, one JSON text, and gives a token. `certificate` is what the
    /// connection has shown. Understood are:
    ///
    /// - `{"client_name": n}`, in open mode, for names that have neither a preset token nor a user;
    /// - `{"client_name": n, "password": p}` and `{"login": {"email": n, "password": p}}`, also with `user` or `name` in
    ///   the place of `email`, where there are users;
    /// - `{"jwt": t}`, where there are issuers; the token given is the same one;
    /// - `{}` and `{"client_name": n}` with a certificate of that client.
    ///
    /// # Errors
    /// [`Refusal`] with the reason for the client.
    ///
    /// # Cost
    /// Some 20 to 100 ms if [`has_password`](Self::has_password).
    pub fn authenticate(
        &self,
        data: &str,
        certificate: Option<&Arc<dyn Certificate>>,
        now: UnixMs,
    ) -> Result<(Grant, Arc<Identity>), Refusal> {
        let state = self.state();
        let introduction = understood(&state, data).ok_or_else(unknown_form)?;
        let (identity, token) = match (introduction, state.certified(certificate, now)) {
            (Introduction::Nothing, None) => return Err(unknown_form()),
            (Introduction::Nothing, Some(certified)) => {
                self.give_certified(&state, certified, now)?
            }
            (Introduction::Name(name), Some(certified)) if name == certified.0.client() => {
                self.give_certified(&state, certified, now)?
            }
            (Introduction::Name(name), _) => self.give_anybody(&state, &name, now)?,
            (Introduction::Password { name, password, .. }, _) => {
                self.give_user(&state, &name, &password, now)?
            }
            (Introduction::Jwt(jwt), _) => give_back(&state, &jwt, now)?,
        };
        if let Some(reject) = self.refusal_of(&identity, now) {
            return Err(refuse(reject.clone(), &reject.to_string()));
        }
        let client = ClientId::from(identity.account().to_owned());
        Ok((Grant { client, token }, Arc::new(identity)))
    }

    /// Returns whether the data shows something that may be right or wrong: a password or a JWT.
    #[must_use]
    pub fn is_trial(data: &str) -> bool {
        let introduction = Introduction::parse(data);
        matches!(introduction, Some(Introduction::Password { .. } | Introduction::Jwt(_)))
    }

    /// Returns whether judging this data takes so long that nothing else should wait for it.
    #[must_use]
    pub fn has_password(data: &str) -> bool {
        matches!(Introduction::parse(data), Some(Introduction::Password { .. }))
    }

    /// Returns whether the data or the connection's certificate shows what nobody can guess: that it is
    /// judged needs no protection against trying.
    #[must_use]
    pub fn shows_proof(
        &self,
        data: &str,
        certificate: Option<&Arc<dyn Certificate>>,
        now: UnixMs,
    ) -> bool {
        let state = self.state();
        match (understood(&state, data), state.certified(certificate, now)) {
            (Some(Introduction::Jwt(jwt)), _) => state.verify_jwt(jwt.expose(), now).is_ok(),
            (Some(Introduction::Nothing), certified) => certified.is_some(),
            (Some(Introduction::Name(name)), Some((shown, _))) => name == shown.client(),
            _ => false,
        }
    }

    /// Returns the client id that the data claims, if it does: whose failed attempts a
    /// [`Throttle`](crate::Throttle) is to count.
    #[must_use]
    pub fn claimed_name(data: &str) -> Option<String> {
        Introduction::parse(data)?.name()
    }

    fn give_anybody(
        &self,
        state: &State,
        name: &str,
        now: UnixMs,
    ) -> Result<(Identity, String), Refusal> {
        if state.mode == Mode::Tokens {
            return Err(refuse(
                Reject::NotAllowed,
                "this server gives no tokens: connect with the client id and token you were given",
            ));
        }
        check_length(state, name)?;
        if state.has_preset(name) {
            return Err(refuse(Reject::NotAllowed, "this client id has a preset token: use that"));
        }
        if state.is_protected(name) {
            return Err(refuse(
                Reject::NotAllowed,
                "this client id is a user's: send its password",
            ));
        }
        self.give(state, name, TokenOrigin::Open, now)
    }

    fn give_user(
        &self,
        state: &State,
        name: &str,
        password: &Secret,
        now: UnixMs,
    ) -> Result<(Identity, String), Refusal> {
        if !state.users.has_password(name, password.expose()) {
            return Err(refuse(Reject::Failed(WRONG_PASSWORD.into()), WRONG_PASSWORD));
        }
        check_length(state, name)?;
        let (_, token) = self.give(state, name, TokenOrigin::Password, now)?;
        let identity = Identity::new(name, Proof::Password { shown_at: now });
        Ok((identity.with_groups(state.groups_of(name)), token))
    }

    /// The token does not outlive the certificate.
    fn give_certified(
        &self,
        state: &State,
        certified: Certified,
        now: UnixMs,
    ) -> Result<(Identity, String), Refusal> {
        let client = certified.0.client().to_owned();
        check_length(state, &client)?;
        let left = Duration::from_millis(certified.1.saturating_sub(now));
        let lifetime = state.token_lifetime.min(left);
        let (_, token) =
            self.sign_for(state, &client, (TokenOrigin::Certificate, lifetime), now)?;
        let identity = Identity::new(&client, Proof::Certificate).with_certificate(certified);
        Ok((identity.with_groups(state.groups_of(&client)), token))
    }

    fn give(
        &self,
        state: &State,
        client: &str,
        origin: TokenOrigin,
        now: UnixMs,
    ) -> Result<(Identity, String), Refusal> {
        self.sign_for(state, client, (origin, state.token_lifetime), now)
    }

    fn sign_for(
        &self,
        state: &State,
        client: &str,
        (origin, lifetime): (TokenOrigin, Duration),
        now: UnixMs,
    ) -> Result<(Identity, String), Refusal> {
        let signed = SignedToken { client: client.to_owned(), issued_at: now, origin };
        let token = signed_token::sign(&self.key, &signed, lifetime)
            .map_err(|error| refuse(Reject::StoreUnavailable, &error.to_string()))?;
        let identity = Identity::new(client, Proof::Signed { issued_at: now, origin });
        Ok((identity.with_groups(state.groups_of(client)), token))
    }
}

/// Returns what the data says, as far as anything of that kind is configured.
fn understood(state: &State, data: &str) -> Option<Introduction> {
    let introduction = Introduction::parse(data)?;
    match introduction {
        Introduction::Jwt(_) if state.issuers().is_empty() => None,
        Introduction::Password { .. } if state.users.is_empty() => introduction.without_password(),
        introduction => Some(introduction),
    }
}

fn give_back(state: &State, jwt: &Secret, now: UnixMs) -> Result<(Identity, String), Refusal> {
    let identity = state.verify_jwt(jwt.expose(), now).map_err(|error| {
        let message = error.to_string();
        refuse(Reject::Failed(message.as_str().into()), &message)
    })?;
    Ok((identity, jwt.expose().to_owned()))
}

fn check_length(state: &State, name: &str) -> Result<(), Refusal> {
    let limit = state.client_id_bytes_max;
    if name.is_empty() || limit < name.len() {
        let message = format!("client_name must have 1 to {limit} bytes");
        return Err(Refusal { reject: Reject::InvalidPacket, message });
    }
    Ok(())
}

fn unknown_form() -> Refusal {
    refuse(Reject::InvalidPacket, UNKNOWN_FORM)
}

fn refuse(reject: Reject, message: &str) -> Refusal {
    Refusal { reject, message: message.to_owned() }
}
