//! How a command ends when it does not end well.

use std::fmt::Display;
use std::io;

use rialto_access::UsersError;
use rialto_client::{ConnectError, Disconnected, RequestError};
use rialto_config::ConfigErrors;

/// The exit codes, which `--help` documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Refused by the broker, or failed.
    Failed = 1,
    /// Wrong arguments or settings.
    Usage = 2,
    /// No connection to the broker, or lost for good.
    Unreachable = 3,
    /// Nothing came in time.
    TimedOut = 4,
    /// Something stored is damaged.
    Damaged = 5,
}

/// What to print and which code to exit with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened, why, and what to do; empty if all is said already.
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Failure { exit, text: text.into() }
    }

    /// Failed to do `what` to a file, such as `write ca.pem`.
    pub(crate) fn file(what: impl Display, error: &io::Error) -> Self {
        Failure::new(Exit::Failed, format!("cannot {what}: {error}"))
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let text = match errors.iter().len() {
            1 => errors.to_string(),
            count => format!("{count} mistakes in the settings:\n{errors}"),
        };
        Failure::new(Exit::Usage, text)
    }
}

impl From<UsersError> for Failure {
    fn from(error: UsersError) -> Self {
        let exit = match error {
            UsersError::NoName | UsersError::NoPassword => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let (exit, advice) = match &error {
            ConnectError::Refused { .. } => (
                Exit::Failed,
                "check --client and --token, or RIALTO_PASSWORD; the broker's log says more",
            ),
            ConnectError::Unreachable { .. } => (
                Exit::Unreachable,
                "is a broker running there? `rialto serve` starts one; --server names another",
            ),
            ConnectError::Tls { .. } => (
                Exit::Unreachable,
                "--ca names the authority to trust; the port must be one that speaks TLS",
            ),
            ConnectError::Broken { .. } => (
                Exit::Unreachable,
                "if that port speaks TLS only, use jmqts:// or wss:// in --server",
            ),
            ConnectError::TlsFile { .. } => (Exit::Usage, ""),
            _ => (Exit::Unreachable, ""),
        };
        let separator = if advice.is_empty() { "" } else { "\n  " };
        Failure::new(exit, format!("{error}{separator}{advice}"))
    }
}

impl From<Disconnected> for Failure {
    fn from(reason: Disconnected) -> Self {
        Failure::new(Exit::Unreachable, reason.to_string())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Disconnected(reason) => reason.into(),
            other => Failure::new(Exit::Failed, other.to_string()),
        }
    }
}
