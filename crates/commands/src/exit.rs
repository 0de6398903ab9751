//! How a command ends when it does not end well.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use rialto_access::UsersError;
use rialto_balancer::BalancerError;
use rialto_client::{ConnectError, Disconnected, RequestError, Status, Stranger};
use rialto_config::ConfigErrors;
use rialto_server::ServeError;
use rialto_server::maintenance::StoreError;

/// The exit codes, which `--help` documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Refused by the broker, or failed.
    Failed = 1,
    /// Wrong arguments or settings.
    Usage = 2,
    /// No connection to the broker, or it was lost and not made again.
    Unreachable = 3,
    /// Nothing came in time.
    TimedOut = 4,
    /// What is stored is damaged, or cannot be used by this release.
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

    /// Returns what happened, without the advice in the lines behind it.
    pub(crate) fn first_line(&self) -> String {
        self.text.lines().next().unwrap_or_default().to_owned()
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

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Store(error) => error.into(),
            error @ (ServeError::NoListener | ServeError::Exposed(_)) => {
                Failure::new(Exit::Usage, error.to_string())
            }
            error => Failure::new(Exit::Failed, error.to_string()),
        }
    }
}

impl From<BalancerError> for Failure {
    fn from(error: BalancerError) -> Self {
        let exit = match error {
            BalancerError::NoRoutes => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = if error.is_unusable() { Exit::Damaged } else { Exit::Failed };
        Failure::new(exit, error.to_string())
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
        let exit = match &error {
            ConnectError::Refused { .. } | ConnectError::Declined { .. } => Exit::Failed,
            ConnectError::TlsFile { .. } => Exit::Usage,
            _ => Exit::Unreachable,
        };
        let advice = advice(&error);
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
            RequestError::Offline | RequestError::Lost => {
                Failure::new(Exit::Unreachable, error.to_string())
            }
            other => Failure::new(Exit::Failed, other.to_string()),
        }
    }
}

/// Says what to do about a connection that did not come about.
fn advice(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Refused { refusal, .. } => match refusal.status {
            Status::FAILED | Status::INVALID_TOKEN => {
                "check the client id and its token (--client, --token), or the password in \
                 RIALTO_PASSWORD; the broker's log says more"
            }
            _ => "the broker's log says more",
        },
        ConnectError::UnknownHost { .. } => "check the name in --server",
        ConnectError::Unreachable { source, .. } if source.kind() == ErrorKind::TimedOut => {
            "is the address right, and does no firewall drop what is sent there? --server names \
             another"
        }
        ConnectError::Unreachable { .. } => {
            "is a broker running there? `rialto serve` starts one; --server names another"
        }
        ConnectError::Tls { .. } => {
            "--ca names the authority to trust, --certificate and --key what to show; the port must \
             be one that speaks TLS"
        }
        ConnectError::WebSocket { .. } => {
            "the port must be one that speaks WebSocket, as 8012 unless configured otherwise"
        }
        ConnectError::TurnedAway { .. } => "try again later; the broker's log says more",
        ConnectError::NotJmqt { endpoint, .. }
        | ConnectError::Wordless { endpoint }
        | ConnectError::Silent { endpoint, .. }
            if !endpoint.is_of_jmqt() =>
        {
            "--server names the port for this dialect: 6747 for CoreMQ, 9000 for its WebSocket, 12000 \
             for PubSubX, unless configured otherwise"
        }
        ConnectError::NotJmqt { stranger, .. } => instead_of(stranger),
        ConnectError::Wordless { endpoint } if endpoint.scheme().has_tls() => {
            "does that port speak TLS? jmqt:// and ws:// are without it; if it does, the broker may \
             be at a limit of connections"
        }
        ConnectError::Wordless { .. } => {
            "is it a port for JMQT (8010 unless configured otherwise)? A listener that expects the \
             PROXY protocol closes like this, too"
        }
        ConnectError::Silent { .. } => {
            "is it a port for JMQT (8010 unless configured otherwise)? A JMQT broker answers at once"
        }
        ConnectError::TimedOut { .. } => {
            "the broker, or an application that it asks, is slow; --connect-timeout waits longer"
        }
        _ => "",
    }
}

/// Says where to connect to instead.
fn instead_of(stranger: &Stranger) -> &'static str {
    match stranger {
        Stranger::Tls => "use jmqts:// in --server, or wss:// for WebSocket",
        Stranger::Http => {
            "is it the port of the status page and the HTTP API (--api)? JMQT is on port 8010 unless \
             configured otherwise"
        }
        _ => "--server names the port for JMQT: 8010 unless configured otherwise",
    }
}
