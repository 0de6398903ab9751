//! `rialto serve`: runs a broker until it is told to stop.

mod starter;

use std::path::{Path, PathBuf};

use rialto_config::{Checked, Flag, Note, Settings, Sources};
use rialto_server::{ServerBuilder, Supervisor};

use crate::exit::Failure;
use crate::logging::Level;

use starter::StarterArgs;

const EXAMPLES: &str = "\
Without arguments the broker listens on loopback only: JMQT on ports 8010 to 8012 (and 8013 with a
certificate), CoreMQ on 6747 and, for WebSocket, 9000, PubSubX on 12000, the status page on 8080. It
keeps its data in ./rialto-data. SIGTERM or Ctrl-C stops it gracefully; SIGHUP makes it read changed
settings without disconnecting any client.

Examples:
  rialto serve --data-dir /var/lib/rialto
  rialto serve --config rialto.toml --set limits.packet_bytes_max=4MiB
  rialto serve --config coremq.conf
  rialto serve --listen 127.0.0.1:0 --set store.kind=memory
  rialto serve --pubsubx 12000
  rialto serve --listen 127.0.0.1:0 --ready-fd 1 --stop-with-stdin
  rialto serve --tls-certificate server.pem --tls-key server.key";

/// The groups of options in `serve --help`.
const SETTINGS: &str = "Settings";
const LISTENERS: &str = "Listeners";
const TLS: &str = "TLS";
const LOG: &str = "Log";

/// Options that matter to a running broker only, by the names of their fields.
pub(crate) const SERVER_OPTIONS: [&str; 6] =
    ["listen", "pubsubx", "tls_certificate", "tls_key", "log_format", "log_level"];

/// Run a broker.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    starter: StarterArgs,
}

/// The flags that change settings, for all commands that read them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SettingsArgs {
    /// Settings file; `rialto config default` prints one with all settings. A coremq.conf of CoreMQ
    /// is accepted as well. Without this option the environment variable RIALTO_CONFIG may name one
    #[arg(long, value_name = "FILE", help_heading = SETTINGS)]
    config: Option<PathBuf>,
    /// Directory for everything the broker keeps [default: rialto-data]
    #[arg(long, value_name = "DIR", help_heading = SETTINGS)]
    data_dir: Option<String>,
    /// Any setting, such as session.heartbeat_timeout=30s. May be repeated
    #[arg(long, value_name = "KEY=VALUE", help_heading = SETTINGS)]
    set: Vec<String>,
    /// Address to listen on instead of all listeners of the settings, such as 127.0.0.1:8010 or
    /// localhost:8010. May be repeated. Port 0 takes a free port, which the log names
    #[arg(long, value_name = "ADDRESS", help_heading = LISTENERS)]
    listen: Vec<String>,
    /// Run as a PubSubX server on this port of loopback and nothing else: in memory, unless
    /// --data-dir or --config is given, and with every message logged
    #[arg(long, value_name = "PORT", conflicts_with = "listen", help_heading = LISTENERS)]
    pubsubx: Option<u16>,
    /// PEM file with the certificate for TLS
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    tls_certificate: Option<String>,
    /// PEM file with the key of the certificate
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    tls_key: Option<String>,
    /// Format of the log lines: text or json [default: text]
    #[arg(long, value_name = "FORMAT", help_heading = LOG)]
    log_format: Option<String>,
    /// What is logged: off, error, warn, info, debug or trace, or levels by module, such as
    /// info,rialto_session=debug [default: info]
    #[arg(long, value_name = "LEVEL", help_heading = LOG)]
    log_level: Option<String>,
}

impl SettingsArgs {
    /// Reads the settings from all their sources, and what is to be noted about the sources.
    pub(crate) fn load(&self) -> Result<(Settings, Vec<Note>), Failure> {
        let Checked { settings, notes } = self.check();
        Ok((settings?, notes))
    }

    /// As [`load`](Self::load), for a command to whose result the notes do not matter.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        self.load().map(|(settings, _)| settings)
    }

    /// Reads the settings from all their sources, or what is wrong with them.
    pub(crate) fn check(&self) -> Checked {
        let mut flags = Vec::new();
        let mut listen = self.listen.clone();
        if let Some(port) = self.pubsubx {
            // Weaker than what is said by itself.
            listen = vec![format!("127.0.0.1:{port}")];
            flags.extend(self.pubsubx_flags());
        }
        flags.extend(self.flags());
        let sources = Sources { file: self.config.clone(), listen, flags, ..Sources::default() };
        rialto_config::check(&sources.with_process_environment())
    }

    /// Returns the settings file that was named on the command line.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    pub(crate) fn log_level(&self) -> Option<&str> {
        self.log_level.as_deref()
    }

    /// Returns what `--pubsubx` stands for, besides its listener.
    fn pubsubx_flags(&self) -> Vec<Flag> {
        let mut settings =
            vec![("listeners.listen-1.dialect", "pubsubx"), ("pubsubx.log_messages", "true")];
        if self.data_dir.is_none() && self.config.is_none() {
            settings.push(("store.kind", "memory"));
        }
        let flag = |(key, value)| Flag::named("--pubsubx", key, value);
        settings.into_iter().map(flag).collect()
    }

    fn flags(&self) -> Vec<Flag> {
        let named = [
            ("--data-dir", "server.data_dir", &self.data_dir),
            ("--tls-certificate", "tls.certificate", &self.tls_certificate),
            ("--tls-key", "tls.key", &self.tls_key),
            ("--log-format", "log.format", &self.log_format),
            ("--log-level", "log.level", &self.log_level),
        ];
        let named = named.into_iter().filter_map(|(flag, key, value)| {
            value.as_ref().map(|value| Flag::named(flag, key, value))
        });
        named.chain(self.set.iter().map(|text| Flag::set(text))).collect()
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (settings, notes) = args.settings.load()?;
    Level::choose(args.settings.log_level(), &settings.log).start(settings.log.format)?;
    for Note { origin, text } in &notes {
        tracing::warn!(%origin, note = text, "something in the settings is ignored or inadvisable");
    }
    let sources = args.settings.clone();
    let reload = move || sources.settings().map_err(|failure| failure.text);
    let server = args.starter.tie(ServerBuilder::new(settings))?;
    supervised(server).run(reload).map_err(Failure::from)
}

/// Has the server tell the service manager that started this process, if one did.
fn supervised(server: ServerBuilder) -> ServerBuilder {
    match Supervisor::from_environment() {
        Ok(Some(supervisor)) => server.supervisor(supervisor),
        Ok(None) => server,
        // Whoever waits to be told ends the process; what is left over from another one must not.
        Err(error) => {
            tracing::warn!(%error, "the environment names a service manager that cannot be told");
            server
        }
    }
}
