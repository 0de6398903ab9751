//! What commands of clients have in common: which broker, as whom, and what to say of the connection.

mod resolve;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rialto_client::{Client, Connection, Options};
use rialto_config::Period;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::address::Address;
use crate::context::ContextArgs;
use crate::exit::{Exit, Failure};

pub(crate) use resolve::{Aim, Other, Remote, default_server};

/// A connection that ends within this time is no good.
const SHORT_LIVED: Duration = Duration::from_secs(5);
/// So many of them in a row have a reason.
const SHORT_LIVED_COUNT: u32 = 3;

/// The environment variable with a user's password. No flag: others can see arguments.
const PASSWORD: &str = "RIALTO_PASSWORD";

/// Which broker to talk to, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct RemoteArgs {
    /// Address of the broker: jmqt://HOST:PORT for a plain socket (port 8010 unless given),
    /// jmqts:// for TLS (8011), ws:// for WebSocket (8012), wss:// for WebSocket with TLS (8013)
    /// [default: jmqt://127.0.0.1:8010]. In `pub`, `sub`, `request` and `shell` also coremq:// (6747),
    /// coremqs://, coremq+ws:// (9000), coremq+wss://, pubsubx:// (12000) and pubsubxs://
    #[arg(long, value_name = "URL", env = "RIALTO_SERVER")]
    server: Option<Address>,
    /// Client id to connect as; a broker in open mode gives it a token. Another connection with
    /// the same id is ended. Without it a name is made up. Where the id is a user's, the
    /// environment variable RIALTO_PASSWORD has its password
    #[arg(long, value_name = "ID", visible_alias = "name")]
    client: Option<String>,
    /// Token that proves the client id, for a broker that is not in open mode. Better given in the
    /// environment than on the command line, which others can see
    #[arg(long, env = "RIALTO_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// PEM file with the authority to trust with TLS; without it, those the machine trusts
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// PEM file with a certificate to show to a broker that asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// PEM file with the key of the certificate
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    #[command(flatten)]
    context: ContextArgs,
    /// Longest wait for a connection, from the name lookup until the broker has accepted it
    #[arg(long, value_name = "TIME", default_value = "10s")]
    connect_timeout: Period,
    /// End when the connection is lost, instead of connecting again
    #[arg(long)]
    pub(crate) no_reconnect: bool,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl RemoteArgs {
    /// Returns whether the command line says which client to be.
    pub(crate) fn names_client(&self) -> bool {
        self.client.is_some()
    }

    /// Returns the secrets that flags and the environment say.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.token.iter().cloned().chain(std::env::var(PASSWORD)).collect()
    }

    /// Returns where the context comes from.
    pub(crate) fn context(&self) -> &ContextArgs {
        &self.context
    }

    /// Returns the file with the authority to trust.
    pub(crate) fn ca(&self) -> Option<&PathBuf> {
        self.ca.as_ref()
    }

    /// Connects, and from then on tells `talk` when the connection is lost and restored.
    pub(crate) async fn connect(
        &self,
        options: Options,
        talk: impl Fn(&str) + Send + 'static,
    ) -> Result<Client, Failure> {
        let client = Client::connect(options).await?;
        if !self.quiet {
            tokio::spawn(announce(client.connection(), talk));
        }
        Ok(client)
    }
}

/// Runs a command on a runtime of its own.
///
/// The connection has its own thread, so that heartbeats go on while standard output blocks.
pub(crate) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(command);
    // Without waiting for a name lookup that has taken too long.
    runtime.shutdown_background();
    result
}

/// Makes a runtime with a thread of its own, which the caller need not lend its own to.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Failed, format!("cannot start a thread: {error}")))
}

/// Tells of every change, and of what may be behind it if there are many.
async fn announce(mut connection: watch::Receiver<Connection>, talk: impl Fn(&str)) {
    let mut online_since = Instant::now();
    let (mut was_lost, mut short_count) = (false, 0);
    while connection.changed().await.is_ok() {
        match connection.borrow_and_update().clone() {
            Connection::Lost(reason) => {
                talk(&format!("rialto: {reason}; connecting again"));
                was_lost = true;
                short_count =
                    if online_since.elapsed() < SHORT_LIVED { short_count + 1 } else { 0 };
                if short_count == SHORT_LIVED_COUNT {
                    talk("rialto: it never lasts; is another client connected with the same id?");
                }
            }
            Connection::Online if was_lost => {
                talk("rialto: connected again");
                online_since = Instant::now();
            }
            _ => {}
        }
    }
}
