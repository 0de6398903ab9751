//! What is said when somebody signs in to the console.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is shown: `user` with `password`, or one of `token` and `key`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewSession {
    /// A user's name, or the id of a client that has a token in the settings.
    pub(super) user: Option<String>,
    /// The password, or that token.
    pub(super) password: Option<String>,
    /// A token that the server signed, or a JWT: it says itself whose it is.
    pub(super) token: Option<String>,
    /// A key of the API.
    pub(super) key: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionJson {
    /// The client's id, or the key's name.
    pub(super) user: String,
    /// The groups that bring the rights, or what else does.
    pub(super) role: String,
    /// What may be done.
    pub(super) rights: Vec<&'static str>,
    /// What was shown: `nothing`, `key`, `token`, `password`, `jwt` or `application`.
    pub(super) signed_in_by: &'static str,
    /// When it ends unless it is used, in milliseconds since 1970.
    pub(super) expires_ms: u64,
    /// What goes into the field `X-Rialto-CSRF` of requests with another method than GET.
    pub(super) csrf: String,
}
