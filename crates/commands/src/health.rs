//! `rialto health`: whether a broker works and can serve.

use crate::api::ApiArgs;
use crate::exit::{Exit, Failure};
use crate::output::print_lines;
use crate::remote::block_on;

const EXAMPLES: &str = "\
This command asks the http listener of a running broker, and needs no key, except for --verbose from
another machine. It is meant for health checks, such as those of containers.

A broker is ready if its store accepts writes and it is not about to stop. A broker that is
live but not ready is better left running than restarted.

Exit codes:
  0  the broker is ready (with --live: it is live)
  1  it is not; its answer is printed
  3  no broker answers there
  4  no answer within --timeout

Examples:
  rialto health
  rialto health --live --timeout 2s
  rialto health --verbose --api https://broker.example:8080";

/// Ask whether a broker is ready to serve.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Ask only whether its process works, whatever its store does
    #[arg(long)]
    live: bool,
    /// Print each check by its name
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    block_on(health(args))
}

async fn health(args: &Args) -> Result<(), Failure> {
    let probe = if args.live { "livez" } else { "readyz" };
    let (is_well, words) = args.api.open_keyless()?.health(probe, args.verbose).await?;
    print_lines(words.lines().map(str::to_owned))?;
    // What it says has been printed.
    if is_well { Ok(()) } else { Err(Failure::new(Exit::Failed, String::new())) }
}
