//! `rialto client`: what is done about clients of a running broker.

use crate::api::ApiArgs;
use crate::exit::Failure;
use crate::remote::block_on;

const EXAMPLES: &str = "\
Example:
  RIALTO_API_KEY=... rialto client forget pump-7";

/// Manage clients of a running broker.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Forget(ForgetArgs),
}

/// Forget a client: end its session, its subscriptions, and what is stored for it
///
/// Direct messages that wait for it are gone too. Its tokens stay valid, so that it may come back as
/// a new client. The key must allow "manage".
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct ForgetArgs {
    /// Client id
    #[arg(value_name = "ID")]
    client: String,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Command::Forget(args) = &args.command;
    let api = args.api.open()?;
    block_on(api.delete(&["v1", "clients", &args.client]))
}
