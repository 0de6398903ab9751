//! `rialto context`: keeps what commands need to know of brokers.

use std::path::PathBuf;

use serde_json::json;

use crate::address::Address;
use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_json_lines, print_lines, talk};

use super::Context;
use super::file::{ContextFile, Contexts};
use super::secret::{SecretFlag, SecretSource};

const EXAMPLES: &str = "\
A context keeps under a name what a command needs to know about a broker: address, client id, token
or password, certificates, and the HTTP API with its key. A command uses the context that --context
or the environment variable RIALTO_CONTEXT names, and otherwise the current one. Flags and
environment variables take precedence over the context. If one of them names the broker (--server,
RIALTO_SERVER, --api, RIALTO_API), the current context is not used at all.

A broker has one session for each client id: commands that run at the same time with a context that
names a client end each other's sessions.

The contexts are in rialto/contexts.toml below $XDG_CONFIG_HOME, or ~/.config without it, readable
by their owner only.

Examples:
  rialto context add factory --server jmqts://broker.example --ca ca.pem --use
  rialto context add plant --client ada --password-from ask --use
  rialto context add ci --client ci --token-from env:CI_TOKEN
  rialto context add ops --api https://broker.example:8443 --api-key-from file:ops.key
  rialto context list
  rialto sub --context factory weather
  rialto context use --none";

/// Keep addresses and credentials of brokers under names.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Add(Box<AddArgs>),
    Use(UseArgs),
    List(ListArgs),
    Show(ShowArgs),
    Remove(RemoveArgs),
}

/// Add a context
///
/// A secret is never given as an argument, which others can see: SOURCE is `ask` to be asked for it
/// on the terminal (or, without one, a line on standard input), and then the context holds it;
/// `file:PATH` for a file whose first line it is; or `env:NAME` for an environment variable. The
/// latter two are looked up each time that the context is used.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Name of the context: letters, digits, dots, hyphens and underscores
    #[arg(value_parser = parse_name)]
    name: String,
    /// Address of the broker, such as jmqts://broker.example
    #[arg(long, value_name = "URL")]
    server: Option<Address>,
    /// Client id to connect as
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Token that proves the client id
    #[arg(long, value_name = "SOURCE", value_parser = SecretFlag::parse)]
    #[arg(requires = "client", conflicts_with = "password_from")]
    token_from: Option<SecretFlag>,
    /// Password, where the client id is a user's
    #[arg(long, value_name = "SOURCE", value_parser = SecretFlag::parse, requires = "client")]
    password_from: Option<SecretFlag>,
    /// PEM file with the authority to trust with TLS
    #[arg(long, value_name = "FILE", value_parser = parse_path)]
    ca: Option<PathBuf>,
    /// PEM file with a certificate to show to a broker that asks for one
    #[arg(long, value_name = "FILE", value_parser = parse_path, requires = "key")]
    certificate: Option<PathBuf>,
    /// PEM file with the key of the certificate
    #[arg(long, value_name = "FILE", value_parser = parse_path, requires = "certificate")]
    key: Option<PathBuf>,
    /// Address of the broker's HTTP listener, such as `https://broker.example:8443`
    #[arg(long, value_name = "URL", value_parser = parse_api)]
    api: Option<String>,
    /// Key of the HTTP API
    #[arg(long, value_name = "SOURCE", value_parser = SecretFlag::parse)]
    api_key_from: Option<SecretFlag>,
    /// Make it the current one
    #[arg(long = "use")]
    makes_current: bool,
    /// Put it in the place of one of the same name
    #[arg(long)]
    replace: bool,
}

/// Make a context the current one
#[derive(Debug, clap::Args)]
pub(crate) struct UseArgs {
    /// Name of the context
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    name: Option<String>,
    /// Have no current context
    #[arg(long)]
    none: bool,
}

/// List the contexts; a star marks the current one
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    format: FormatArgs,
}

/// Print a context, with secrets masked
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Name of the context; without it, the one of RIALTO_CONTEXT or the current one
    #[arg(env = "RIALTO_CONTEXT")]
    name: Option<String>,
}

