//! From what flags, environment and context say to how a command connects.

use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rialto_client::dialects::{self, Dialect};
use rialto_client::{Credentials, Endpoint, EndpointError, Options, TlsOptions};
use rialto_config::Period;

use crate::address::Address;
use crate::context::Context;
use crate::exit::{Exit, Failure};

use super::{PASSWORD, RemoteArgs};

/// How a command connects, in whichever dialect.
pub(crate) enum Aim {
    Jmqt(Box<Remote>),
    Other(Box<Other>),
}

/// How a command connects, all that was said considered.
pub(crate) struct Remote {
    /// No reconnecting yet.
    pub(crate) options: Options,
    /// Whether somebody said which client to be.
    is_client_given: bool,
}

/// How a command connects in another dialect.
pub(crate) struct Other {
    /// No reconnecting yet.
    pub(crate) options: dialects::Options,
    /// Whether the client's name is one that nobody comes back to.
    pub(crate) is_made_up: bool,
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
    /// Returns the same, to connect to another address, or to another port of the machine that is
    /// `current`, or as another client.
    ///
    /// As with a flag, the current context has no part in it where an address is said.
    pub(crate) fn aimed_at(
        &self,
        current: &Address,
        address: Option<&str>,
        client: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut aimed = self.clone();
        if let Some(text) = address {
            let current = current.to_string();
            let is_port = text.bytes().all(|byte| byte.is_ascii_digit());
            let address = match current.rsplit_once(':') {
                Some((machine, _)) if is_port => format!("{machine}:{text}"),
                _ => text.to_owned(),
            };
            let parsed = address.parse();
            let wrong = |error: EndpointError| Failure::new(Exit::Usage, error.to_string());
            aimed.server = Some(parsed.map_err(wrong)?);
        }
        if let Some(client) = client {
            aimed.client = Some(client.to_owned());
        }
        Ok(aimed)
    }

    /// Forgets who to be where the address has no use for it: connections of CoreMQ have names of their
    /// own, unless a token says whose they are.
    pub(crate) fn forget_useless_client(&mut self, address: &Address) {
        let is_coremq = match address {
            Address::Other(other) => other.dialect() == Dialect::Coremq,
            Address::Jmqt(_) => false,
        };
        if is_coremq && self.token.is_none() {
            self.client = None;
        }
    }

    /// Returns the address that is said, by a flag, the environment or the context.
    pub(crate) fn address(&self) -> Result<Option<Address>, Failure> {
        let context = self.context.load(self.server.is_some())?;
        Ok(self.server.clone().or(context.server))
    }

    /// Puts together what flags, environment and context say, for the command called `verb`, in whichever
    /// dialect the address has.
    ///
    /// Connecting may take as long as `--connect-timeout` says, and no longer than `limit`.
    pub(crate) fn aim(&self, verb: &str, limit: Option<Period>) -> Result<Aim, Failure> {
        match self.address()? {
            Some(Address::Other(address)) => {
                let other = self.other(address, verb, limit)?;
                Ok(Aim::Other(Box::new(other)))
            }
            _ => Ok(Aim::Jmqt(Box::new(self.resolve(verb, limit)?))),
        }
    }

    /// As [`aim`](Self::aim), for a command that speaks JMQT only.
    pub(crate) fn resolve(&self, verb: &str, limit: Option<Period>) -> Result<Remote, Failure> {
        let context = self.context.load(self.server.is_some())?;
        let client = self.client.as_ref().or(context.client.as_ref());
        let credentials = match client {
            Some(client) => self.credentials(client, &context)?,
            None if self.token.is_some() => return Err(token_alone()),
            None => Credentials::named(&made_up_name(verb)),
        };
        let is_client_given = client.is_some();
        Ok(Remote { options: self.options(context, credentials, limit)?, is_client_given })
    }

    /// As [`resolve`](Self::resolve), for a command that opens no session and needs no credentials.
    pub(crate) fn resolve_nameless(&self, limit: Option<Period>) -> Result<Options, Failure> {
        let context = self.context.load(self.server.is_some())?;
        self.options(context, Credentials::named(""), limit)
    }

    fn options(
        &self,
        context: Context,
        credentials: Credentials,
        limit: Option<Period>,
    ) -> Result<Options, Failure> {
        let server = match self.server.clone().or(context.server.clone()) {
            Some(Address::Jmqt(endpoint)) => endpoint,
            Some(Address::Other(address)) => {
                let text = format!(
                    "this command speaks JMQT, and {address} is the address of another dialect; \
                     pub, sub, request and shell speak those too"
                );
                return Err(Failure::new(Exit::Usage, text));
            }
            None => default_server(),
        };
        let mut options = Options::new(server, credentials);
        options.connect_timeout = self.connect_timeout(limit);
        options.tls = self.tls(context);
        Ok(options)
    }

    /// Puts together how to connect to an address of another dialect.
    pub(crate) fn other(
        &self,
        address: dialects::Address,
        verb: &str,
        limit: Option<Period>,
    ) -> Result<Other, Failure> {
        let context = self.context.load(self.server.is_some())?;
        let client = self.client.clone().or(context.client.clone());
        let token = match (&self.token, &client) {
            (Some(_), None) => return Err(token_alone()),
            (Some(token), _) => Some(token.clone()),
            (None, Some(client)) => context.token_of(client)?,
            (None, None) => None,
        };
        if address.dialect() == Dialect::Coremq && self.client.is_some() && token.is_none() {
            let text = "CoreMQ gives each connection an id of its own: --client is there for a token \
                        only (RIALTO_TOKEN, or a context that has one)";
            return Err(Failure::new(Exit::Usage, text));
        }
        let mut options = dialects::Options::new(address);
        let is_made_up = client.is_none();
        options.client = Some(client.unwrap_or_else(|| made_up_name(verb)));
        options.token = token;
        options.connect_timeout = self.connect_timeout(limit);
        options.tls = self.tls(context);
        Ok(Other { options, is_made_up })
    }

    fn connect_timeout(&self, limit: Option<Period>) -> Duration {
        let connect_timeout = self.connect_timeout.get();
        limit.map_or(connect_timeout, |limit| limit.get().min(connect_timeout))
    }

    fn tls(&self, context: Context) -> TlsOptions {
        let own = self.certificate.clone().zip(self.key.clone());
        TlsOptions {
            authority: self.ca.clone().or(context.ca),
            certificate: own.or_else(|| context.certificate.zip(context.key)),
        }
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
}

fn token_alone() -> Failure {
    let text = "a token (--token, RIALTO_TOKEN) proves a client id: give --client too";
    Failure::new(Exit::Usage, text)
}

/// Returns where a broker with the default settings is.
pub(crate) fn default_server() -> Endpoint {
    "jmqt://127.0.0.1:8010".parse().expect("the default is an address")
}

/// Makes up a client id that no two commands share.
fn made_up_name(verb: &str) -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    format!("rialto-{verb}-{}-{nanos:x}", process::id())
}
