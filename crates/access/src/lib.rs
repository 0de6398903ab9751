//! Who a client is, and what it may do: tokens, passwords, JWTs, certificates, and rules by channel.
//!
//! It opens no sockets, keeps no sessions and reads no clock; the files it knows are the signing
//! key's, the users' and that of bans and revocations. Keys that stand behind a URL are fetched by
//! the server. Whether a peer may still try is answered by a [`Throttle`] of its own, as only the
//! server knows the peer's address.
//!
//! Read [`Access`] first, then [`Identity`], then [`Policy`]. What a session holds is its `Holder`,
//! the core's [`Rights`](rialto_domain::Rights).
//!
//! Tested on its own for each proof and each answer, and over real sockets with the server.

mod actions;
mod atomic_file;
mod secret;

mod grants;
mod identity;

mod explanation;
mod held;
mod pattern;
mod policy;
mod rule;

mod password;
mod revocation;
mod sign_in;
mod signed_token;
mod signing_key;
mod throttle;
mod users;
mod users_file;

mod issuer;
mod jwt;
mod keys;

mod access;
mod changes;
mod error;
mod holder;
mod introduction;
mod settings;
mod state;

pub use access::Access;
pub use atomic_file::{make_private_directory, real_path, replace_file};
pub use changes::Changes;
pub use error::AccessError;
pub use grants::Grants;
pub use identity::{Identity, Proof, TokenOrigin};
pub use issuer::{Issuer, IssuerKeys};
pub use jsonwebtoken::Algorithm;
pub use pattern::Pattern;
pub use policy::Policy;
pub use revocation::{Ban, RevocationError, Revocations};
pub use rialto_domain::{DecidedBy, Explanation, RuleStep};
pub use rule::{Effect, Rule, Who};
pub use secret::Secret;
pub use settings::{ConnectSubscription, Mode, PresetToken, Replicants, Settings};
pub use sign_in::{Shown, SignIn};
pub use signing_key::SigningKey;
pub use throttle::{Attempt, Throttle, ThrottleSettings};
pub use users::{User, Users};
pub use users_file::{UsersError, UsersFile};
