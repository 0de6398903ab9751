//! How a broker is to be started for one test.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// How a broker is to be started.
///
/// By default it has a temporary data directory, a certificate, and one listener that takes all
/// four transports on a free port of loopback.
#[derive(Debug, Clone)]
pub struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) settings: Vec<String>,
    /// Variables of its environment.
    pub(crate) environment: Vec<(String, OsString)>,
    /// Names, and addresses where they are not left to us.
    pub(crate) extra_listeners: Vec<(String, Option<SocketAddr>)>,
    pub(crate) has_certificate: bool,
    /// What the settings file says, if there is one.
    pub(crate) config: Option<String>,
    /// Whether its wall clock can be stepped.
    pub(crate) has_clock: bool,
    /// Whether the program is told everything by `--set`, and no command.
    pub(crate) is_embedded: bool,
}

impl Launch {
    /// Starts from the defaults with the binary at `program`, which is
    /// `env!("CARGO_BIN_EXE_rialto")` in the tests of the package that builds it.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Launch {
            program: program.into(),
            settings: Vec::new(),
            environment: Vec::new(),
            extra_listeners: Vec::new(),
            has_certificate: true,
            config: None,
            has_clock: false,
            is_embedded: false,
        }
    }

    /// Starts from the defaults with a program that embeds the server: it takes settings by `--set`
    /// and nothing else, and leaves the listeners of the defaults open unless told otherwise.
    pub fn embedded(program: impl Into<PathBuf>) -> Self {
        let launch = Launch { is_embedded: true, ..Launch::of(program) };
        let defaults = ["tcp", "tls", "websocket", "wss"];
        defaults.into_iter().fold(launch, |launch, listener| {
            launch.set(&format!("listeners.{listener}.enabled=false"))
        })
    }

    /// Adds a setting, such as `session.heartbeat_timeout=3s`.
    #[must_use]
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// Adds a variable to its environment, which has none of `rialto` and of service managers otherwise.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a listener of that name, to be reached by [`Broker::address_of`](crate::Broker::address_of). Its other settings
    /// are set as `listeners.NAME.…`.
    #[must_use]
    pub fn listener(mut self, name: &str) -> Self {
        self.extra_listeners.push((name.to_owned(), None));
        self
    }

    /// Adds a listener of that name on an address that is known to be free.
    #[must_use]
    pub fn listener_at(mut self, name: &str, address: SocketAddr) -> Self {
        self.extra_listeners.push((name.to_owned(), Some(address)));
        self
    }

    /// Adds the listeners of CoreMQ: `coremq`, `coremq-tls` and `coremq-websocket`.
    #[must_use]
    pub fn coremq(self) -> Self {
        let dialects = [
            ("coremq", "coremq"),
            ("coremq-tls", "coremq"),
            ("coremq-websocket", "coremq-websocket"),
        ];
        let launch = dialects.into_iter().fold(self, |launch, (name, dialect)| {
            launch.listener(name).set(&format!("listeners.{name}.dialect={dialect}"))
        });
        launch.set("listeners.coremq-tls.tls=require")
    }

    /// Adds the listeners of PubSubX: `pubsubx` and `pubsubx-tls`.
    #[must_use]
    pub fn pubsubx(self) -> Self {
        let launch = ["pubsubx", "pubsubx-tls"].into_iter().fold(self, |launch, name| {
            launch.listener(name).set(&format!("listeners.{name}.dialect=pubsubx"))
        });
        launch.set("listeners.pubsubx-tls.tls=require")
    }

    /// Gives it a settings file, which [`Broker::configure`](crate::Broker::configure) can change. Settings of
    /// [`set`](Self::set) stand above it.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config = Some(toml.to_owned());
        self
    }

    /// Gives it a wall clock of its own, which [`Broker::step_clock`](crate::Broker::step_clock) steps.
    #[must_use]
    pub fn with_clock(mut self) -> Self {
        self.has_clock = true;
        self
    }

    /// Leaves out the certificate, and TLS with it.
    #[must_use]
    pub fn without_certificate(mut self) -> Self {
        self.has_certificate = false;
        self
    }
}
