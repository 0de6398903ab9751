//! Signing in to the console: what a browser keeps of it, sealed, and who that is later.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, Header, Validation};
use rialto_domain::UnixMs;
use serde::{Deserialize, Serialize};

use super::Access;
use crate::{Identity, Proof, Shown, SignIn, SigningKey, signed_token::random_id};

/// What the codes and the key are for; none is good in another's place.
const SEALING: &str = "rialto console sealing 1";
const MARKING: &str = "rialto console mark 1";
const FORGERY: &str = "rialto console csrf 1";

/// A sign-in as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// When it ends, in seconds, for whoever reads JWTs. [`SignIn::until`] decides.
    exp: u64,
    #[serde(flatten)]
    sign_in: SignIn,
}

impl Access {
    /// Makes the sign-in of somebody who has shown something; its times are for the caller to set. Only groups among
    /// those `wanted` are kept. `None` for an identity that has shown nothing that can be looked at again, and when
    /// the system gives no random bytes.
    #[must_use]
    pub fn sign_in(
        &self,
        identity: &Identity,
        wanted: &BTreeSet<String>,
        now: UnixMs,
    ) -> Option<SignIn> {
        let shown = match identity.proof() {
            Proof::Preset { token } => Shown::Preset(self.mark(token.expose())?),
            Proof::Signed { issued_at, origin } if identity.is_shown() => {
                Shown::Signed { issued: *issued_at, origin: *origin }
            }
            Proof::Password { shown_at } => Shown::Password(*shown_at),
            Proof::Jwt { issuer, issued_at, expires } => {
                Shown::Jwt { issuer: issuer.clone(), issued: *issued_at, expires: *expires }
            }
            Proof::Application => Shown::Application,
            Proof::Anybody | Proof::Address | Proof::Certificate | Proof::Signed { .. } => {
                return None;
            }
        };
        // What our own files say is looked up each time, so that whoever loses a group loses its rights.
        let own = match identity.proof() {
            Proof::Jwt { .. } | Proof::Application => BTreeSet::new(),
            _ => self.state().renewed(identity, now)?.groups().clone(),
        };
        let groups = identity.groups().difference(&own).filter(|group| wanted.contains(*group));
        let groups = groups.cloned().collect();
        let name = identity.account().to_owned();
        Some(SignIn { groups, ..self.sign_in_as(&name, shown, now)? })
    }

    /// Makes the sign-in of whoever has a key of the API, or needs nothing. `None` when the system gives no random
    /// bytes.
    #[must_use]
    pub fn sign_in_as(&self, name: &str, shown: Shown, now: UnixMs) -> Option<SignIn> {
        let (id, name) = (random_id()?, name.to_owned());
        Some(SignIn {
            id,
            name,
            shown,
            groups: BTreeSet::new(),
            began: now,
            sealed: now,
            until: now,
        })
    }

    /// Returns what a browser keeps of a sign-in. `None` if it cannot be signed.
    #[must_use]
    pub fn seal(&self, sign_in: &SignIn) -> Option<String> {
        let key = self.key.for_purpose(SEALING)?;
        let sealed = Sealed { exp: sign_in.until / 1000, sign_in: sign_in.clone() };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &sealed, key.encoding()).ok()
    }

    /// Returns the sign-in that a browser has kept, if it was sealed with this key and has not expired.
    #[must_use]
    pub fn unseal(&self, text: &str, now: UnixMs) -> Option<SignIn> {
        let key: SigningKey = self.key.for_purpose(SEALING)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        let sealed = jsonwebtoken::decode::<Sealed>(text, key.decoding(), &validation).ok()?;
        let sign_in = sealed.claims.sign_in;
        (now < sign_in.until).then_some(sign_in)
    }

    /// Returns the groups of a client that has signed in, or `None` if it may stay no longer: it was banned, or
    /// what it has shown does not hold any more.
    #[must_use]
    pub fn groups_of(&self, sign_in: &SignIn, now: UnixMs) -> Option<BTreeSet<String>> {
        let state = self.state();
        let proof = match &sign_in.shown {
            Shown::Nothing | Shown::Key(_) => return None,
            Shown::Preset(mark) => {
                let token = state.preset_by(&sign_in.name, |token| {
                    self.mark(token.expose()).is_some_and(|it| it == *mark)
                })?;
                Proof::Preset { token }
            }
            Shown::Signed { issued, origin } => {
                Proof::Signed { issued_at: *issued, origin: *origin }
            }
            Shown::Password(shown_at) => Proof::Password { shown_at: *shown_at },
            Shown::Jwt { issuer, issued, expires } => {
                Proof::Jwt { issuer: issuer.clone(), issued_at: *issued, expires: *expires }
            }
            Shown::Application => Proof::Application,
        };
        let identity = Identity::new(&sign_in.name, proof);
        if self.refusal_of(&identity, now).is_some() {
            return None;
        }
        let mut groups = state.renewed(&identity, now)?.groups().clone();
        groups.extend(sign_in.groups.iter().cloned());
        Some(groups)
    }

    /// Returns a code of a secret: the same one of the same secret, and of no use to whoever reads it.
    #[must_use]
    pub fn mark(&self, secret: &str) -> Option<String> {
        self.key.code(MARKING, secret)
    }

    /// Returns what the pages of a sign-in show with what they change, and pages of others cannot know.
    #[must_use]
    pub fn word_against_forgery(&self, sign_in: &SignIn) -> Option<String> {
        self.key.code(FORGERY, &sign_in.id)
    }
}
