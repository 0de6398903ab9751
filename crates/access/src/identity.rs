//! Who has been let in, and how that was shown.

use std::{collections::BTreeSet, sync::Arc};

use rialto_domain::{Certificate, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Grants, Secret};

/// Bytes from which on a secret that an operator chose counts as one that nobody can guess: as long as
/// one of 128 bits.
const STRONG_SECRET_BYTES: usize = 16;

/// Somebody whom [`Access`](crate::Access), or the server's application, has let in.
#[derive(Debug, Clone)]
pub struct Identity {
    account: Arc<str>,
    groups: BTreeSet<String>,
    claims: Map<String, Value>,
    grants: Option<Grants>,
    proof: Proof,
    /// What the proof depends on, and until when that counts as far as is known.
    certificate: Option<Certified>,
}

/// A certificate that counts, and until when as far as is known.
pub(crate) type Certified = (Arc<dyn Certificate>, UnixMs);

/// How an identity was shown. What must hold on for the session to go on depends on it.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Not at all: open mode takes the client's word.
    Anybody,
    /// A token of the configuration.
    Preset {
        /// That token.
        token: Secret,
    },
    /// A token that this server, or one with the same key, signed.
    Signed {
        /// When.
        issued_at: UnixMs,
        /// What it was given for.
        origin: TokenOrigin,
    },
    /// A user's password.
    Password {
        /// When.
        shown_at: UnixMs,
    },
    /// A JWT of an issuer that the configuration names.
    Jwt {
        /// The issuer's name in the configuration.
        issuer: String,
        /// When it was issued; 0 if it does not say.
        issued_at: UnixMs,
        /// The session ends then.
        expires: UnixMs,
    },
    /// The certificate of the connection.
    Certificate,
    /// The server's application said so.
    Application,
    /// The address of the connection, which is that of a host of the cluster. It may do everything.
    Address,
}

/// What a signed token was given for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenOrigin {
    /// A name, in open mode. Opens no session of a name that has a preset token or a user by now.
    #[default]
    Open,
    /// A user's name and password. Ends with the user, and when its password is changed.
    Password,
    /// A certificate. Opens sessions on connections that have it only.
    Certificate,
    /// The word of the server's application or its operator.
    Application,
}

impl Identity {
    /// Makes an identity on the application's word.
    #[must_use]
    pub fn of_application(account: &str, groups: BTreeSet<String>) -> Self {
        Identity::new(account, Proof::Application).with_groups(groups)
    }

    /// Returns the same identity, in these groups as well.
    #[must_use]
    pub fn in_groups(&self, groups: Vec<String>) -> Self {
        let mut identity = self.clone();
        identity.groups.extend(groups);
        identity
    }

    /// Returns the client id that rules see.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the groups it belongs to.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// Returns all claims of its JWT; without one, none.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns what its JWT limits it to, if it does.
    #[must_use]
    pub fn grants(&self) -> Option<&Grants> {
        self.grants.as_ref()
    }

    /// Returns how the identity was shown.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Says, for people, what was shown.
    pub(crate) fn shown_by(&self) -> String {
        match &self.proof {
            Proof::Anybody => "nothing, in open mode".to_owned(),
            Proof::Preset { .. } => "a token of the settings".to_owned(),
            Proof::Signed { origin, .. } => match origin {
                TokenOrigin::Open => "a token that anybody gets in open mode".to_owned(),
                TokenOrigin::Password => "a token for a password".to_owned(),
                TokenOrigin::Certificate => "a token for a certificate".to_owned(),
                TokenOrigin::Application => "a token from the server".to_owned(),
            },
            Proof::Password { .. } => "a password".to_owned(),
            Proof::Jwt { issuer, .. } => format!("a JWT of {issuer}"),
            Proof::Certificate => "a certificate".to_owned(),
            Proof::Application => "the application's word".to_owned(),
            Proof::Address => "the address of a host of the cluster".to_owned(),
        }
    }

    /// Returns whether the name is more than what the client calls itself.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        match self.proof {
            Proof::Anybody | Proof::Address => false,
            Proof::Signed { origin, .. } => origin != TokenOrigin::Open,
            _ => true,
        }
    }

    /// Returns whether trying again and again could find what was shown, as it can find a password or
    /// a short token of the configuration, and not a signature.
    #[must_use]
    pub fn is_guessable(&self) -> bool {
        match &self.proof {
            Proof::Password { .. } => true,
            Proof::Preset { token } => token.expose().len() < STRONG_SECRET_BYTES,
            Proof::Anybody
            | Proof::Signed { .. }
            | Proof::Jwt { .. }
            | Proof::Certificate
            | Proof::Address
            | Proof::Application => false,
        }
    }

    /// Returns until when the proof holds at the latest, if it says so.
    pub(crate) fn until(&self) -> Option<UnixMs> {
        let certificate = self.certificate.as_ref().map(|(_, until)| *until);
        match &self.proof {
            Proof::Jwt { expires, .. } => Some(certificate.map_or(*expires, |it| it.min(*expires))),
            _ => certificate,
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Arc<dyn Certificate>> {
        self.certificate.as_ref().map(|(certificate, _)| certificate)
    }

    pub(crate) fn new(account: &str, proof: Proof) -> Self {
        let account = Arc::from(account);
        let (groups, claims) = (BTreeSet::new(), Map::new());
        Identity { account, groups, claims, grants: None, proof, certificate: None }
    }

    pub(crate) fn with_certificate(self, certificate: Certified) -> Self {
        Identity { certificate: Some(certificate), ..self }
    }

    pub(crate) fn with_groups(self, groups: BTreeSet<String>) -> Self {
        Identity { groups, ..self }
    }

    pub(crate) fn with_claims(self, claims: Map<String, Value>, grants: Option<Grants>) -> Self {
        Identity { claims, grants, ..self }
    }
}
