//! The sample server of the JMQT guide: a server with rules of its own, in one file.
//!
//! Clients name themselves (`{"client_name": "ada"}`), each is subscribed to `update` when it
//! connects, only the server publishes there, everybody hears there who comes and goes, and two
//! control channels answer: `$whoAmI` and `$online`. Run it with
//!
//! ```text
//! cargo run --release -p rialto-server --example sample_server -- [--config FILE] [--set KEY=VALUE]...
//! ```
//!
//! It listens on the guide's ports, 8010 to 8012 (and 8013 with a certificate), and keeps its data
//! in ./sample-data. Ctrl-C or SIGTERM stops it; SIGHUP takes up changed settings.
//! What everything here means stands in docs/embedding.md.

use std::{error::Error, io, path::PathBuf, process::ExitCode, sync::Arc};

use rialto_server::{
    Application, AuthenticateRequest, Authentication, Client, ConnectRequest, Control,
    ControlRequest, ForcedSubscription, Handle, Publication, PublishRequest, Reject, ServerBuilder,
    SessionEnded, SessionStart, Settings, SubscribeRequest, UnsubscribeRequest,
    config::{Flag, LogFormat, Sources, load},
};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{
    Registry, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// The channel on which the server speaks to everybody.
const UPDATES: &str = "update";
/// How many clients `$online` names.
const ONLINE_COUNT_MAX: usize = 100;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sample_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts and stops the server (guide 1.h).
fn run() -> Result<(), Box<dyn Error>> {
    let sources = Arguments::parse(std::env::args().skip(1))?.sources();
    let settings = load(&sources)?;
    start_log(&settings)?;
    tracing::info!("server start");
    ServerBuilder::new(settings)
        .application_with(SampleApplication::new)
        .control("whoAmI", who_am_i)
        .run(move || load(&sources).map_err(|error| error.to_string()))?;
    tracing::info!("server stop");
    Ok(())
}

/// The rules, one method for each callback of the guide (1.d).
struct SampleApplication {
    server: Handle,
}

/// What a client shows to say who it is.
#[derive(Deserialize)]
struct Credentials {
    client_name: String,
}

impl SampleApplication {
    fn new(server: Handle) -> Self {
        // Any setting can be read (guide 1.g).
        let heartbeat_timeout = server.settings().session.heartbeat_timeout;
        tracing::info!(%heartbeat_timeout, "clients must send something within this time");
        SampleApplication { server }
    }
}

impl Application for SampleApplication {
    async fn authenticate(&self, request: AuthenticateRequest) -> Result<Authentication, Reject> {
        let (address, protocol) = (request.peer.address, request.peer.protocol);
        match serde_json::from_str::<Credentials>(&request.data) {
            Ok(Credentials { client_name }) if !client_name.is_empty() => {
                tracing::info!(client = client_name, %address, %protocol, "auth accepted");
                Ok(Authentication::Client { id: client_name.as_str().into(), token: None })
            }
            _ => {
                tracing::warn!(%address, %protocol, "auth refused: no client name");
                let why = "say who you are: {\"client_name\": \"your name\"}";
                Err(Reject::Failed(why.into()))
            }
        }
    }

    async fn connect(&self, request: ConnectRequest) -> Result<SessionStart, Reject> {
        // Whether the token is the client's own the server has looked at already.
        request.verdict?;
        tracing::info!(client = %request.client, address = %request.peer.address, "connect");
        let updates = ForcedSubscription { channel: UPDATES.to_owned(), persistent: true };
        Ok(SessionStart { subscriptions: vec![updates], ..SessionStart::default() })
    }

    async fn subscribe(&self, request: SubscribeRequest) -> Result<(), Reject> {
        leave_updates_alone(&request.channel)?;
        let SubscribeRequest { client, channel, persistent } = request;
        tracing::info!(client = %client.id, channel, persistent, "subscribe");
        Ok(())
    }

    async fn unsubscribe(&self, request: UnsubscribeRequest) -> Result<(), Reject> {
        leave_updates_alone(&request.channel)?;
        tracing::info!(client = %request.client.id, channel = request.channel, "unsubscribe");
        Ok(())
    }

    async fn publish(&self, request: PublishRequest) -> Result<Publication, Reject> {
        leave_updates_alone(&request.channel)?;
        tracing::info!(client = %request.client.id, channel = request.channel, "publish");
        Ok(Publication::AsSent)
    }

    /// Answers `$online`, and leaves `$mySubscriptions` and the others to the server.
    async fn control(&self, request: ControlRequest) -> Result<Control, Reject> {
        tracing::info!(client = %request.client.id, channel = request.name, "control");
        if request.name != "online" {
            return Ok(Control::NotMine);
        }
        let clients = self.server.clients("", true, ONLINE_COUNT_MAX);
        let ids = clients.into_iter().map(|client| client.id);
        Ok(Control::Answer(ids.collect()))
    }

    async fn disconnected(&self, departure: SessionEnded) {
        tracing::info!(client = %departure.client, "disconnect");
    }

    async fn closed(&self, departure: SessionEnded) {
        let SessionEnded { client, reason, .. } = departure;
        tracing::info!(%client, %reason, "connection closed");
    }
}

fn leave_updates_alone(channel: &str) -> Result<(), Reject> {
    if channel == UPDATES {
        let why = format!("the channel \"{UPDATES}\" is for the server alone");
        return Err(Reject::Denied(why.into()));
    }
    Ok(())
}

/// The question of `$whoAmI`, to which nothing need be said: `{}`.
#[derive(Deserialize)]
struct WhoAmI {}

/// What the server knows of whoever asks.
#[derive(Serialize)]
struct Someone {
    client: String,
    address: String,
    protocol: &'static str,
}

async fn who_am_i(client: Arc<Client>, _question: WhoAmI) -> Result<Someone, Reject> {
    Ok(Someone {
        client: client.id.as_str().to_owned(),
        address: client.peer.address.to_string(),
        protocol: client.peer.protocol.as_str(),
    })
}

/// The command line.
#[derive(Default)]
struct Arguments {
    config: Option<PathBuf>,
    set: Vec<String>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Arguments::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--config" => parsed.config = Some(value()?.into()),
                "--set" => parsed.set.push(value()?),
                _ => return Err(format!("{argument} is not known: there are --config and --set")),
            }
        }
        Ok(parsed)
    }

    /// Returns where the settings come from: this sample's own, below what the command line says.
    /// A settings file says itself what is to be open, and where its data are.
    fn sources(&self) -> Sources {
        let own = format!("access.presence_channel={UPDATES}");
        let without_file = [
            "server.data_dir=sample-data",
            "listeners.coremq.enabled=false",
            "listeners.coremq-websocket.enabled=false",
            "listeners.pubsubx.enabled=false",
            "listeners.http.enabled=false",
        ];
        let count = if self.config.is_some() { 0 } else { without_file.len() };
        let set = without_file[..count].iter().copied().chain([own.as_str()]);
        let flags = set.chain(self.set.iter().map(String::as_str)).map(Flag::set).collect();
        let sources = Sources { file: self.config.clone(), flags, ..Sources::default() };
        sources.with_process_environment()
    }
}

/// The logger (guide 1.e): what is logged, and how, the settings say.
fn start_log(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let filter = settings.log.level.parse::<Targets>()?;
    let registry = Registry::default().with(filter);
    let layer = fmt::layer().with_writer(io::stderr);
    match settings.log.format {
        LogFormat::Text => registry.with(layer).init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
    Ok(())
}