/// Remove a context, with the secrets that it holds
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Name of the context
    name: String,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Add(args) => add(args),
        Command::Use(args) => make_current(args.name.as_deref()),
        Command::List(args) => list(args),
        Command::Show(args) => show(args.name.as_deref().filter(|name| !name.is_empty())),
        Command::Remove(args) => remove(&args.name),
    }
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let file = ContextFile::require()?;
    let name = &args.name;
    let check = |contexts: &Contexts| {
        if contexts.contexts.contains_key(name) && !args.replace {
            let text =
                format!("there is a context {name:?} already; --replace puts this in its place");
            return Err(Failure::new(Exit::Usage, text));
        }
        Ok(())
    };
    // Before anybody is asked for a secret, too.
    check(&file.read()?)?;
    let context = args.context()?;
    file.change(|contexts| {
        check(contexts)?;
        contexts.contexts.insert(name.clone(), context);
        if args.makes_current {
            contexts.current = Some(name.clone());
        }
        Ok(())
    })?;
    talk(&format!("the context {name} was written to {}", file.path().display()));
    Ok(())
}

impl AddArgs {
    fn context(&self) -> Result<Context, Failure> {
        let secret = |flag: &Option<SecretFlag>, what| {
            flag.as_ref().map(|flag| flag.resolve(what)).transpose()
        };
        Ok(Context {
            server: self.server.clone(),
            client: self.client.clone(),
            token: secret(&self.token_from, "token")?,
            password: secret(&self.password_from, "password")?,
            ca: self.ca.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            api: self.api.clone(),
            api_key: secret(&self.api_key_from, "API key")?,
        })
    }
}

fn make_current(name: Option<&str>) -> Result<(), Failure> {
    ContextFile::require()?.change(|contexts| {
        if let Some(name) = name {
            contexts.get(name)?;
        }
        contexts.current = name.map(str::to_owned);
        Ok(())
    })?;
    match name {
        Some(name) => talk(&format!("the context {name} is the current one")),
        None => talk("there is no current context any more"),
    }
    Ok(())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let Contexts { current, contexts } = ContextFile::require()?.read()?;
    if contexts.is_empty() {
        talk("there are no contexts; `rialto context add` adds one");
    }
    let entries = contexts.iter().map(|(name, context)| {
        let server = context.server.as_ref().map(ToString::to_string);
        (name, current.as_ref() == Some(name), server, context)
    });
    if args.format.is_json() {
        return print_json_lines(entries.map(|(name, is_current, server, context)| {
            let Context { client, api, .. } = context;
            json!({ "name": name, "current": is_current, "server": server, "client": client,
                    "api": api })
            .to_string()
        }));
    }
    let width = contexts.keys().map(String::len).max().unwrap_or_default();
    print_lines(entries.map(|(name, is_current, server, context)| {
        let mark = if is_current { '*' } else { ' ' };
        let said = [server, context.client.clone(), context.api.clone()];
        let said: Vec<String> = said.into_iter().flatten().collect();
        format!("{mark} {name:width$}  {}", said.join("  ")).trim_end().to_owned()
    }))
}

fn show(name: Option<&str>) -> Result<(), Failure> {
    let contexts = ContextFile::require()?.read()?;
    let Some(name) = name.or(contexts.current.as_deref()) else {
        let text = "there is no current context; name one, or see `rialto context list`";
        return Err(Failure::new(Exit::Usage, text));
    };
    let mut shown = contexts.get(name)?.clone();
    let secrets = [&mut shown.token, &mut shown.password, &mut shown.api_key];
    for secret in secrets.into_iter().flatten().filter(|secret| secret.is_here()) {
        *secret = SecretSource::Here("********".to_owned());
    }
    let shown = Contexts { current: None, contexts: [(name.to_owned(), shown)].into() };
    let text = toml::to_string(&shown).expect("contexts can be written as TOML");
    print_lines(text.lines().map(str::to_owned))
}

fn remove(name: &str) -> Result<(), Failure> {
    ContextFile::require()?.change(|contexts| {
        if contexts.contexts.remove(name).is_none() {
            return Err(contexts.unknown(name));
        }
        if contexts.current.as_deref() == Some(name) {
            contexts.current = None;
        }
        Ok(())
    })?;
    talk(&format!("the context {name} was removed"));
    Ok(())
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !text.is_empty() && text.chars().all(is_fit) {
        return Ok(text.to_owned());
    }
    Err("a name has letters, digits, dots, hyphens and underscores only".to_owned())
}

/// The context is used from other directories too.
fn parse_path(text: &str) -> Result<PathBuf, String> {
    std::path::absolute(text).map_err(|error| error.to_string())
}

fn parse_api(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err("write http://HOST:PORT or https://HOST:PORT".to_owned()),
    }
}
