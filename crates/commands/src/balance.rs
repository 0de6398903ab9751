//! `rialto balance`: the load balancer, and what is asked of one that runs.

mod servers;

use std::path::PathBuf;

use rialto_config::{Flag, Note, Settings, Sources, load_with_notes};

use crate::exit::Failure;
use crate::logging::Level;

const EXAMPLES: &str = "\
Clients connect to the balancer, and each connection is passed on to one of the servers that can take it.
The settings are those of [balancer] in a settings file, which `rialto config default` shows with what
each is for; a load_balancer.conf of JMQT is accepted as it is. SIGHUP has the file read anew, and no
connection ends for it. SIGTERM lets open connections end for server.shutdown_timeout.

Examples:
  rialto balance --config load_balancer.conf
  rialto balance --route 127.0.0.1:8010=10.0.0.10:8010,10.0.0.11:8010
  rialto balance --config balancer.toml --set balancer.connections_per_second_max=500
  rialto balance servers
  rialto balance drain 10.0.0.10:8010";

/// Pass connections on to several brokers
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What is asked of a balancer that runs on this machine.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the servers of a running balancer, with their state and their connections
    Servers(servers::ListArgs),
    /// Give a server no new connections; those that it has go on
    Drain(servers::ServerArgs),
    /// Give a server new connections again
    Resume(servers::ServerArgs),
}

/// Where the settings of a balancer come from.
#[derive(Debug, Clone, clap::Args)]
struct SettingsArgs {
    /// Settings file, in TOML or a load_balancer.conf of JMQT. Without this option the environment variable
    /// RIALTO_CONFIG may name one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen, and the servers, instead of the routes of the settings. May be repeated
    #[arg(long, value_name = "ADDRESS=SERVER,SERVER")]
    route: Vec<Mapping>,
    /// Any setting, such as balancer.check_interval=1s. May be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Format of the log lines: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: off, error, warn, info, debug or trace, or levels by module [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

/// A route on the command line.
#[derive(Debug, Clone)]
struct Mapping {
    listen: String,
    servers: Vec<String>,
}

impl std::str::FromStr for Mapping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (listen, servers) = text
            .split_once('=')
            .ok_or("expected ADDRESS=SERVER, such as 127.0.0.1:8010=ten:8010")?;
        let servers = servers.split(',').map(|server| server.trim().to_owned()).collect();
        Ok(Mapping { listen: listen.trim().to_owned(), servers })
    }
}

impl SettingsArgs {
    fn load(&self) -> Result<(Settings, Vec<Note>), Failure> {
        let named = [
            ("--log-format", "log.format", &self.log_format),
            ("--log-level", "log.level", &self.log_level),
        ];
        let named = named.into_iter().filter_map(|(flag, key, value)| {
            value.as_ref().map(|value| Flag::named(flag, key, value))
        });
        let flags = self.routes().into_iter().chain(named);
        let flags = flags.chain(self.set.iter().map(|text| Flag::set(text))).collect();
        let sources = Sources { file: self.config.clone(), flags, ..Sources::default() };
        load_with_notes(&sources.with_process_environment()).map_err(Failure::from)
    }

    /// Returns the flag that stands for the routes, if there are any.
    fn routes(&self) -> Option<Flag> {
        let routes = self.route.iter().map(|Mapping { listen, servers }| {
            let servers: Vec<String> = servers.iter().map(|server| format!("{server:?}")).collect();
            format!("{{ listen = {listen:?}, servers = [{}] }}", servers.join(", "))
        });
        let routes: Vec<String> = routes.collect();
        let value = format!("[{}]", routes.join(", "));
        (!routes.is_empty()).then(|| Flag::named("--route", "balancer.routes", &value))
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Some(Command::Servers(args)) => servers::list(args),
        Some(Command::Drain(args)) => servers::drain(args),
        Some(Command::Resume(args)) => servers::resume(args),
        None => balance(&args.settings),
    }
}

fn balance(args: &SettingsArgs) -> Result<(), Failure> {
    let (settings, notes) = args.load()?;
    Level::choose(args.log_level.as_deref(), &settings.log).start(settings.log.format)?;
    for Note { origin, text } in &notes {
        tracing::warn!(%origin, note = text, "something in the settings is ignored or inadvisable");
    }
    let sources = args.clone();
    let reload =
        move || sources.load().map(|(settings, _)| settings).map_err(|failure| failure.text);
    rialto_balancer::run(&settings, reload).map_err(Failure::from)
}
