//! What `pub` and `sub` have in common: which broker, as whom, and what to say of the connection.

use std::path::PathBuf;
use std::process;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rialto_client::{Client, Connection, Credentials, Endpoint, EndpointError, Options};
use rialto_config::Period;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::context::{Context, ContextArgs};
use crate::exit::{Exit, Failure};

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
    /// [default: jmqt://127.0.0.1:8010]
    #[arg(long, value_name = "URL", env = "RIALTO_SERVER")]
    server: Option<Endpoint>,
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

/// How a command connects, all that was said considered.
pub(crate) struct Remote {
    /// No reconnecting yet.
    pub(crate) options: Options,
    /// Whether somebody said which client to be.
    is_client_given: bool,
}

impl Remote {
    /// Fails unless a client id was given, which `flag` needs.
    pub(crate) fn require_client(&self, flag: &str) -> Result<(), Failure> {
        if self.is_client_given {
            return Ok(());
        }
        let text = format!("{flag} needs a client id: give --client, or a context that has one");
        Err(Failure::new(Exit::Usage, text))
    }
}

impl RemoteArgs {
    /// Returns whether the command line says which client to be.
    pub(crate) fn names_client(&self) -> bool {
        self.client.is_some()
    }

    /// Returns the same, to connect to another address, or to another port of the same machine, or as
    /// another client.
    ///
    /// As with a flag, the current context has no part in it where an address is said.
    pub(crate) fn aimed_at(
        &self,
        address: Option<&str>,
        client: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut aimed = self.clone();
        if let Some(address) = address {
            aimed.server = Some(self.address(address)?);
        }
        if let Some(client) = client {
            aimed.client = Some(client.to_owned());
        }
        Ok(aimed)
    }

    fn address(&self, text: &str) -> Result<Endpoint, Failure> {
        let is_port = text.bytes().all(|byte| byte.is_ascii_digit());
        let current = self.server.clone().unwrap_or_else(default_server).to_string();
        let address = match current.rsplit_once(':') {
            Some((machine, _)) if is_port => format!("{machine}:{text}"),
            _ => text.to_owned(),
        };
        address.parse().map_err(|error: EndpointError| Failure::new(Exit::Usage, error.to_string()))
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

    /// Puts together what flags, environment and context say, for the command called `verb`.
    ///
    /// Connecting may take as long as `--connect-timeout` says, and no longer than `limit`.
    pub(crate) fn resolve(&self, verb: &str, limit: Option<Period>) -> Result<Remote, Failure> {
        let context = self.context.load(self.server.is_some())?;
        let client = self.client.as_ref().or(context.client.as_ref());
        let credentials = match client {
            Some(client) => self.credentials(client, &context)?,
            None if self.token.is_some() => {
                let text = "a token (--token, RIALTO_TOKEN) proves a client id: give --client too";
                return Err(Failure::new(Exit::Usage, text));
            }
            None => Credentials::named(&made_up_name(verb)),
        };
        let is_client_given = client.is_some();
        Ok(Remote { options: self.options(context, credentials, limit), is_client_given })
    }

    /// As [`resolve`](Self::resolve), for a command that opens no session and needs no credentials.
    pub(crate) fn resolve_nameless(&self, limit: Option<Period>) -> Result<Options, Failure> {
        let context = self.context.load(self.server.is_some())?;
        Ok(self.options(context, Credentials::named(""), limit))
    }

    fn options(
        &self,
        context: Context,
        credentials: Credentials,
        limit: Option<Period>,
    ) -> Options {
        let server = self.server.clone().or(context.server);
        let mut options = Options::new(server.unwrap_or_else(default_server), credentials);
        let connect_timeout = self.connect_timeout.get();
        options.connect_timeout = limit.map_or(connect_timeout, |it| it.get().min(connect_timeout));
        options.tls.authority = self.ca.clone().or(context.ca);
        let own = self.certificate.clone().zip(self.key.clone());
        options.tls.certificate = own.or_else(|| context.certificate.zip(context.key));
        options
    }

    fn credentials(&self, client: &str, context: &Context) -> Result<Credentials, Failure> {
        if let Some(token) = &self.token {
            return Ok(Credentials::token(client, token));
        }
        if let Ok(password) = std::env::var(PASSWORD) {
            return Ok(Credentials::password(client, &password));
        }
        if let Some(token) = context.token_of(client)? {
            return Ok(Credentials::token(client, &token));
        }
        Ok(match context.password_of(client)? {
            Some(password) => Credentials::password(client, &password),
            None => Credentials::named(client),
        })
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

/// Returns where a broker with the default settings is.
fn default_server() -> Endpoint {
    "jmqt://127.0.0.1:8010".parse().expect("the default is an address")
}

/// Makes up a client id that no two commands share.
fn made_up_name(verb: &str) -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    format!("rialto-{verb}-{}-{nanos:x}", process::id())
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
