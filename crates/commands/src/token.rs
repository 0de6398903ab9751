//! `rialto token`: tokens for clients that have no password.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::exit::{Exit, Failure};
use crate::output::print;
use crate::serve::SettingsArgs;

const EXAMPLES: &str = "\
Example:
  rialto token new --client pump-7 --data-dir /var/lib/rialto > pump-7.token";

/// Make tokens for clients.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    New(NewArgs),
}

/// Sign a token for a client with the broker's key, and print it
///
/// The token authenticates its holder as that client until it expires (access.token_lifetime), also
/// if the client id is the name of a user. The signing key is token.key in the data directory; the
/// broker need not run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewArgs {
    /// Client id the token is for
    #[arg(long, value_name = "ID")]
    client: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(Command::New(args): &Command) -> Result<(), Failure> {
    let settings = args.settings.settings()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    let token = rialto_server::sign_token(&settings, &args.client, now)
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    print(&format!("{token}\n"))
}
