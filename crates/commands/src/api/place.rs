//! Where the HTTP API of a broker is, and how it is opened.

use std::path::PathBuf;
use std::time::Duration;

use rialto_config::Period;
use rialto_http::{Client, Proxy, Settings, SetupError, Url};

use crate::context::ContextArgs;
use crate::exit::{Exit, Failure};

use super::Api;

/// Where the API of a broker with the default settings is.
const DEFAULT_API: &str = "http://127.0.0.1:8080";
/// A command asks a few times, one after the other.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

const NO_KEY: &str = "the HTTP API needs a key: set the environment variable RIALTO_API_KEY, or \
                      give --api-key, or a context that has one\n  \
                      a key is an entry of api.keys in the broker's settings";

/// Which broker to operate, and with which key.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "HTTP API")]
pub(crate) struct ApiArgs {
    /// Address of the broker's HTTP listener, http:// or https:// [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "RIALTO_API")]
    api: Option<Url>,
    /// A key of the broker's settings (api.keys) that allows what the command does. Better given in
    /// the environment than on the command line, which others can see
    #[arg(long, value_name = "KEY", env = "RIALTO_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// PEM file with the authority to trust with TLS, besides those the machine trusts
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    context: ContextArgs,
    /// How long one answer of the broker may take
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Period,
}

/// The same, whichever arguments say it.
#[derive(Debug)]
pub(crate) struct ApiPlace {
    pub(crate) api: Option<Url>,
    pub(crate) key: Option<String>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) context: ContextArgs,
    pub(crate) timeout: Duration,
}

impl ApiArgs {
    /// Makes ready to ask; nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Api, Failure> {
        self.place().open()
    }

    /// Makes ready to ask what is told to anybody; a key is sent where there is one.
    pub(crate) fn open_keyless(&self) -> Result<Api, Failure> {
        self.place().open_keyless()
    }

    fn place(&self) -> ApiPlace {
        ApiPlace {
            api: self.api.clone(),
            key: self.api_key.clone(),
            ca: self.ca.clone(),
            context: self.context.clone(),
            timeout: self.timeout.get(),
        }
    }
}

impl ApiPlace {
    /// Makes ready to ask; nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Api, Failure> {
        let api = self.open_keyless()?;
        if api.key.is_none() {
            return Err(Failure::new(Exit::Usage, NO_KEY));
        }
        Ok(api)
    }

    /// Makes ready to ask what is told to anybody; a key is sent where there is one.
    pub(crate) fn open_keyless(&self) -> Result<Api, Failure> {
        let context = self.context.load(self.api.is_some())?;
        let url = match (&self.api, &context.api) {
            (Some(url), _) => url.clone(),
            (None, Some(text)) => text.parse().map_err(|error| {
                let text = format!("the context's api {text:?} is not an address: {error}");
                Failure::new(Exit::Usage, text)
            })?,
            (None, None) => DEFAULT_API.parse().expect("the default is an address"),
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            let text =
                format!("{url} is not an address of HTTP: write http:// or https:// and a host");
            return Err(Failure::new(Exit::Usage, text));
        }
        let key = match self.key.clone().filter(|key| !key.is_empty()) {
            Some(key) => Some(key),
            None => context.api_key()?,
        };
        let client = client(&url, self.ca.as_ref().or(context.ca.as_ref()))?;
        Ok(Api { client, url, key, timeout: self.timeout })
    }
}

fn client(url: &Url, ca: Option<&PathBuf>) -> Result<Client, Failure> {
    let authority = ca.map(read).transpose()?;
    let settings = Settings {
        authority: authority.as_deref(),
        connect_timeout: None,
        idle_timeout: IDLE_TIMEOUT,
        proxy: Proxy::Environment,
        user_agent: None,
    };
    Client::new(url, &settings).map_err(|error| match (error, ca) {
        (SetupError::Authority, Some(path)) => {
            Failure::new(Exit::Usage, format!("{} has no certificate", path.display()))
        }
        (error, _) => Failure::new(Exit::Failed, format!("cannot make ready for HTTP: {error}")),
    })
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let what = format!("read {}", path.display());
    std::fs::read(path).map_err(|error| Failure::file(&what, &error))
}
