//! How a client reaches its server.

use std::time::Duration;

/// How a client reaches its server.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// Certificates (PEM) of authorities to trust besides those of the machine.
    pub authority: Option<&'a [u8]>,
    /// How long connecting may take: looking the name up, TCP and TLS. Without end if `None`.
    pub connect_timeout: Option<Duration>,
    /// How long a connection is kept that is not used.
    pub idle_timeout: Duration,
    /// What goes between the client and its server.
    pub proxy: Proxy,
    /// What the client calls itself; nothing if `None`.
    pub user_agent: Option<&'static str>,
}

/// What goes between a client and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Nothing, whatever the environment says.
    None,
    /// To `https://` addresses, the proxy that `HTTPS_PROXY` or `ALL_PROXY` names, unless `NO_PROXY`
    /// names the server. Nothing to `http://` addresses.
    Environment,
}
