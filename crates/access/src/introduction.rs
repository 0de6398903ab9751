//! What a client says of itself to be given a token.

use serde::Deserialize;
use serde_json::Value;

use crate::Secret;

/// Authentication data, understood.
#[derive(Debug)]
pub(crate) enum Introduction {
    /// A name, and nothing to show for it.
    Name(String),
    /// A name and its password.
    Password {
        /// The user.
        name: String,
        /// What is to be compared.
        password: Secret,
        /// Whether both stand in `login`.
        is_login: bool,
    },
    /// Somebody else's token.
    Jwt(Secret),
    /// Nothing: the connection's certificate must do.
    Nothing,
}

#[derive(Deserialize)]
struct Members {
    client_name: Option<Value>,
    password: Option<Value>,
    login: Option<Login>,
    jwt: Option<Value>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(alias = "email", alias = "user")]
    name: String,
    password: String,
}

impl Introduction {
    /// Understands `{"jwt": ..}`, `{"login": {"email"|"user"|"name": .., "password": ..}}`,
    /// `{"client_name": ..}` with and without `"password"`, in this order, and an object without
    /// any of them.
    pub(crate) fn parse(data: &str) -> Option<Self> {
        // J-28: to serde an array of the fields would be as good as an object.
        let is_object = data.trim_start().starts_with('{');
        let members = is_object.then(|| serde_json::from_str::<Members>(data).ok())??;
        if let Some(jwt) = members.jwt {
            return Some(Introduction::Jwt(Secret::from(jwt.as_str()?)));
        }
        if let Some(Login { name, password }) = members.login {
            let password = Secret::from(password);
            return Some(Introduction::Password { name, password, is_login: true });
        }
        let Some(name) = members.client_name else { return Some(Introduction::Nothing) };
        let name = name.as_str()?.to_owned();
        Some(match members.password {
            Some(password) => {
                let password = Secret::from(password.as_str()?);
                Introduction::Password { name, password, is_login: false }
            }
            None => Introduction::Name(name),
        })
    }

    /// Returns the client id it claims; what a JWT claims, only its signature makes worth knowing.
    pub(crate) fn name(self) -> Option<String> {
        match self {
            Introduction::Name(name) | Introduction::Password { name, .. } => Some(name),
            Introduction::Jwt(_) | Introduction::Nothing => None,
        }
    }

    /// Returns what it says where there are no passwords: `client_name` says it alone, a login nothing.
    pub(crate) fn without_password(self) -> Option<Self> {
        match self {
            Introduction::Password { is_login: true, .. } => None,
            Introduction::Password { name, .. } => Some(Introduction::Name(name)),
            other => Some(other),
        }
    }
}

#[cfg(test)]
mod tests;
